"""One visit in Hunan of a person insured in Haikou: its bill, its voucher, the claim for it."""

from dataclasses import dataclass

from tests.documents.support import edit, sample
from tests.node.custodian.papers import TWO
from tests.scenarios.papers import fresh_id, fresh_number
from tests.scenarios.papers_insured import with_account
from tests.scenarios.parties import Parties

CODE, REGION = "43060124", "430100"
TOTAL_FEN, CLAIMED_FEN = 126_000, 17_820
ISSUER = "12430100MB1X99993P"
DIALECT = "national_einvoice"
CHANNEL = "province-national"


@dataclass(frozen=True)
class Visit:
    """The samples' visit under numbers of its own, and whose it is."""

    person: dict[str, str]
    account_id: str
    number: str
    settlement_id: str
    application_id: str

    @property
    def bill(self) -> bytes:
        """The bill as Hunan issued it (XML)."""
        return self._renamed("remote_bill_07_hunan.xml")

    @property
    def voucher(self) -> bytes:
        """Its e-settlement voucher (4901)."""
        return self._renamed("voucher_4901_bill07.json")

    @property
    def application(self) -> bytes:
        """The application for its reimbursement (reimbursement/1)."""
        return self._renamed("application_bill07.json")

    @property
    def bill_key(self) -> str:
        """State key of the stored bill."""
        return f"remote_bill/{CODE}-{self.number}"

    @property
    def voucher_key(self) -> str:
        """State key of the stored voucher."""
        return f"remote_voucher/{REGION}-{self.settlement_id}"

    @property
    def key(self) -> str:
        """State key of the application."""
        return f"reimbursement/{self.application_id}"

    def _renamed(self, name: str) -> bytes:
        raw = sample(name)
        for old, new in (
            ("0000000777", self.number),
            ("430000900001", self.settlement_id),
            ("BX460100202408200001", self.application_id),
            (TWO["psn_no"], self.person["psn_no"]),
            (TWO["psn_name"], self.person["psn_name"]),
            (TWO["certno"], self.person["certno"]),
            ("469900********9985", f"469900********{self.person['certno'][-4:]}"),
        ):
            if old.encode() in raw:
                raw = edit(raw, old, new, count=raw.count(old.encode()))
        return raw


def fresh_visit(parties: Parties) -> Visit:
    """A visit of a person whose account is open here."""
    person, account_id = with_account(parties)
    return Visit(person, account_id, fresh_number(), fresh_id("4300"), fresh_id("BX460100"))


def fetched(parties: Parties, visit: Visit) -> None:
    """Store bill and voucher of the visit as the national chain gave them."""
    vouchers, reference = parties["bureau desk"].vouchers, f"FETCH-{visit.number}"
    vouchers.store_bill(visit.bill, dialect=DIALECT, source="national", source_reference=reference)
    vouchers.store_voucher(
        visit.voucher, region=REGION, source="national", source_reference=reference
    )


def synchronised(parties: Parties, visit: Visit) -> None:
    """Take an application in with its bill and voucher, ready to be decided on."""
    desk = parties["bureau desk"].reimbursements
    desk.receive(visit.application)
    fetched(parties, visit)
    desk.sync_voucher(visit.application_id, voucher=visit.voucher_key)
    desk.sync_bill(visit.application_id, bill=visit.bill_key)
