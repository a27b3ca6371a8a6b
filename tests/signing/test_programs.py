"""Go and Java by the recipe: they agree with the vectors, with fresh bodies, and with a node."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message

from crypto.suites import GM, INTL, Suite
from ledger.endorsement import endorse
from ledger.transaction import check_signature, encode_transaction, parse_transaction, sign_body
from node.client import Client
from proto.contracts_pb2 import BillKey, EnterRequest, RegisterIdentityRequest, UnlockRequest
from proto.transaction_pb2 import Transaction
from tests.node.chains import CHAIN, Keys, identity_key, private_key
from tests.node.served import Served
from tests.signing.build import Draft, inputs, plain_body, vector
from tests.signing.make_vectors import FILE, vectors
from tests.signing.programs import Program, build_go, build_java

pytestmark = [pytest.mark.slow, pytest.mark.processes]

SUITES = pytest.mark.parametrize("suite", [GM, INTL], ids=lambda suite: suite.name)
BUILDERS: dict[str, Callable[[Path], Program]] = {"go": build_go, "java": build_java}


@pytest.fixture(scope="module", params=list(BUILDERS))
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Program:
    return BUILDERS[request.param](tmp_path_factory.mktemp("program"))


def test_it_agrees_with_every_vector(program: Program) -> None:
    code, output = program.check(FILE)
    known = json.loads(FILE.read_text(encoding="utf-8"))
    lines = output.splitlines()
    assert code == 0, output
    assert lines[-1].endswith(" passed, 0 failed")
    hashes = [f"{one['name']} {one['hash']}" for one in known["transactions"]]
    assert lines[:-1] == hashes


def test_it_sees_what_is_changed(program: Program, tmp_path: Path) -> None:
    changed = vectors()
    steps = ("public_key", "body_before_endorsements", "body", "message", "hash", "transaction")
    for step, one in zip(steps, changed["transactions"], strict=False):
        one[step] = _other_last_digit(one[step])
    unsigned = changed["transactions"][len(steps)]
    unsigned["signature"] = _other_last_digit(unsigned["signature"])
    operated = changed["transactions"][len(steps) + 1]
    operated["operations"][0] = "00"
    for one in changed["signatures"]:
        one["valid"] = not one["valid"]
    (tmp_path / "changed.json").write_text(json.dumps(changed), encoding="utf-8")
    code, output = program.check(tmp_path / "changed.json")
    assert code == 1
    told = {line.split(": ")[0] for line in output.splitlines() if ": " in line}
    expected = [one["name"] for one in changed["transactions"][: len(steps) + 2]]
    expected += [one["name"] for one in changed["signatures"]]
    assert told == set(expected)


@SUITES
def test_we_verify_what_it_signs(program: Program, suite: Suite) -> None:
    for number in range(8):
        seed = random.SystemRandom().getrandbits(32)
        draft = _drawn(suite, random.Random(seed), number)
        made = program.sign(inputs(draft))
        _accepted(suite, draft, made, f"seed {seed}, number {number}")


@SUITES
def test_it_draws_its_own_nonce(program: Program, suite: Suite) -> None:
    request = inputs(_drawn(suite, random.Random(1), 0))
    del request["nonce"]
    nonces = set()
    for _ in range(2):
        raw = bytes.fromhex(program.sign(request)["transaction"])
        parsed = parse_transaction(raw, suite, chain_id=request["chain_id"])
        check_signature(suite, parsed)
        nonces.add(parsed.body.nonce)
    assert len(nonces) == 2


def test_it_verifies_what_we_sign(program: Program, tmp_path: Path) -> None:
    seed = random.SystemRandom().getrandbits(32)
    draw = random.Random(seed)
    drawn = [_drawn(suite, draw, number) for suite in (GM, INTL) for number in range(12)]
    made = [_signed_here(draft) for draft in drawn]
    judged = [case for one in made for case in _true_and_false(one, draw)]
    content = {
        "format": "yilian-signing-vectors/1",
        "transactions": made,
        "signatures": judged,
    }
    (tmp_path / "fresh.json").write_text(json.dumps(content), encoding="utf-8")
    code, output = program.check(tmp_path / "fresh.json")
    assert code == 0, f"seed {seed}\n{output}"


@SUITES
def test_a_node_commits_what_it_signed(program: Program, suite: Suite) -> None:
    keys = Keys(suite)
    draft = Draft(
        "register",
        "two identities, all or nothing",
        suite,
        "identity",
        "register",
        [_registration(keys, number) for number in (1, 2)],
        private_key(2),
        last_height=100,
        all_or_nothing=True,
        chain_id=CHAIN,
    )
    made = program.sign(inputs(draft))
    signed = Transaction.FromString(bytes.fromhex(made["transaction"]))
    with Served(keys) as node, Client(node.grpc_address) as client:
        accepted = client.submit(signed)
        assert accepted.tx_hash.hex() == made["hash"]
        node.decide()
        receipt = client.receipt(accepted.tx_hash)
        assert [one.code for one in receipt.operations] == ["OK", "OK"]
        assert client.state(identity_key(keys, 2)).value


def _registration(keys: Keys, number: int) -> Message:
    key = keys.suite.public_key(private_key(100 + number))
    return RegisterIdentityRequest(public_key=key, org="agency", roles=["agency"], label="夜班窗口")


def _drawn(suite: Suite, draw: random.Random, number: int) -> Draft:
    """A random transaction; the `number` makes every second one long, every third endorsed."""
    length = draw.choice((1, 127, 128, 300)) if number % 2 else draw.randrange(16_300, 40_000)
    text = "".join(chr(draw.choice((0x20, 0x7F, 0xE9, 0x4E2D, 0x20BB7))) for _ in range(length))
    operations: list[Message] = [
        EnterRequest(
            bill=BillKey(code="46060124", number=f"{draw.randrange(10**10):010d}"),
            amount_fen=draw.choice((0, 1, -1, draw.randrange(-(2**63), 2**63))),
            voucher_number=text,
        ),
        UnlockRequest(reason=text[:5]),
    ]
    return Draft(
        f"fresh-{suite.name}-{number}",
        "drawn by the test",
        suite,
        "bill",
        "enter",
        operations[: 1 + draw.randrange(2)] * draw.choice((1, 1, 40)),
        draw.randbytes(32),
        nonce=draw.randbytes(16),
        last_height=draw.choice((1, 127, 128, draw.randrange(1, 2**64))),
        all_or_nothing=bool(draw.randrange(2)),
        endorsers=[draw.randbytes(32) for _ in range(0 if number % 3 else 3)],
    )


def _accepted(suite: Suite, draft: Draft, made: dict[str, Any], where: str) -> None:
    raw = bytes.fromhex(made["transaction"])
    parsed = parse_transaction(raw, suite, chain_id=draft.chain_id)
    check_signature(suite, parsed)
    assert parsed.endorsed == plain_body(draft), where
    assert parsed.hash.hex() == made["hash"], where
    endorsers = [suite.public_key(key) for key in draft.endorsers]
    assert [one.public_key for one in parsed.body.endorsements] == endorsers, where


def _signed_here(draft: Draft) -> dict[str, Any]:
    """The draft's vector with the signatures of the house's own signers instead."""
    suite, body = draft.suite, plain_body(draft)
    for key in draft.endorsers:
        body = endorse(suite.signer(key), body)
    signed = sign_body(suite.signer(draft.private_key), body)
    raw = encode_transaction(signed)
    parsed = parse_transaction(raw, suite, chain_id=draft.chain_id)
    endorsements = [
        {"public_key": one.public_key.hex(), "signature": one.signature.hex()}
        for one in parsed.body.endorsements
    ]
    return {
        **vector(draft),
        "endorsements": endorsements,
        "body": body.hex(),
        "message": (b"yilian/tx/v1\0" + body).hex(),
        "hash": parsed.hash.hex(),
        "signature": signed.signature.hex(),
        "transaction": raw.hex(),
    }


def _true_and_false(one: dict[str, Any], draw: random.Random) -> list[dict[str, Any]]:
    """The signature as it is, and with one bit of signature, message or key changed."""
    parts = {name: one[name] for name in ("suite", "public_key", "message", "signature")}
    cases = [{**parts, "name": f"{one['name']}-good", "why": "as signed", "valid": True}]
    for name in ("public_key", "message", "signature"):
        data = bytearray.fromhex(parts[name])
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        why = f"a bit of {name} changed"
        changed = {**parts, name: data.hex()}
        cases.append({**changed, "name": f"{one['name']}-{name}", "why": why, "valid": False})
    return cases


def _other_last_digit(digits: str) -> str:
    return digits[:-1] + ("0" if digits[-1] != "0" else "1")
