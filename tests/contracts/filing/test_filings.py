"""Filings for treatment elsewhere: methods, refusals, the state table, overlaps, packets."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.bridge.outbox import send_packet
from contracts.filing.incoming import FilingRef, FilingRevoked
from contracts.filing.records import UNEXPIRED_MAX, FilingIndex, FilingRecord, index_key, state_at
from contracts.filing.rules import DAY_MS, KINDS, day_start_ms, regions_meet
from contracts.filing.states import FILINGS
from contracts.framework import Context
from contracts.states import START
from ledger.commitment import pcommit_of
from ledger.packet import Packet
from ledger.records import Record
from proto import contracts_pb2 as pb
from proto import filing_pb2 as fpb
from proto.transaction_pb2 import CommittedForm
from tests.contracts.government import Government, run
from tests.contracts.harness import NATIONAL, Chain, changed, form, key_bytes

OWNER = f"{1:032x}"
KEY = "filing/F1"
# The chain's clock begins on 2024-08-19 (China).
FIELDS: dict[str, str | int] = {
    "filing_id": "F1",
    "kind": "long_term_resident",
    "insurance_type": "310",
    "insured_region": "460100",
    "treatment_region": "430100",
    "institution_code": "",
    "begin_date": "20240801",
    "end_date": "20241231",
}


def filing_form(**changes: Any) -> CommittedForm:
    return form("filing/1", changed(FIELDS, changes))


def register(chain: Chain, account: int = 1, **changes: Any) -> fpb.RegisterFilingRequest:
    return fpb.RegisterFilingRequest(
        form=filing_form(**changes), payload=chain.payload(account), account_id=f"{account:032x}"
    )


def change(
    chain: Chain, supersedes: int = 1, account: int = 1, **changes: Any
) -> fpb.ChangeFilingRequest:
    return fpb.ChangeFilingRequest(
        form=filing_form(**changes), payload=chain.payload(account), supersedes=supersedes
    )


def revoke(reason: str = "returned home", name: str = "F1") -> fpb.RevokeFilingRequest:
    return fpb.RevokeFilingRequest(filing_id=name, reason=reason)


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Government:
    made = Government(monkeypatch)
    made.province.open_account(1)
    made.province.open_account(2)
    return made


@pytest.fixture
def chain(net: Government) -> Chain:
    return net.province


def filing(chain: Chain, name: str = "F1") -> FilingRecord:
    return chain.load(FilingRecord, f"filing/{name}")


def listed(chain: Chain) -> list[str]:
    return [one.filing_id for one in chain.load(FilingIndex, index_key(OWNER)).filings]


def test_register_change_revoke(chain: Chain) -> None:
    chain.ok("bureau", "filing.register", register(chain))
    assert (filing(chain).account_id, chain.account(OWNER).item_count) == (OWNER, 1)
    assert listed(chain) == ["F1"]
    chain.ok("bureau", "filing.change", change(chain, treatment_region="440300"))
    assert (filing(chain).version, filing(chain).public.treatment_region) == (2, "440300")
    assert [one.details["treatment_region"] for one in chain.trace(KEY)] == ["430100", "440300"]
    chain.ok("bureau", "filing.revoke", revoke())
    record = filing(chain)
    assert (record.state, record.reason, listed(chain)) == ("revoked", "returned home", [])
    assert chain.account(OWNER).item_count == 1
    chain.check_trace(KEY, record.trace_count, record.trace_head)
    chain.ok("bureau", "filing.register", register(chain, filing_id="F2"))


def test_the_first_day_moves_until_it_has_come(chain: Chain) -> None:
    chain.ok("bureau", "filing.register", register(chain, begin_date="20240901"))
    chain.ok("bureau", "filing.change", change(chain, begin_date="20240820"))
    chain.time_ms = day_start_ms("20240820")
    later = change(chain, 2, begin_date="20240821")
    refused = chain.refused("bureau", "filing.change", later, "FILING_MISMATCH")
    assert refused.fields["field"] == "begin_date"
    chain.ok("bureau", "filing.change", change(chain, 2, begin_date="20240820", end_date=""))


def test_an_open_filing_holds_until_it_is_revoked(chain: Chain) -> None:
    chain.ok("bureau", "filing.register", register(chain, end_date=""))
    chain.time_ms += 5000 * DAY_MS
    assert state_at(filing(chain), chain.time_ms) == "filed"
    chain.ok("bureau", "filing.revoke", revoke())


def test_the_last_day_belongs_to_the_period(chain: Chain) -> None:
    chain.ok("bureau", "filing.register", register(chain, end_date="20240831"))
    end = day_start_ms("20240901")
    assert state_at(filing(chain), end - 1) == "filed"
    assert state_at(filing(chain), end) == "expired"
    chain.time_ms = end - 1001
    chain.ok("bureau", "filing.change", change(chain, end_date="20240831"))
    chain.refused("bureau", "filing.change", change(chain, 2), "FILING_EXPIRED")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"kind": "holiday"}, "FILING_KIND"),
        ({"kind": "referral"}, "FILING_KIND"),
        ({"treatment_region": "460100"}, "FILING_REGION"),
        ({"treatment_region": "460105"}, "FILING_REGION"),
        ({"treatment_region": "460000"}, "FILING_REGION"),
        ({"treatment_region": "4301"}, "FORM_FIELDS_INVALID"),
        ({"begin_date": ""}, "FORM_FIELDS_INVALID"),
        ({"begin_date": "20240230"}, "FORM_FIELDS_INVALID"),
        ({"end_date": "20240731"}, "FILING_PERIOD"),
        ({"end_date": "20240818"}, "FILING_PERIOD"),
        ({"name": "测试甲"}, "FORM_FIELDS_INVALID"),
        ({"account": 9}, "ACCOUNT_NOT_FOUND"),
    ],
)
def test_a_wrong_filing_is_refused(chain: Chain, changes: dict[str, Any], code: str) -> None:
    chain.refused("bureau", "filing.register", register(chain, **changes), code)
    assert not chain.writes


def test_a_filing_has_an_owner_who_can_open_it(chain: Chain) -> None:
    request = register(chain)
    request.account_id = ""
    chain.refused("bureau", "filing.register", request, "ACCOUNT_NOT_FOUND")
    request.account_id = f"{2:032x}"
    chain.refused("bureau", "filing.register", request, "PAYLOAD_RECIPIENT")
    assert not chain.writes


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_taken(chain: Chain, kind: str) -> None:
    request = register(chain, kind=kind, institution_code="H43010599901")
    chain.ok("bureau", "filing.register", request)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"supersedes": 2}, "FILING_VERSION_STALE"),
        ({"insured_region": "460200"}, "FILING_MISMATCH"),
        ({"account": 2}, "PAYLOAD_RECIPIENT"),
        ({"end_date": "20240810"}, "FILING_PERIOD"),
        ({"treatment_region": "110100"}, "FILING_OVERLAP"),
    ],
)
def test_a_wrong_change_is_refused_and_kept(
    chain: Chain, changes: dict[str, Any], code: str
) -> None:
    chain.ok("bureau", "filing.register", register(chain))
    other = register(chain, filing_id="F2", treatment_region="110000")
    chain.ok("bureau", "filing.register", other)
    before = filing(chain)
    chain.refused("bureau", "filing.change", change(chain, **changes), code)
    assert (list(chain.writes), chain.trace(KEY)[-1].code) == ([KEY], code)
    assert (filing(chain).public, filing(chain).version) == (before.public, 1)


def test_only_the_keeper_changes_a_filing(chain: Chain) -> None:
    other = pb.RegisterIdentityRequest(
        public_key=key_bytes("stranger"), org="org-x", roles=["bureau"], label="desk"
    )
    chain.ok("governor", "identity.register", other)
    chain.ok("bureau", "filing.register", register(chain))
    for name, request in (("change", change(chain)), ("revoke", revoke())):
        chain.refused("stranger", f"filing.{name}", request, "NOT_FILING_KEEPER")
        assert list(chain.writes) == [KEY]
        chain.refused("hospital", f"filing.{name}", request, "NOT_PERMITTED")
        assert not chain.writes


def test_a_revocation_needs_a_reason(chain: Chain) -> None:
    chain.ok("bureau", "filing.register", register(chain))
    chain.refused("bureau", "filing.revoke", revoke(""), "MALFORMED_REQUEST")
    chain.refused("bureau", "filing.revoke", revoke(name="a/b"), "MALFORMED_REQUEST")
    assert filing(chain).state == "filed"


def test_there_is_a_most_and_expired_ones_do_not_count(chain: Chain) -> None:
    for number in range(UNEXPIRED_MAX):
        region = str(110000 + 100 * (number + 1))
        request = register(chain, filing_id=f"N{number}", treatment_region=region)
        chain.ok("bureau", "filing.register", request)
    late = register(chain, end_date="20251231")
    chain.refused("bureau", "filing.register", late, "FILING_TOO_MANY")
    assert not chain.writes
    chain.time_ms = day_start_ms("20250101")
    chain.ok("bureau", "filing.register", late)
    assert listed(chain) == ["F1"]


# ---- every state × action


@pytest.mark.parametrize("row", tuple(FILINGS.rows()), ids=lambda row: f"{row[0]}-{row[1]}")
def test_every_state_takes_what_the_table_says(
    chain: Chain, row: tuple[str, str, str, str]
) -> None:
    state, action, after, code = row
    if state != START:
        chain.ok("bureau", "filing.register", register(chain))
    if state == "revoked":
        chain.ok("bureau", "filing.revoke", revoke())
    if state == "expired":
        chain.time_ms = day_start_ms("20250101")
    requests = {"register": register(chain), "change": change(chain), "revoke": revoke()}
    assert chain.call("bureau", f"filing.{action}", requests[action]).code == (code or "OK")
    if state == START and code:
        assert not chain.writes
        return
    record = filing(chain)
    assert state_at(record, chain.time_ms) == (after or state)
    chain.check_trace(KEY, record.trace_count, record.trace_head)


# ---- overlaps and days against small models


@given(st.dates(min_value=datetime(1900, 1, 1).date(), max_value=datetime(2199, 12, 31).date()))
def test_days_begin_as_the_calendar_says(day: Any) -> None:
    china = timezone(timedelta(hours=8))
    start = datetime(day.year, day.month, day.day, tzinfo=china)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert day_start_ms(day.strftime("%Y%m%d")) == (start - epoch) // timedelta(milliseconds=1)


def test_regions_hold_their_parts() -> None:
    assert regions_meet("460000", "460105") and regions_meet("460105", "460100")
    assert not regions_meet("460100", "460200") and not regions_meet("460105", "460106")


ROUND = st.tuples(
    st.sampled_from(["register", "change", "revoke", "wait"]),
    st.sampled_from(["F1", "F2", "F3", "F4"]),
    st.sampled_from(["430000", "430100", "430200", "110000"]),
    st.integers(0, 30),
    st.integers(0, 12),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(ROUND, max_size=25))
def test_no_two_filings_in_force_ever_overlap(rounds: list[Any]) -> None:
    chain = Chain()
    chain.open_account(1)
    today = datetime(2024, 8, 1, tzinfo=UTC)
    alive: dict[str, tuple[str, int, int]] = {}  # id -> region, first day, last day
    versions: dict[str, int] = {}
    for action, name, region, first, length in rounds:
        if action == "wait":
            chain.time_ms += DAY_MS
            continue
        dates = [(today + timedelta(days=n)).strftime("%Y%m%d") for n in (first, first + length)]
        fields = {
            "filing_id": name,
            "treatment_region": region,
            "begin_date": dates[0],
            "end_date": dates[1],
        }
        day = (chain.time_ms + 1000 - day_start_ms("20240801")) // DAY_MS
        held = {one: terms for one, terms in alive.items() if terms[2] >= day}
        clash = any(
            _holds(region, other) and first <= end and begin <= first + length
            for one, (other, begin, end) in held.items()
            if one != name
        )
        if action == "register":
            wanted = name not in versions and first + length >= day and not clash
            request: Any = register(chain, **fields)
        elif action == "change":
            wanted = name in held and first + length >= day and not clash
            wanted = wanted and (held[name][1] > day or held[name][1] == first)
            request = change(chain, versions.get(name, 1), **fields)
        else:
            wanted = name in held
            request = revoke(name=name)
        assert (chain.call("bureau", f"filing.{action}", request).code == "OK") == wanted
        if wanted and action == "revoke":
            del alive[name]
        elif wanted:
            alive[name] = (region, first, first + length)
            versions[name] = versions.get(name, 0) + 1
    assert chain.account(OWNER).item_count == len(versions)


def _holds(one: str, other: str) -> bool:
    return one == other or (one[:2] == other[:2] and "0000" in (one[2:], other[2:]))


# ---- from the national chain


def send(
    net: Government, operation: str, body: Record, cycle: int, form: CommittedForm | None = None
) -> Packet:
    def act(ctx: Context) -> None:
        send_packet(
            ctx,
            operation=operation,
            lane_object=KEY,
            home_chain=NATIONAL,
            body=body,
            form_pcommit=b"" if form is None else pcommit_of(form),
            schema="" if form is None else "filing/1",
            cycle=cycle,
        )

    run(net.national, act)
    return Packet.decode(net.pending(net.national)[-1][1].packet)


def test_a_filing_comes_changes_and_goes_by_packet(net: Government) -> None:
    chain = net.province
    first = send(net, "FILING", FilingRef(filing_id="F1", version=1), 1, filing_form())
    assert net.deliver(first).code == "ACCOUNT_NOT_FOUND"
    assert KEY not in chain.state
    assert outcome(net, first, account_id=OWNER) == "OK"
    assert (filing(chain).home_chain, filing(chain).account_id) == (NATIONAL, OWNER)
    for name, request in (("change", change(chain)), ("revoke", revoke())):
        chain.refused("bureau", f"filing.{name}", request, "FILING_FOREIGN")
    body = FilingRef(filing_id="F1", version=2)
    second = send(net, "FILING_CHANGE", body, 2, filing_form(end_date="20250131"))
    assert net.deliver(second).code == "PAYLOAD_RECIPIENT"
    assert outcome(net, second, payload=chain.payload(1)) == "OK"
    assert (filing(chain).version, filing(chain).public.end_date) == (2, "20250131")
    gone = FilingRevoked(filing_id="F1", version=2, reason="returned")
    assert outcome(net, send(net, "FILING_REVOCATION", gone, 2)) == "OK"
    record = filing(chain)
    assert (record.state, chain.account(OWNER).item_count) == ("revoked", 1)
    chain.check_trace(KEY, record.trace_count, record.trace_head)


def test_packets_are_judged_by_the_same_rules(net: Government) -> None:
    chain = net.province
    chain.ok("bureau", "filing.register", register(chain, filing_id="F2"))
    body = FilingRef(filing_id="F1", version=1)
    overlapping = send(net, "FILING", body, 1, filing_form())
    assert outcome(net, overlapping, account_id=OWNER) == "FILING_OVERLAP"
    chain.ok("bureau", "filing.register", register(chain, account=2))
    gone = FilingRevoked(filing_id="F1", version=1, reason="x")
    assert outcome(net, send(net, "FILING_REVOCATION", gone, 1)) == "FILING_FOREIGN"
    assert filing(chain).state == "filed"
    other = FilingRef(filing_id="F1", version=2)
    early = send(net, "FILING_CHANGE", other, 1, filing_form())
    assert outcome(net, early, account_id=OWNER) == "PACKET_INCONSISTENT"


def outcome(net: Government, packet: Packet, **extra: Any) -> str:
    delivered = net.deliver(packet, **extra)
    assert delivered.code == "OK", delivered.fields
    return str(json.loads(delivered.result)["code"])
