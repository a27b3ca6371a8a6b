"""Prepare -> sign -> submit: a document becomes bodies that the caller checks and signs.

Here the document is read, its person is found, the form is committed to and the payload is sealed.
Whatever the vault has to know afterwards is durable before a body is handed out, so preparing the
same document again leads to the same account. A body says nothing about the chain's answer: what is
already there is refused by the contract, with its own code.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from contracts.account import account_key
from contracts.bill.record import BillRecord, bill_key
from contracts.framework import Identity
from contracts.settlement import settlement_key
from crypto import Suite
from documents import (
    EBILL,
    InstitutionTable,
    PayloadPlain,
    StandardForm,
    build_voucher,
    compare,
    make_payload,
    parse_settlement,
    settlement_findings,
)
from documents import Finding as Difference
from documents.payload import SECRET_BYTES
from faults import Rejected
from ledger.commitment import Committed, commit_form
from node.codes import REQUEST_INVALID, REQUEST_TOO_LARGE
from node.custodian.accounts import Accounts, facts_of, identity_of, waiting_of
from node.custodian.attribution import Attribution
from node.custodian.bodies import Bodies
from node.custodian.callers import Callers, is_custodian
from node.custodian.chain_reader import ChainReader
from node.custodian.codes import CALLER_NOT_ALLOWED, KIND_UNKNOWN, NO_PERSONS
from node.custodian.payloads import Payloads
from node.custodian.people import Identity as PersonIdentity
from node.custodian.people import Person
from node.custodian.reading import bill_differences, read_archive, read_bill, to_messages
from proto.contracts_pb2 import (
    AttachRequest,
    BillKey,
    IssueBlueRequest,
    IssueRedRequest,
    ReportVoucherRequest,
    ReverseSettlementRequest,
    UploadSettlementRequest,
    VerifyRequest,
)
from proto.services_pb2 import PrepareReply, PrepareRequest
from proto.transaction_pb2 import SealedPayload

DOCUMENT_BYTES_MAX = 4 * 1024 * 1024
OPTIONS_MAX = 16
UNSEEN_PAIRS = ("color", "institution_name", "selfpay", "person")
"""Pairs of the comparison that need a private field, or that no contract compares."""

NO_PERSON = Attribution("none", None, "NO_PERSON")
NOT_CUSTODIAN = Attribution("none", None, "NOT_CUSTODIAN")


@dataclass(frozen=True, slots=True)
class Desk:
    """What preparing works with. `accounts` is None when the organisation keeps no persons."""

    suite: Suite
    chain: ChainReader
    payloads: Payloads
    bodies: Bodies
    callers: Callers
    accounts: Accounts | None
    institutions: InstitutionTable

    def persons(self) -> Accounts:
        """The accounts; Rejected(CUSTODIAN_NO_PERSONS) when the organisation keeps none."""
        if self.accounts is None:
            raise Rejected(NO_PERSONS)
        return self.accounts


@dataclass(frozen=True, slots=True)
class Job:
    """One request whose caller was checked."""

    request: PrepareRequest
    identity: Identity

    @property
    def signer(self) -> bytes:
        """The key that will sign the bodies."""
        return self.request.signer

    def option(self, name: str) -> str:
        """A required option; Rejected(REQUEST_INVALID) names it."""
        value = self.request.options.get(name, "")
        if not value:
            raise Rejected(REQUEST_INVALID, field=f"options.{name}", reason="required")
        return value

    def bill(self) -> tuple[str, str]:
        """Bill code and number from the options `code` and `number`."""
        for name, length in (("code", 8), ("number", 10)):
            value = self.option(name)
            if len(value) != length or not (value.isascii() and value.isdigit()):
                raise Rejected(
                    REQUEST_INVALID, field=f"options.{name}", reason=f"{length} digits expected"
                )
        return self.option("code"), self.option("number")


class Preparer:
    """Answers PrepareRequest. Calls come one at a time: the service holds its lock."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._kinds: dict[str, tuple[str, str, Callable[[Job], PrepareReply]]] = {
            "account.archive": ("account", "open", self._archive),
            "attach": ("account", "attach", self._attach),
            "bill.blue": ("bill", "issue_blue", self._blue),
            "bill.red": ("bill", "issue_red", self._red),
            "settlement": ("settlement", "upload", self._settlement),
            "settlement.reversal": ("settlement", "reverse", self._reversal),
            "voucher": ("voucher", "report", self._voucher),
            "verify": ("bill", "verify", self._verify),
        }

    def prepare(self, request: PrepareRequest) -> PrepareReply:
        """The bodies to sign, in order; none when there is nothing to do.

        Raises Rejected: what is wrong with the request, the caller or the document.
        """
        if request.kind not in self._kinds:
            raise Rejected(KIND_UNKNOWN, kinds=", ".join(self._kinds))
        if len(request.document) > DOCUMENT_BYTES_MAX:
            raise Rejected(REQUEST_TOO_LARGE, field="document", limit=DOCUMENT_BYTES_MAX)
        size = sum(len(name) + len(value) for name, value in request.options.items())
        if len(request.options) > OPTIONS_MAX or size > DOCUMENT_BYTES_MAX:
            raise Rejected(REQUEST_TOO_LARGE, field="options", limit=DOCUMENT_BYTES_MAX)
        contract, method, handle = self._kinds[request.kind]
        identity = self._desk.callers.may_call(request.signer, contract, method)
        return handle(Job(request, identity))

    # ---- accounts

    def _archive(self, job: Job) -> PrepareReply:
        """Open the account of an archive's person, and give it the bills that waited for it."""
        accounts = self._desk.persons()
        content = job.request.options.get("content", "")
        identity, findings = read_archive(job.request.document, content)
        person = self._person(job, accounts, identity)
        bodies = self._open_account(job, accounts, person)
        bodies += self._attach_waiting(job, accounts, person, settlement_id=None, bill=None)
        return _reply(account_key(person.account_id), _verified(person), bodies, findings)

    def _attach(self, job: Job) -> PrepareReply:
        """Attribute a waiting bill again, or as a clerk decided (option `account_id`)."""
        accounts = self._desk.persons()
        key = job.option("object")
        found = self._desk.payloads.find(key)
        if found.record.account_id:
            accounts.people.unqueue(key)
            attribution = Attribution("none", found.record.account_id, "SAME_OWNER")
            return _reply(key, attribution, [])
        plain = self._desk.payloads.open(found)
        decided = job.request.options.get("account_id", "")
        if decided:
            attribution = Attribution("person", decided, "PERSON")
        elif plain.schema == EBILL:
            attribution = accounts.attribute(facts_of(plain.form))
        else:
            raise Rejected(REQUEST_INVALID, field="options.account_id", reason="required")
        if attribution.account_id is None:
            return _reply(key, attribution, [])
        person = accounts.person(attribution.account_id)
        if person is None:
            raise Rejected(REQUEST_INVALID, field="options.account_id", reason="not open")
        body = self._attach_body(job, key, plain, found.record.pcommit, person, attribution.kind)
        return _reply(key, attribution, [body])

    def _person(self, job: Job, accounts: Accounts, identity: PersonIdentity) -> Person:
        """The one person of an identity, made now if the caller may open accounts."""
        known = accounts.people.find(identity)
        may_open = is_custodian(job.identity)
        if not may_open and (known is None or not accounts.is_open(known)):
            raise Rejected(CALLER_NOT_ALLOWED, needs="custodian", to="open an account")
        return accounts.people.find_or_create(identity)

    def _open_account(self, job: Job, accounts: Accounts, person: Person) -> list[bytes]:
        if accounts.is_open(person):
            return []
        request = accounts.open_request(person)
        return [self._desk.bodies.make("account", "open", request, job.signer)]

    def _attach_waiting(
        self,
        job: Job,
        accounts: Accounts,
        person: Person,
        *,
        settlement_id: str | None,
        bill: tuple[str, str] | None,
    ) -> list[bytes]:
        """Bodies that attach the queued bills which now lead to this person."""
        if not is_custodian(job.identity):
            return []
        people, account = accounts.people, person.account_id
        linked = people.waiting_for(settlement_id=settlement_id) if settlement_id else []
        if bill is not None and people.waiting(bill_key(*bill)) is not None:
            linked = sorted({*linked, bill_key(*bill)})
        borne = people.waiting_for(
            certificate=person.certificate, insured_number=person.insured_number
        )
        linking = (settlement_id, account) if settlement_id else None
        bodies = []
        for key in [*linked, *(one for one in borne if one not in linked)]:
            opening = None if key in linked else account
            body = self._attach_if_theirs(job, accounts, person, key, linking, opening)
            bodies += [body] if body is not None else []
        return bodies

    def _attach_if_theirs(
        self,
        job: Job,
        accounts: Accounts,
        person: Person,
        key: str,
        linking: tuple[str, str] | None,
        opening: str | None,
    ) -> bytes | None:
        """The body that attaches one queued bill, None when it isn't this person's or not there."""
        record = self._desk.payloads.owned(key)
        if record is None:
            return None
        if record.account_id:
            accounts.people.unqueue(key)
            return None
        plain = self._desk.payloads.open(self._desk.payloads.find(key))
        found = accounts.attribute(facts_of(plain.form), linking=linking, opening=opening)
        if found.account_id != person.account_id:
            return None
        return self._attach_body(job, key, plain, record.pcommit, person, found.kind)

    def _attach_body(
        self, job: Job, key: str, plain: PayloadPlain, pcommit: bytes, person: Person, basis: str
    ) -> bytes:
        request = AttachRequest(
            account_id=person.account_id,
            object=key,
            basis=basis,
            payload=self._desk.payloads.seal(plain, pcommit, person),
        )
        return self._desk.bodies.make("account", "attach", request, job.signer)

    # ---- bills

    def _blue(self, job: Job) -> PrepareReply:
        ebill = read_bill(job.request.document, red=False)
        findings = bill_differences(ebill, self._desk.institutions)
        key = bill_key(ebill.code, ebill.number)
        attribution = attribute_bill(self._desk.accounts, key, ebill.form)
        person = self._owner(attribution.account_id)
        committed, payload = self._seal(ebill.form, ebill.document, person)
        request = IssueBlueRequest(
            form=committed.to_form(),
            payload=payload,
            account_id=attribution.account_id or "",
            findings=to_messages(findings),
        )
        body = self._desk.bodies.make("bill", "issue_blue", request, job.signer)
        return _reply(key, attribution, [body], findings)

    def _red(self, job: Job) -> PrepareReply:
        ebill = read_bill(job.request.document, red=True)
        findings = bill_differences(ebill, self._desk.institutions)
        attribution, person = owner_of_red(self._desk, ebill.form)
        committed, payload = self._seal(ebill.form, ebill.document, person)
        request = IssueRedRequest(
            form=committed.to_form(), payload=payload, findings=to_messages(findings)
        )
        body = self._desk.bodies.make("bill", "issue_red", request, job.signer)
        return _reply(bill_key(ebill.code, ebill.number), attribution, [body], findings)

    def _verify(self, job: Job) -> PrepareReply:
        """票实核对 on the opened bill and settlement: what the private fields show as well."""
        code, number = job.bill()
        settlement_id = job.option("settlement_id")
        bill, settlement = self._open_pair(code, number, settlement_id)
        compared = compare(bill.form, settlement.form, self._desk.institutions)
        # The contract compares the public fields by itself: what it can't see goes along.
        unseen = [one.finding for one in compared.pairs if one.finding and one.name in UNSEEN_PAIRS]
        request = VerifyRequest(
            bill=BillKey(code=code, number=number),
            settlement_id=settlement_id,
            findings=to_messages(unseen),
        )
        body = self._desk.bodies.make("bill", "verify", request, job.signer)
        return _reply(bill_key(code, number), NO_PERSON, [body], compared.findings)

    # ---- settlements

    def _settlement(self, job: Job) -> PrepareReply:
        """Open or find the person's account, upload, and attach the bills that waited for it."""
        accounts = self._desk.persons()
        settlement = parse_settlement(job.request.document, self._desk.institutions)
        if settlement.is_reversal:
            raise Rejected(REQUEST_INVALID, field="kind", reason="the document is a reversal")
        form, settlement_id = settlement.form, settlement.settlement_id
        person = self._person(job, accounts, identity_of(form))
        bodies = self._open_account(job, accounts, person)
        bill = (form.public["bill.code"], form.public["bill.number"])
        named = bill if all(bill) else None
        accounts.people.link_settlement(settlement_id, person.account_id, named)
        findings = settlement_findings(form)
        committed, payload = self._seal(form, settlement.document, person)
        request = UploadSettlementRequest(
            form=committed.to_form(),
            payload=payload,
            account_id=person.account_id,
            findings=to_messages(findings),
        )
        bodies.append(self._desk.bodies.make("settlement", "upload", request, job.signer))
        bodies += self._attach_waiting(
            job, accounts, person, settlement_id=settlement_id, bill=named
        )
        return _reply(settlement_key(settlement_id), _verified(person), bodies, findings)

    def _reversal(self, job: Job) -> PrepareReply:
        settlement = parse_settlement(job.request.document, self._desk.institutions)
        if not settlement.is_reversal:
            raise Rejected(REQUEST_INVALID, field="kind", reason="the document is no reversal")
        form = settlement.form
        original = self._desk.payloads.owned(settlement_key(form.public["original.settlement_id"]))
        person = self._owner(original.account_id if original is not None else None)
        findings = settlement_findings(form)
        committed, payload = self._seal(form, settlement.document, person)
        request = ReverseSettlementRequest(
            form=committed.to_form(), payload=payload, findings=to_messages(findings)
        )
        body = self._desk.bodies.make("settlement", "reverse", request, job.signer)
        attribution = _follows(person)
        return _reply(settlement_key(settlement.settlement_id), attribution, [body], findings)

    def _voucher(self, job: Job) -> PrepareReply:
        code, number = job.bill()
        settlement_id = job.option("settlement_id")
        bill, settlement = self._open_pair(code, number, settlement_id)
        voucher = build_voucher(settlement.form, bill.form)
        record = self._desk.payloads.owned(settlement_key(settlement_id))
        person = self._owner(record.account_id if record is not None else None)
        committed, payload = self._seal(voucher.form, voucher.document, person)
        request = ReportVoucherRequest(
            settlement_id=settlement_id,
            bill=BillKey(code=code, number=number),
            form=committed.to_form(),
            payload=payload,
        )
        body = self._desk.bodies.make("voucher", "report", request, job.signer)
        return _reply(f"voucher/{settlement_id}", _follows(person), [body])

    # ---- shared

    def _open_pair(
        self, code: str, number: str, settlement_id: str
    ) -> tuple[PayloadPlain, PayloadPlain]:
        payloads = self._desk.payloads
        bill = payloads.open(payloads.find(bill_key(code, number)))
        settlement = payloads.open(payloads.find(settlement_key(settlement_id)))
        return bill, settlement

    def _owner(self, account_id: str | None) -> Person | None:
        if self._desk.accounts is None or not account_id:
            return None
        return self._desk.accounts.person(account_id)

    def _seal(
        self, form: StandardForm, document: bytes, person: Person | None
    ) -> tuple[Committed, SealedPayload]:
        """Commit under a fresh secret and seal to the person, else to the organisation."""
        plain = make_payload(form, secrets.token_bytes(SECRET_BYTES), document)
        committed = commit_form(plain.schema, plain.public, plain.private, plain.secret)
        return committed, self._desk.payloads.seal(plain, committed.pcommit, person)


def attribute_bill(accounts: Accounts | None, key: str, bill: StandardForm) -> Attribution:
    """Whose blue bill it is; one that nobody can be found for is put into the unbound queue."""
    if accounts is None:
        return NOT_CUSTODIAN
    facts = facts_of(bill)
    attribution = accounts.attribute(facts)
    if attribution.account_id is None:
        accounts.people.queue(waiting_of(key, facts, attribution.reason))
    return attribution


def owner_of_red(desk: Desk, red: StandardForm) -> tuple[Attribution, Person | None]:
    """A red bill belongs to whom its blue bill belongs to."""
    if desk.accounts is None:
        return NOT_CUSTODIAN, None
    blue = desk.payloads.owned(bill_key(red.public["blue.code"], red.public["blue.number"]))
    owner = blue.account_id if isinstance(blue, BillRecord) else ""
    person = desk.accounts.person(owner)
    return _follows(person), person


def _reply(
    key: str,
    attribution: Attribution,
    bodies: Sequence[bytes],
    findings: Sequence[Difference] = (),
) -> PrepareReply:
    return PrepareReply(
        bodies=bodies,
        object=key,
        account_id=attribution.account_id or "",
        attribution=attribution.kind,
        attribution_reason=attribution.sentence,
        findings=to_messages(findings),
    )


def _verified(person: Person) -> Attribution:
    kind = "certificate" if person.certificate else "insured_number"
    return Attribution(kind, person.account_id, "VERIFIED")


def _follows(person: Person | None) -> Attribution:
    if person is None:
        return NO_PERSON
    return Attribution("settlement", person.account_id, "SAME_OWNER")
