"""Fund batches (基金费用, 基金拨付): from the fee lines to the bank's answer and back.

How it is built, and why:

* **A batch is declared first and filled after.** A batch may have ten thousand lines, a transaction
  must stay small. The header fixes number, count, total and the root over all lines; lines come in
  operations of up to 1,000, in order, and the batch is submitted at the moment when count, total
  and root all hold. Nobody can add, drop or change a line afterwards, and an operation that is sent
  twice is refused by its line numbers.
* **Payees are not in clear.** A part's names and account numbers are in its sealed payload, under
  the commitment of its form. Beside it every line shows a salted commitment to its account number.
  Whoever may open the line (the bank) recomputes it from the account it really paid; so the chain
  compares accounts without seeing one.
* **A line is an object of its own**, with its own trace: it is what is paid, fails, bounces or is
  paid again. The batch's leaf holds sums only, so one answer of the bank writes one line.
* **Who pays a settlement is a claim** (`fund_claim/…`): settlement → line. A claim binds as long as
  its line is alive (`claims.is_live`), so failing, withdrawing and reversing free ten thousand
  settlements without touching one. It is a leaf of its own, not a field of the settlement, because
  the settlement's record must still read the states of earlier versions. The ids that a line pays
  are fixed by a hash chain in the line's leaf and may come in several operations: the monthly line
  of a large hospital pays more settlements than one operation carries.
* **What the bank says is believed about the money and compared about all the rest**: an amount, an
  account, a line or a sum that differs is a recorded difference and refuses nothing; a line without
  an answer keeps its batch at the bank. A payment that comes back later (退票) is a return too.
* **Failed lines are paid again by a compensating batch** (补偿), which goes the whole way itself,
  audit included. A paid batch is reversed as a whole, by a refund that mirrors what was paid.
* **Reversing a settlement** is refused while its line is paid and, one step more than the rule
  asks, while it is at the bank: the money could not be stopped any more. Before that it is allowed,
  becomes an error finding of the line, and the rule of findings decides whether the batch may go.
* **Four eyes at each step**: whoever submits a batch does not audit it, and the bank that answers
  does not reconcile. Who sends a batch to the bank states how many findings they were shown, so a
  warning such as a repeated slip number (进账单号) is asked about again at the time of payment.
* **Summaries** (汇总) by period, direction and insurance type are leaves, kept up with every step,
  so that a sum can be proved like anything else.
"""
