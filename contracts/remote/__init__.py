"""Documents of other provinces (异地电子票据, 异地电子结算凭证), fetched and kept to be proved.

They come from the national chain or the e-voucher centre, not over a channel of the chain that
issued them: they can't be locked or entered here, but used once for a remote reimbursement.
"""
