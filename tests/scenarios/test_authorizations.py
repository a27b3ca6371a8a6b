"""Authorizations (授权管理): granted by the owner, used by readers with their own keys, ended."""

import secrets
from typing import Any

import pytest

from crypto import CryptoError
from ledger.block import Header
from node.client import Client, Receipt, Refused
from tests.scenarios.looking import FULL, actions, denial, events, opened, proved, refused
from tests.scenarios.papers import (
    CODE,
    TOTAL_FEN,
    blue,
    fresh_id,
    fresh_number,
    red,
    remote_settlement,
)
from tests.scenarios.papers_persons import archive, bill_of, new_person
from tests.scenarios.parties import HOUR_MS, Parties, refusal, until

pytestmark = [pytest.mark.processes, pytest.mark.slow]

CLAIM = "commercial_claim"
SHORT_MS = 3_000


def owned_bill(parties: Parties) -> tuple[str, bytes, str]:
    """A bill that has its owner: number, the XML that finance issued, account."""
    account_id, number = parties.account(), fresh_number()
    document = blue(number)
    parties["finance desk"].bills.issue_blue(document)
    until(lambda: parties["bureau desk"].bills.get(CODE, number).HasField("record"))
    assert parties["bureau desk"].bills.get(CODE, number).record.account_id == account_id
    return number, document, account_id


def grant(parties: Parties, account_id: str, object_key: str, **changes: Any) -> str:
    """The number of an authorization for the insurer, for an hour."""
    now_ms, authorization_id = parties.now_ms(), secrets.token_hex(16)
    terms: dict[str, Any] = {
        "account_id": account_id,
        "grantee_org": "insurer",
        "object": object_key,
        "compartments": [FULL],
        "purpose": CLAIM,
        "from_ms": now_ms,
        "to_ms": now_ms + HOUR_MS,
        "identity_check": "counter",
        "identity_reference": "desk-0001",
    }
    parties["bureau desk"].authorizations.grant(authorization_id, **terms | changes)
    return authorization_id


def life(client: Client, authorization_id: str) -> list[str]:
    """What became of a grant; that its bill's home is told of it is another scenario."""
    found = actions(client.authorizations.trace(authorization_id))
    return [one for one in found if one in ("grant", "use", "revoke")]


def read(parties: Parties, reader: str, object_key: str, purpose: str = CLAIM) -> Receipt:
    """Ask to read, for the reader's own key."""
    return parties[reader].authorizations.read(
        object_key,
        compartment=FULL,
        purpose=purpose,
        reader_key=parties.stage.actors[reader].public_key,
    )


@pytest.mark.clause("2.2.1.6.4", "2.2.1.6.5", "2.2.1.4.2.6")
def test_who_granted_what_to_whom_and_how_they_were_identified_is_recorded(
    parties: Parties,
) -> None:
    number, _, account_id = owned_bill(parties)
    key, desk = f"bill/{CODE}-{number}", parties["bureau desk"]
    given = grant(parties, account_id, key, identity_check="face", identity_reference="FR-77")
    found = desk.authorizations.get(given)
    record = found.record
    assert (record.account_id, record.grantee_org, record.object) == (account_id, "insurer", key)
    assert (list(record.compartments), record.purpose) == ([FULL], CLAIM)
    assert record.to_ms - record.from_ms == HOUR_MS
    assert (record.identity_check, record.identity_reference) == ("face", "FR-77")
    assert record.revoked_ms == 0
    state_key = f"authorization/{given}"
    assert proved(parties, "province", state_key, found.state) == found.state.value
    listed = desk.authorizations.get_grants(key, "insurer").record
    assert list(listed.authorization_ids) == [given]
    assert not desk.authorizations.get_grants(key, "stranger").HasField("record")
    kept = events(desk.bills.trace(CODE, number))[-1]
    assert (kept["action"], kept["details"]["authorization"]) == ("authorize", given)


@pytest.mark.clause("2.2.1.6.4", "2.2.1.4.2.6")
def test_a_grant_that_the_owner_could_not_give_is_refused(parties: Parties) -> None:
    number, _, account_id = owned_bill(parties)
    key, strange = f"bill/{CODE}-{number}", fresh_id()
    other = parties["bureau desk"].settlements.upload(remote_settlement(strange, fresh_number()))
    assert other.account_id != account_id

    def code(account: str, object_key: str, **changes: Any) -> str:
        return refusal(lambda: grant(parties, account, object_key, **changes))

    assert code(other.account_id, key) == "NOT_OWNER"
    assert code("00" * 16, key) == "ACCOUNT_NOT_FOUND"
    assert code(account_id, f"bill/{CODE}-9999999999") == "OBJECT_NOT_FOUND"
    assert code(account_id, key, to_ms=parties.now_ms() - HOUR_MS) == "AUTHORIZATION_PERIOD"
    assert code(account_id, key, identity_check="hearsay") == "MALFORMED_REQUEST"
    asked = parties["insurer"].authorizations.revoke
    assert refusal(lambda: asked("00" * 16, reason="curious")) == "NOT_PERMITTED"
    assert not parties["insurer"].authorizations.get_grants(key, "insurer").HasField("record")


@pytest.mark.clause("2.2.1.6.2", "2.2.1.4.1.3", "2.2.1.4.2.7")
def test_a_bills_xml_is_read_under_an_authorization_and_opened_with_the_readers_key(
    parties: Parties,
) -> None:
    number, document, account_id = owned_bill(parties)
    key, desk = f"bill/{CODE}-{number}", parties["bureau desk"]
    given = grant(parties, account_id, key)
    ticket = read(parties, "insurer", key)
    assert ticket.result["authorization"] == given
    plain = opened(parties, "insurer", ticket.tx_hash)
    assert plain.document == document
    assert plain.public["total_fen"] == str(TOTAL_FEN)
    assert plain.private["payer.name"] in document.decode()
    with pytest.raises(CryptoError):
        opened(
            parties,
            "stranger",
            ticket.tx_hash,
            private_key=parties.stage.actors["stranger"].private_key,
        )
    use = events(desk.authorizations.trace(given))[-1]
    assert (use["action"], use["actor_org"], use["details"]["object"]) == ("use", "insurer", key)
    assert actions(desk.bills.trace(CODE, number))[-1] == "read"


@pytest.mark.clause("2.2.1.6.2", "2.2.1.4.1.3", "2.2.1.4.2.7")
def test_a_stranger_and_another_purpose_are_refused_and_the_attempts_kept(
    parties: Parties,
) -> None:
    number, _, account_id = owned_bill(parties)
    key, desk = f"bill/{CODE}-{number}", parties["bureau desk"]
    grant(parties, account_id, key)
    with pytest.raises(Refused) as attempt:
        read(parties, "stranger", key)
    assert attempt.value.code == "NOT_AUTHORIZED"
    assert denial(lambda: opened(parties, "stranger", attempt.value.tx_hash)) == "NOT_AUTHORIZED"
    other_purpose = lambda: read(parties, "insurer", key, purpose="marketing")  # noqa: E731
    assert refusal(other_purpose) == "NOT_AUTHORIZED"
    kept = [one for one in events(desk.bills.trace(CODE, number)) if one["code"] != "OK"]
    assert [(one["actor_org"], one["code"]) for one in kept[-2:]] == [
        ("stranger", "NOT_AUTHORIZED"),
        ("insurer", "NOT_AUTHORIZED"),
    ]


@pytest.mark.clause("2.2.1.6.6", "2.2.1.4.2.6", "2.2.1.4.2.7", "2.2.1.6.7")
def test_after_a_revocation_nobody_reads_and_the_owner_sees_every_use(parties: Parties) -> None:
    number, _, account_id = owned_bill(parties)
    key, desk = f"bill/{CODE}-{number}", parties["bureau desk"]
    given = grant(parties, account_id, key)
    read(parties, "insurer", key)
    read(parties, "insurer", key)
    done = desk.authorizations.revoke(given, reason="claim paid")
    assert len(bytes.fromhex(done.tx_hash)) == 32
    assert refusal(lambda: read(parties, "insurer", key)) == "NOT_AUTHORIZED"
    again = lambda: desk.authorizations.revoke(given, reason="twice")  # noqa: E731
    assert refusal(again) == "AUTHORIZATION_REVOKED"
    assert desk.authorizations.get(given).record.revoked_ms > 0
    assert life(desk, given) == ["grant", "use", "use", "revoke"]
    seen = actions(parties["auditor"].bills.trace(CODE, number))
    assert seen[-4:] == ["authorize", "read", "read", "revoke_authorization"]


@pytest.mark.clause("2.2.1.6.4", "2.2.1.4.2.6")
def test_a_grant_holds_from_its_beginning_to_its_end_by_block_time(parties: Parties) -> None:
    number, _, account_id = owned_bill(parties)
    key, insurer = f"bill/{CODE}-{number}", parties["insurer"]
    later_ms = parties.now_ms() + HOUR_MS
    grant(parties, account_id, key, from_ms=later_ms, to_ms=later_ms + HOUR_MS)
    assert refusal(lambda: read(parties, "insurer", key)) == "NOT_AUTHORIZED"
    to_ms = parties.now_ms() + SHORT_MS
    grant(parties, account_id, key, to_ms=to_ms)

    def time_of(height: int) -> int:
        return Header.decode(insurer.block(height).header).time_ms

    def ended() -> Refused | None:
        try:
            assert time_of(read(parties, "insurer", key).height) < to_ms
        except Refused as refused_read:
            return refused_read
        return None

    late = until(ended)
    assert late.code == "NOT_AUTHORIZED"
    assert time_of(late.height) >= to_ms


@pytest.mark.clause("2.2.1.4.2.6", "2.2.1.4.2.7")
def test_one_grant_of_an_account_covers_its_bills_and_settlements(parties: Parties) -> None:
    account_id = parties.account()
    settlement_id, number = parties.settled()
    given = grant(parties, account_id, f"account/{account_id}", purpose=f"claim_{number}")
    keys = (f"bill/{CODE}-{number}", f"settlement/{settlement_id}")
    for key in keys:
        ticket = read(parties, "insurer", key, purpose=f"claim_{number}")
        assert opened(parties, "insurer", ticket.tx_hash).public["total_fen"] == str(TOTAL_FEN)
    used = events(parties["bureau desk"].authorizations.trace(given))
    assert [one["details"]["object"] for one in used if one["action"] == "use"] == list(keys)
    listed = parties["bureau desk"].authorizations.get_grants(f"account/{account_id}", "insurer")
    assert given in listed.record.authorization_ids


@pytest.mark.clause("2.2.1.6.6", "2.2.1.6.4")
def test_a_flushed_bill_is_neither_read_nor_granted(parties: Parties) -> None:
    number, _, account_id = owned_bill(parties)
    key, desk = f"bill/{CODE}-{number}", parties["bureau desk"]
    grant(parties, account_id, key)
    parties["finance desk"].bills.issue_red(red(fresh_number(), number))
    until(lambda: desk.bills.get(CODE, number).record.flush == "red_flushed")
    assert refusal(lambda: read(parties, "insurer", key)) == "BILL_RED"
    assert refusal(lambda: grant(parties, account_id, key)) == "BILL_RED"
    # Its home, told of the first grant, may have refused that as well by now.
    assert set(refused(desk.bills.trace(CODE, number))) == {"BILL_RED"}


@pytest.mark.clause("2.2.1.4.2.6", "2.2.1.4.2.7", "2.2.1.5.5")
def test_a_person_finds_every_grant_and_every_use_from_their_account(parties: Parties) -> None:
    desk, person, number = parties["bureau desk"], new_person(), fresh_number()
    record, content = archive(person)
    account_id = desk.accounts.open(record, content=content).account_id
    key, account_key = f"bill/{CODE}-{number}", f"account/{account_id}"
    parties["finance desk"].bills.issue_blue(bill_of(person, number, fresh_id()))
    until(lambda: desk.bills.get(CODE, number).record.account_id == account_id)
    one = grant(parties, account_id, key)
    two = grant(parties, account_id, account_key, grantee_org="stranger", purpose="survey")
    read(parties, "insurer", key)
    read(parties, "stranger", key, purpose="survey")
    desk.authorizations.revoke(one, reason="claim paid")
    of_account = events(desk.accounts.trace(account_id))
    owned = [each["details"]["object"] for each in of_account if each["action"] == "attach"]
    traces = [of_account, *(events(desk.trace(object_key)) for object_key in owned)]
    granted = [
        each["details"]["authorization"]
        for trace in traces
        for each in trace
        if each["action"] == "authorize"
    ]
    assert sorted(granted) == sorted([one, two])
    uses = {given: life(desk, given) for given in granted}
    assert uses == {one: ["grant", "use", "revoke"], two: ["grant", "use"]}
    orgs = {given: desk.authorizations.get(given).record.grantee_org for given in granted}
    assert orgs == {one: "insurer", two: "stranger"}


@pytest.mark.clause("2.2.1.6.1", "2.2.1.6.4", "2.2.1.6.6")
def test_a_bills_home_is_told_of_a_grant_and_of_its_revocation(parties: Parties) -> None:
    number, _, account_id = owned_bill(parties)
    key, desk = f"bill/{CODE}-{number}", parties["bureau desk"]
    given = grant(parties, account_id, key)
    home = parties["finance desk"].bills

    def told(verb: str) -> bool:
        return any(
            verb in one["action"] and given in one["details"].values()
            for one in events(home.trace(CODE, number))
        )

    until(lambda: told("authorize"))
    desk.authorizations.revoke(given, reason="claim paid")
    until(lambda: told("revoke"))
