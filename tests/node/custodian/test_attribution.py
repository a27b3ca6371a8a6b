"""The order of attribution, as a table."""

from dataclasses import dataclass, field, replace

import pytest

from node.custodian.attribution import REASONS, Facts, attribute

FULL = "469900198403129992"
MASKED = "469900********9992"
HALF = "**************9992"
WRONG_CHECK = "469900198403129993"
FACTS = Facts("46060124", "0000000101", "", "测试甲", "", "")


@dataclass
class Known:
    certificates: dict[str, str] = field(default_factory=dict)
    settlements: dict[str, str] = field(default_factory=dict)
    bills: dict[tuple[str, str], str] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    people: dict[str, tuple[str, str]] = field(default_factory=dict)

    def by_certificate(self, certificate: str) -> str | None:
        return self.certificates.get(certificate)

    def by_settlement(self, settlement_id: str, code: str, number: str) -> str | None:
        return self.settlements.get(settlement_id) or self.bills.get((code, number))

    def by_insured_number(self, insured_number: str) -> str | None:
        return self.numbers.get(insured_number)

    def identifiers(self, account_id: str) -> tuple[str, str]:
        return self.people.get(account_id, ("", ""))


BILL = ("46060124", "0000000101")

TABLE = [
    # payer code, settlement id, insured number, known, kind, account, reason
    (FULL, "", "", Known({FULL: "a"}), "certificate", "a", "CERTIFICATE"),
    (FULL, "s", "p", Known({FULL: "a"}, {"s": "a"}), "certificate", "a", "CERTIFICATE"),
    (FULL, "s", "", Known(settlements={"s": "a"}), "settlement", "a", "SETTLEMENT"),
    (MASKED, "s", "", Known(settlements={"s": "a"}), "settlement", "a", "SETTLEMENT"),
    (HALF, "", "", Known(bills={BILL: "a"}), "settlement", "a", "SETTLEMENT"),
    (MASKED, "s", "p", Known(numbers={"p": "a"}), "insured_number", "a", "INSURED_NUMBER"),
    (MASKED, "", "", Known({FULL: "a"}), "unbound", None, "MASKED"),
    (HALF, "", "", Known({FULL: "a"}), "unbound", None, "MASKED"),
    # A masked code is not even looked up, whatever stands in the table under it.
    (MASKED, "", "", Known({MASKED: "a"}), "unbound", None, "MASKED"),
    (WRONG_CHECK, "", "", Known({WRONG_CHECK: "a"}), "unbound", None, "NO_IDENTIFIER"),
    (FULL, "", "", Known(), "unbound", None, "NO_ACCOUNT"),
    (MASKED, "s", "p", Known(), "unbound", None, "NO_ACCOUNT"),
    ("", "", "", Known(), "unbound", None, "NO_IDENTIFIER"),
    (FULL, "s", "", Known({FULL: "a"}, {"s": "b"}), "unbound", None, "CONFLICT"),
    (MASKED, "s", "p", Known({}, {"s": "b"}, {}, {"p": "a"}), "unbound", None, "CONFLICT"),
    # An empty number never matches a row that stands under the empty number.
    (MASKED, "", "", Known(numbers={"": "a"}), "unbound", None, "MASKED"),
]


@pytest.mark.parametrize(
    ("payer", "settlement", "insured", "known", "kind", "account", "reason"), TABLE
)
def test_order(
    payer: str,
    settlement: str,
    insured: str,
    known: Known,
    kind: str,
    account: str | None,
    reason: str,
) -> None:
    facts = replace(FACTS, payer_code=payer, settlement_id=settlement, insured_number=insured)
    found = attribute(facts, known)
    assert (found.kind, found.account_id, found.reason) == (kind, account, reason)


def test_the_name_decides_nothing() -> None:
    known = Known({FULL: "a"}, {"s": "b"})
    for payer in (FULL, MASKED, ""):
        facts = replace(FACTS, payer_code=payer, settlement_id="s")
        other = replace(facts, payer_name="测试乙")
        assert attribute(facts, known) == attribute(other, known)


def test_reasons_have_both_languages_and_no_numbers() -> None:
    for reason, (chinese, english) in REASONS.items():
        assert chinese
        assert english
        assert reason == reason.upper()
        assert not any(character.isdigit() for character in chinese + english)


@pytest.mark.parametrize(
    ("payer", "insured", "certificate", "number", "possible"),
    [
        (MASKED, "", FULL, "", True),
        (HALF, "", FULL, "p", True),
        (FULL, "p", FULL, "p", True),
        ("", "", FULL, "p", True),
        (MASKED, "", "", "p", True),
        (MASKED, "", "PASSPORT1", "p", True),
        (MASKED, "", "469900195607189985", "", False),
        ("469900195607189985", "", FULL, "", False),
        (MASKED, "q", FULL, "p", False),
        ("****", "", FULL, "", False),
        (FULL + "*", "", FULL, "", False),
    ],
)
def test_a_link_that_the_bill_contradicts_binds_nothing(
    payer: str, insured: str, certificate: str, number: str, possible: bool
) -> None:
    facts = replace(FACTS, payer_code=payer, insured_number=insured, settlement_id="s")
    known = Known(settlements={"s": "a"}, people={"a": (certificate, number)})
    found = attribute(facts, known)
    assert found.account_id == ("a" if possible else None)
    assert found.reason == ("SETTLEMENT" if possible else "CONFLICT")


def test_a_second_insured_number_of_the_same_person_contradicts_nothing() -> None:
    facts = replace(FACTS, payer_code=MASKED, insured_number="q", settlement_id="s")
    known = Known(settlements={"s": "a"}, numbers={"q": "a"}, people={"a": (FULL, "p")})
    assert attribute(facts, known).account_id == "a"
