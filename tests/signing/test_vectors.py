"""docs/signing/vectors.json: made by our code, checked by a second writing of the format."""

import json
from typing import Any

import pytest

import proto.contracts_pb2
from contracts.registry import decode_request
from crypto.suites import suite as suite_of
from faults import Rejected
from ledger.transaction import check_signature, parse_transaction
from tests.ledger import oracle
from tests.signing.make_vectors import FILE, text
from tests.signing.requests import fields_of, fill

Case = dict[str, Any]
WRITTEN = FILE.read_text(encoding="utf-8")
VECTORS = json.loads(WRITTEN)


def cases(name: str) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in VECTORS[name]]


def test_the_file_is_what_the_code_makes() -> None:
    assert text() == WRITTEN, "make docs writes it anew"


def test_each_case_has_its_own_name() -> None:
    names = [case["name"] for part in ("transactions", "signatures") for case in VECTORS[part]]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("case", cases("transactions"))
def test_a_transaction_is_accepted_as_it_stands(case: Case) -> None:
    suite = suite_of(case["suite"])
    raw = bytes.fromhex(case["transaction"])
    parsed = parse_transaction(raw, suite, chain_id=case["chain_id"])
    check_signature(suite, parsed)
    assert parsed.hash.hex() == case["hash"]
    assert parsed.raw_body.hex() == case["body"]
    assert parsed.endorsed.hex() == case["body_before_endorsements"]
    assert parsed.body.last_height == int(case["last_height"])
    assert parsed.body.all_or_nothing is case["all_or_nothing"]
    keys = [suite.public_key(bytes.fromhex(key)).hex() for key in case["endorser_keys"]]
    assert [one.public_key.hex() for one in parsed.body.endorsements] == keys


@pytest.mark.parametrize("case", cases("transactions"))
def test_the_listed_fields_are_the_operations(case: Case) -> None:
    for request, operation in zip(case["requests"], case["operations"], strict=True):
        kind = getattr(proto.contracts_pb2, request["message"])
        message = fill(kind(), request["fields"])
        assert message.SerializeToString().hex() == operation
        assert decode_request(kind, bytes.fromhex(operation)) == message
        assert fields_of(message) == request["fields"]


@pytest.mark.parametrize("case", cases("transactions"))
def test_a_second_writing_of_the_format_makes_the_same_bytes(case: Case) -> None:
    operations = [_message(request["fields"]) for request in case["requests"]]
    assert [operation.hex() for operation in operations] == case["operations"]
    plain = oracle.protobuf(
        (1, case["chain_id"].encode()),
        (2, case["contract"].encode()),
        (3, case["method"].encode()),
        *((4, operation) for operation in operations),
        (5, bytes.fromhex(case["public_key"])),
        (6, bytes.fromhex(case["nonce"])),
        (7, int(case["last_height"])),
        *([(8, 1)] if case["all_or_nothing"] else []),
    )
    assert plain.hex() == case["body_before_endorsements"]
    body = plain
    for one in case["endorsements"]:
        key, signature = bytes.fromhex(one["public_key"]), bytes.fromhex(one["signature"])
        body += oracle.protobuf((9, oracle.protobuf((1, key), (2, signature))))
        signed = oracle.tag("yilian/endorsement/v1", plain)
        assert oracle.verify(case["suite"], key, signed, signature)
    message, signature = oracle.tx_message(body), bytes.fromhex(case["signature"])
    assert message.hex() == case["message"]
    assert oracle.hash_of(case["suite"])(message).hex() == case["hash"]
    assert (
        oracle.digest(case["suite"], bytes.fromhex(case["public_key"]), message).hex()
        == (case["digest"])
    )
    assert oracle.transaction(body, signature).hex() == case["transaction"]
    assert oracle.verify(case["suite"], bytes.fromhex(case["public_key"]), message, signature)


@pytest.mark.parametrize("case", cases("signatures"))
def test_a_signature_is_valid_or_not(case: Case) -> None:
    key, message, signature = (
        bytes.fromhex(case[part]) for part in ("public_key", "message", "signature")
    )
    assert suite_of(case["suite"]).verify(key, message, signature) is case["valid"]
    if case["valid"]:
        assert oracle.verify(case["suite"], key, message, signature)


@pytest.mark.parametrize("case", cases("judged"))
def test_a_node_answers_with_the_code(case: Case) -> None:
    suite = suite_of(case["suite"])
    code = "OK"
    try:
        raw = bytes.fromhex(case["transaction"])
        check_signature(suite, parse_transaction(raw, suite, chain_id=case["chain_id"]))
    except Rejected as refused:
        code = refused.code.name
    assert code == case["code"]


def _message(fields: list[Case]) -> bytes:
    out = b""
    for one in fields:
        if "message" in one:
            value: bytes | int = _message(one["message"])
        elif "integer" in one:
            value = int(one["integer"]) % 2**64
        else:
            value = one["text"].encode() if "text" in one else bytes.fromhex(one["bytes"])
        if value or "message" in one or one.get("repeated"):
            out += oracle.protobuf((one["number"], value))
    return out
