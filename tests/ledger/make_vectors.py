"""Writes the golden vectors: `python -m tests.ledger.make_vectors`, once for a version of SPEC.md.

Signatures are randomised, so a new run gives other signatures and other certificate bytes. The
vectors are frozen: whoever changes them changes the format.
"""

import json
from pathlib import Path
from typing import Any

from crypto.suites import GM, INTL, Suite
from ledger.block import block_hash
from ledger.certificate import (
    COMMITTED,
    PRECOMMIT,
    Certificate,
    committed_bytes,
    precommit_bytes,
)
from ledger.commitment import commit_form, disclose
from ledger.kv import MemoryKeyValue
from ledger.packet import Packet, business_key_of, lane_of
from ledger.state_tree import StateTree
from ledger.transaction import encode_transaction, sign_body, tx_hash
from proto.transaction_pb2 import TxBody
from tests.ledger.samples import certify, members, sample_header, signer_of

FOLDER = Path(__file__).parent / "vectors"
SUITES = (GM, INTL)


def _transaction(suite: Suite) -> dict[str, Any]:
    signer = signer_of(suite, 7)
    fields: dict[str, Any] = {
        "chain_id": "yl-province",
        "contract": "bill",
        "method": "lock",
        "operations": [b"first".hex(), bytes(range(200)).hex()],
        "signer": signer.public_key.hex(),
        "nonce": bytes(range(16)).hex(),
        "last_height": 1300,
    }
    body = TxBody(
        chain_id=fields["chain_id"],
        contract=fields["contract"],
        method=fields["method"],
        operations=[bytes.fromhex(operation) for operation in fields["operations"]],
        signer=signer.public_key,
        nonce=bytes(range(16)),
        last_height=1300,
    ).SerializeToString()
    signed = sign_body(signer, body)
    return {
        "suite": suite.name,
        "fields": fields,
        "body": body.hex(),
        "signature": signed.signature.hex(),
        "transaction": encode_transaction(signed).hex(),
        "tx_hash": tx_hash(suite, signed).hex(),
    }


def _header_fields(suite: Suite) -> dict[str, Any]:
    header = sample_header(members(suite, 4)[0].hash(suite))
    names = type(header).__dataclass_fields__
    values = {name: getattr(header, name) for name in names}
    return {n: v.hex() if isinstance(v, bytes) else v for n, v in values.items()}


def _header(suite: Suite) -> dict[str, Any]:
    header = sample_header(members(suite, 4)[0].hash(suite))
    return {
        "suite": suite.name,
        "fields": _header_fields(suite),
        "header": header.encode().hex(),
        "block_hash": block_hash(suite, header).hex(),
    }


def _statements(suite: Suite) -> dict[str, Any]:
    hashed = block_hash(suite, sample_header(members(suite, 4)[0].hash(suite)))
    signer = signer_of(suite, 1)
    precommit = precommit_bytes("yl-test", 5, 3, hashed)
    committed = committed_bytes("yl-test", 5, hashed)
    return {
        "suite": suite.name,
        "chain_id": "yl-test",
        "height": 5,
        "round": 3,
        "block_hash": hashed.hex(),
        "public_key": signer.public_key.hex(),
        "precommit": precommit.hex(),
        "precommit_signature": signer.sign(precommit).hex(),
        "committed": committed.hex(),
        "committed_signature": signer.sign(committed).hex(),
    }


def _certificate(suite: Suite, kind: int) -> dict[str, Any]:
    validators, signers = members(suite, 4)
    header = sample_header(validators.hash(suite))
    chosen = {i: signers[i] for i in (0, 1, 3)}
    round = 3 if kind == PRECOMMIT else 0
    made: Certificate = certify(suite, header, validators, chosen, kind=kind, round=round)
    return {
        "suite": suite.name,
        "validators": [
            {"public_key": v.public_key.hex(), "power": v.power} for v in validators.validators
        ],
        "validator_set": validators.encode().hex(),
        "validators_hash": validators.hash(suite).hex(),
        "header": _header_fields(suite),
        "fields": {
            "kind": kind,
            "chain_id": made.chain_id,
            "height": made.height,
            "round": round,
            "block_hash": made.block_hash.hex(),
        },
        "signatures": {str(i): s.hex() for i, s in zip(made.signers, made.signatures, strict=True)},
        "certificate": made.encode().hex(),
    }


def _packet(reference: bytes) -> dict[str, Any]:
    key = "bill/46060124-0000000101"
    made = Packet(
        net="yilian-test",
        source="yl-province",
        destination="finance",
        channel="province-finance",
        epoch=1,
        sequence=258,
        lane=lane_of("finance", key),
        lane_sequence=2,
        operation="ENTRY" if reference else "LOCK",
        schema="entry/1",
        sender="bureau",
        receiver="finance-dept",
        deadline_ms=1_700_000_600_000,
        business_key=business_key_of("finance", key, "ENTRY", 1),
        cycle=1,
        pcommit=bytes(range(32)) if reference else b"",
        body=b"\x81\xa6amount\xcd\x04\xd2",
        reference=reference,
    )
    values = {name: getattr(made, name) for name in type(made).__dataclass_fields__}
    return {
        "object": ["finance", key, "ENTRY", 1],
        "fields": {n: v.hex() if isinstance(v, bytes) else v for n, v in values.items()},
        "packet": made.encode().hex(),
        "packet_id": made.id.hex(),
    }


def _commitment(public: dict[str, str], private: dict[str, str], path: str) -> dict[str, Any]:
    secret = bytes(range(100, 132))
    made = commit_form("ebill/1", public, private, secret)
    disclosed = disclose("ebill/1", public, private, secret, path)
    return {
        "schema": "ebill/1",
        "public": public,
        "private": private,
        "secret": secret.hex(),
        "public_salt": made.public_salt.hex(),
        "public_root": made.public_root.hex(),
        "private_root": made.private_root.hex(),
        "pcommit": made.pcommit.hex(),
        "disclosed": path,
        "disclosure": disclosed.encode().hex(),
    }


def _state(suite: Suite, keys: list[str], probes: list[str]) -> dict[str, Any]:
    state = {key: f"value of {key}".encode() for key in keys}
    kv = MemoryKeyValue()
    tree = StateTree(kv, suite.hash)
    kv.write(tree.stage(0, None, state).batch)
    return {
        "suite": suite.name,
        "state": {key: value.hex() for key, value in state.items()},
        "root": tree.root(0).hex(),
        "proofs": {key: tree.prove(key, 0).encode().hex() for key in probes},
    }


def _write(name: str, cases: list[dict[str, Any]]) -> None:
    text = json.dumps(cases, indent=1, ensure_ascii=False)
    (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Write every file."""
    public = {"code": "46060124", "number": "0000000101", "total_fen": "123456"}
    private = {f"item.{i}.name": f"项目{i}" for i in range(1, 12)} | {"payer.name": "测试甲"}
    bills = [f"bill/46060124-{i:010d}" for i in range(1, 41)]
    absent = [f"bill/46060124-{i:010d}" for i in range(90, 100)]
    _write("transaction", [_transaction(suite) for suite in SUITES])
    _write("header", [_header(suite) for suite in SUITES])
    _write("statements", [_statements(suite) for suite in SUITES])
    kinds = (PRECOMMIT, COMMITTED)
    _write("certificate", [_certificate(suite, kind) for suite in SUITES for kind in kinds])
    _write("packet", [_packet(b""), _packet(b"\x0b" * 32)])
    _write(
        "field_commitment",
        [
            _commitment(public, private, "item.3.name"),
            _commitment(public, private, "number"),
            _commitment({"code": "46060124"}, {}, "code"),
        ],
    )
    states: list[tuple[list[str], list[str]]] = [
        ([], absent[:1]),
        (bills[:1], [bills[0], absent[0]]),
        (bills, bills[:3] + absent),
    ]
    _write("state_proof", [_state(suite, *case) for suite in SUITES for case in states])


if __name__ == "__main__":
    main()
