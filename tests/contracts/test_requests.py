"""What reaches a method at all: identities, roles, names, and strictly decoded requests."""

import pytest
from google.protobuf.message import Message

from contracts import codes as contract_codes
from contracts.framework import Method
from contracts.registry import all_methods
from faults import Code, all_codes
from proto import contracts_pb2 as pb
from tests.contracts.harness import PEOPLE, Chain, bill_name, key_bytes

ALL_ROLES = sorted({role for _, roles in PEOPLE.values() for role in roles})


@pytest.fixture
def chain() -> Chain:
    made = Chain()
    made.issue(1)
    return made


def codes(chain: Chain, who: str, name: str, *operations: bytes) -> list[str]:
    return [result.code for result in chain.call_raw(who, name, *operations)]


def test_an_unknown_signer_is_refused_in_every_operation(chain: Chain) -> None:
    raw = chain.lock().SerializeToString()
    assert codes(chain, "stranger", "bill.lock", raw, raw) == ["UNKNOWN_IDENTITY"] * 2
    assert codes(chain, "stranger", "no.such", raw) == ["UNKNOWN_IDENTITY"]
    assert not chain.writes


@pytest.mark.parametrize("name", ["bill.fly", "Bill.lock", "nothing.lock", "bill.methods", "."])
def test_there_are_only_declared_methods(chain: Chain, name: str) -> None:
    assert codes(chain, "bureau", name, b"") == ["UNKNOWN_METHOD"]


@pytest.mark.parametrize(
    ("contract", "declared"),
    all_methods(),
    ids=[f"{name}.{one.name}" for name, one in all_methods()],
)
def test_roles_that_a_rule_does_not_name_are_refused(contract: str, declared: Method) -> None:
    chain = Chain()
    for who, (_, roles) in PEOPLE.items():
        result = chain.call(who, f"{contract}.{declared.name}", declared.request())
        allowed = not declared.rule.roles or any(role in declared.rule.roles for role in roles)
        assert (result.code == "NOT_PERMITTED") != allowed, (who, result.code)


def valid_request(chain: Chain) -> bytes:
    return chain.lock().SerializeToString(deterministic=True)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: raw + b"\x00",
        lambda raw: raw[:-1],
        lambda raw: raw + b"\xa2\x06\x03abc",  # unknown field 100
        lambda raw: raw + b"\x12\x01x",  # `purpose` a second time
        lambda raw: raw.replace(b"\x0a\x08", b"\x0a\x88\x00", 1),  # a padded length
        lambda raw: b"\xff" * 20,
        lambda raw: b"\x12\x02\xff\xfe",  # not UTF-8
        lambda raw: raw[:2] + b"\x22\x02ab" + raw[2:],
    ],
)
def test_requests_are_decoded_strictly(chain: Chain, spoil: object) -> None:
    raw = spoil(valid_request(chain))  # type: ignore[operator]
    before = dict(chain.state)
    assert codes(chain, "agency_a", "bill.lock", raw) == ["MALFORMED_REQUEST"]
    assert chain.state == before


def test_an_unknown_field_deep_inside_is_found(chain: Chain) -> None:
    inner = pb.BillKey(code="46060124", number="0000000001").SerializeToString() + b"\x1a\x01z"
    raw = b"\x0a" + bytes([len(inner)]) + inner
    assert codes(chain, "agency_a", "bill.lock", raw) == ["MALFORMED_REQUEST"]


def test_one_malformed_operation_does_not_harm_the_others(chain: Chain) -> None:
    good = chain.blue(2).SerializeToString(deterministic=True)
    last = chain.blue(3).SerializeToString(deterministic=True)
    assert codes(chain, "finance", "bill.issue_blue", good, b"\xff", last) == [
        "OK",
        "MALFORMED_REQUEST",
        "OK",
    ]
    assert bill_name(2) in chain.state and bill_name(3) in chain.state


def test_every_method_survives_an_empty_request(chain: Chain) -> None:
    for name, one in all_methods():
        for who in PEOPLE:
            result = chain.call(who, f"{name}.{one.name}", one.request())
            assert result.code != "OK"
            assert not chain.writes, (name, one.name)


def test_every_declared_error_is_a_declared_code() -> None:
    known = {code.name for code in all_codes()}
    for name, one in all_methods():
        assert {code.name for code in one.errors} <= known, name
        assert one.call.__doc__, one.name


def test_every_code_says_what_to_do_in_both_languages() -> None:
    declared = [value for value in vars(contract_codes).values() if isinstance(value, Code)]
    assert len(declared) > 40
    for code in declared:
        assert code.zh.endswith("。") and code.en.endswith("."), code.name
        assert len(code.en) > 20, code.name


# ---- identities


def register(name: str, **changes: object) -> pb.RegisterIdentityRequest:
    fields: dict[str, object] = {
        "public_key": key_bytes(name),
        "org": "org-new",
        "roles": ["agency"],
        "label": "night desk",
    }
    return pb.RegisterIdentityRequest(**{**fields, **changes})  # type: ignore[arg-type]


def test_a_registered_key_may_sign_and_a_revoked_one_never_again(chain: Chain) -> None:
    chain.refused("newcomer", "bill.lock", chain.lock(), "UNKNOWN_IDENTITY")
    chain.ok("governor", "identity.register", register("newcomer"))
    chain.ok("newcomer", "bill.lock", chain.lock())
    revoke = pb.RevokeIdentityRequest(public_key=key_bytes("newcomer"), reason="left")
    chain.ok("governor", "identity.revoke", revoke)
    chain.refused("newcomer", "bill.lock", chain.lock(), "IDENTITY_REVOKED")
    chain.refused("governor", "identity.register", register("newcomer"), "IDENTITY_EXISTS")
    chain.refused("governor", "identity.revoke", revoke, "IDENTITY_REVOKED")


def test_nobody_revokes_themselves(chain: Chain) -> None:
    request = pb.RevokeIdentityRequest(public_key=key_bytes("governor"), reason="by mistake")
    chain.refused("governor", "identity.revoke", request, "SELF_REVOCATION")
    chain.ok("second_governor", "identity.revoke", request)


def test_an_unknown_key_cannot_be_revoked(chain: Chain) -> None:
    request = pb.RevokeIdentityRequest(public_key=key_bytes("nobody"), reason="x")
    chain.refused("governor", "identity.revoke", request, "OBJECT_NOT_FOUND")


@pytest.mark.parametrize(
    "changes",
    [
        {"public_key": b"\x04" * 64},
        {"public_key": b"\x02" + bytes(64)},
        {"org": ""},
        {"org": "a/b"},
        {"org": "x" * 65},
        {"roles": []},
        {"roles": ["king"]},
        {"roles": ["agency", "agency"]},
        {"label": "x" * 201},
        {"label": "a\tb"},
    ],
)
def test_identities_are_well_formed(chain: Chain, changes: dict[str, object]) -> None:
    request = register("newcomer", **changes)
    chain.refused("governor", "identity.register", request, "MALFORMED_REQUEST")


def test_every_role_can_be_registered(chain: Chain) -> None:
    chain.ok("governor", "identity.register", register("newcomer", roles=ALL_ROLES[::-1]))


def test_requests_of_other_methods_are_not_taken(chain: Chain) -> None:
    other: Message = pb.RevokeRequest(authorization_id="a" * 32, reason="x")
    chain.refused("agency_a", "bill.lock", other, "MALFORMED_REQUEST")
