"""Archives at home: every method's good path and every refusal."""

from typing import Any

import pytest

from contracts.account import account_key
from contracts.archive.records import ArchiveVersionRecord, version_key
from proto import contracts_pb2 as pb
from tests.contracts.archive.requests import (
    CARRY,
    CODE,
    COMPENSATE,
    DAYS_MS,
    KEY,
    OWNER,
    archive,
    checks,
    register,
    revoke,
    update,
)
from tests.contracts.government import Government
from tests.contracts.harness import Chain, key_bytes


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Government:
    made = Government(monkeypatch)
    made.province.open_account(1)
    return made


@pytest.fixture
def chain(net: Government) -> Chain:
    return net.province


def grant(chain: Chain, number: int, key: str) -> pb.GrantRequest:
    return pb.GrantRequest(
        authorization_id=f"{number:032x}",
        account_id=OWNER,
        grantee_org="org-insurer",
        object=key,
        compartments=["full"],
        purpose="claim",
        from_ms=chain.time_ms,
        to_ms=chain.time_ms + DAYS_MS,
        identity_check="counter",
        identity_reference="ref-1",
    )


def read(key: str) -> pb.ReadRequest:
    return pb.ReadRequest(
        object=key, compartment="full", purpose="claim", reader_key=key_bytes("reader")
    )


# ---- good paths


@pytest.mark.parametrize("kind", ["person", "enterprise"])
@pytest.mark.parametrize("who", ["archivist", "bureau"])
def test_an_archive_is_registered_and_joins_its_account(chain: Chain, kind: str, who: str) -> None:
    chain.ok(who, "archive.register", register(chain, owner_kind=kind))
    record = archive(chain)
    assert (record.public.owner_kind, record.version, record.state) == (kind, 1, "in_force")
    assert (record.account_id, chain.account(OWNER).item_count) == (OWNER, 1)
    assert [one.code for one in record.checks] == ["GD-1-7", "GD-2-1", "GD-3-1", "GD-4-2"]
    chain.check_trace(KEY, record.trace_count, record.trace_head)
    assert "测试甲".encode() not in chain.state[KEY]


def test_an_update_supersedes_and_the_old_version_stays(chain: Chain) -> None:
    chain.ok("archivist", "archive.register", register(chain))
    first = archive(chain)
    chain.ok("archivist", "archive.update", update(chain))
    now, kept = archive(chain), chain.load(ArchiveVersionRecord, version_key(CODE, 1))
    assert (now.version, now.public.page_count) == (2, 3)
    assert (kept.version, kept.pcommit, kept.payload) == (1, first.pcommit, first.payload)
    assert (kept.since_ms, kept.until_ms) == (first.since_ms, now.since_ms)
    assert (kept.account_id, chain.account(OWNER).item_count) == (OWNER, 2)
    chain.check_trace(KEY, now.trace_count, now.trace_head)
    chain.check_trace(version_key(CODE, 1), kept.trace_count, kept.trace_head)


def test_an_unbound_archive_is_attached_later(chain: Chain) -> None:
    chain.ok("archivist", "archive.register", register(chain, account=0))
    chain.ok("archivist", "archive.update", update(chain, account=0))
    for count, key in enumerate((KEY, version_key(CODE, 1)), 1):
        request = pb.AttachRequest(
            account_id=OWNER, object=key, basis="mobile", payload=chain.payload(1)
        )
        chain.ok("custodian", "account.attach", request)
        assert chain.account(OWNER).item_count == count
        chain.refused("custodian", "account.attach", request, "ALREADY_ATTACHED")
    chain.refused("archivist", "archive.update", update(chain, 2, account=2), "PAYLOAD_RECIPIENT")


def test_a_grant_may_name_an_archive_or_a_version_it_superseded(chain: Chain) -> None:
    chain.ok("archivist", "archive.register", register(chain))
    chain.ok("archivist", "archive.update", update(chain))
    for number, key in enumerate((KEY, version_key(CODE, 1)), 1):
        chain.refused("insurer", "authorization.read", read(key), "NOT_AUTHORIZED")
        chain.ok("bureau", "authorization.grant", grant(chain, number, key))
        chain.ok("insurer", "authorization.read", read(key))


def test_nobody_is_granted_or_reads_a_revoked_archive(chain: Chain) -> None:
    chain.ok("archivist", "archive.register", register(chain))
    chain.ok("archivist", "archive.update", update(chain))
    objects = (KEY, version_key(CODE, 1))
    for number, key in enumerate((*objects, account_key(OWNER)), 1):
        chain.ok("bureau", "authorization.grant", grant(chain, number, key))
    for key in objects:
        chain.ok("insurer", "authorization.read", read(key))
    chain.ok("archivist", "archive.revoke", revoke())
    for number, key in enumerate(objects, 4):
        before = dict(chain.state)
        request = grant(chain, number, key)
        chain.refused("bureau", "authorization.grant", request, "ARCHIVE_REVOKED")
        assert chain.state == before
        chain.refused("insurer", "authorization.read", read(key), "ARCHIVE_REVOKED")
        assert (chain.trace(key)[-1].action, chain.trace(key)[-1].code) == (
            "read",
            "ARCHIVE_REVOKED",
        )
        # Who never had a grant is told no more than before.
        chain.refused("other_insurer", "authorization.read", read(key), "NOT_AUTHORIZED")


# ---- refusals


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"fonds_code": ""}, "ARCHIVE_NOT_CATALOGUED"),
        ({"category": ""}, "ARCHIVE_NOT_CATALOGUED"),
        ({"year": ""}, "ARCHIVE_NOT_CATALOGUED"),
        ({"retention": ""}, "ARCHIVE_NOT_CATALOGUED"),
        ({"retention": "测试甲"}, "FORM_FIELDS_INVALID"),
        ({"filed_date": ""}, "ARCHIVE_NOT_CATALOGUED"),
        ({"owner_kind": "dog"}, "FORM_FIELDS_INVALID"),
        ({"archive_code": "a/b"}, "FORM_FIELDS_INVALID"),
        ({"archive_code": "档"}, "FORM_FIELDS_INVALID"),
        ({"filed_date": "20240230"}, "FORM_FIELDS_INVALID"),
        ({"page_count": -1}, "FORM_FIELDS_INVALID"),
        ({"title": "测试甲职工参保信息变更"}, "FORM_FIELDS_INVALID"),
    ],
)
def test_what_is_not_catalogued_stays_off(chain: Chain, changes: dict[str, Any], code: str) -> None:
    chain.refused("archivist", "archive.register", register(chain, **changes), code)
    assert not chain.writes


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ({"GD_1_7": "failed"}, "ARCHIVE_CHECK_FAILED"),
        ({"GD_1_7": ""}, "ARCHIVE_CHECKS_INCOMPLETE"),
        ({"GD_4_2": "not_applicable"}, "ARCHIVE_CHECKS_INCOMPLETE"),
        ({"GD_5_1": "passed"}, "MALFORMED_REQUEST"),
        ({"GD_1_0": "passed"}, "MALFORMED_REQUEST"),
        ({"GD_1_7": "perhaps"}, "MALFORMED_REQUEST"),
    ],
)
def test_what_is_not_checked_stays_off(chain: Chain, results: dict[str, str], code: str) -> None:
    request = register(chain)
    del request.checks[:]
    request.checks.extend(checks(**results))
    chain.refused("archivist", "archive.register", request, code)
    assert not chain.writes


def test_a_check_stands_once(chain: Chain) -> None:
    request = register(chain)
    request.checks.append(request.checks[0])
    chain.refused("archivist", "archive.register", request, "MALFORMED_REQUEST")
    assert not chain.writes


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"supersedes": 2}, "ARCHIVE_VERSION_STALE"),
        ({"supersedes": 0}, "ARCHIVE_VERSION_STALE"),
        ({"owner_kind": "enterprise"}, "ARCHIVE_MISMATCH"),
        ({"fonds_code": "YB98"}, "ARCHIVE_MISMATCH"),
        ({"account": 2}, "PAYLOAD_RECIPIENT"),
    ],
)
def test_a_wrong_update_is_refused_and_kept(
    chain: Chain, changes: dict[str, Any], code: str
) -> None:
    chain.ok("archivist", "archive.register", register(chain))
    before = archive(chain)
    chain.refused("archivist", "archive.update", update(chain, **changes), code)
    assert chain.trace(KEY)[-1].code == code
    after = archive(chain)
    assert list(chain.writes) == [KEY]
    assert after == before.changed(trace_count=2, trace_head=after.trace_head)


def test_only_the_keeper_and_the_bureau_change_an_archive(chain: Chain) -> None:
    other = pb.RegisterIdentityRequest(
        public_key=key_bytes("stranger"), org="org-x", roles=["archive"], label="desk"
    )
    chain.ok("governor", "identity.register", other)
    chain.ok("archivist", "archive.register", register(chain))
    for name, request in (
        ("update", update(chain)),
        ("revoke", revoke()),
        ("carry", CARRY),
        ("compensate", COMPENSATE),
    ):
        chain.refused("stranger", f"archive.{name}", request, "NOT_ARCHIVE_KEEPER")
        assert list(chain.writes) == [KEY]
        chain.refused("hospital", f"archive.{name}", request, "NOT_PERMITTED")
        assert not chain.writes
    chain.ok("bureau", "archive.update", update(chain))


def test_a_revocation_needs_a_reason(chain: Chain) -> None:
    chain.ok("archivist", "archive.register", register(chain))
    chain.refused("archivist", "archive.revoke", revoke(" "), "MALFORMED_REQUEST")
    assert archive(chain).state == "in_force"
