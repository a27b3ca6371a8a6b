"""The golden vectors, held against the code and against SPEC.md's independent retelling."""

import json
from pathlib import Path
from typing import Any

import pytest

from crypto.suites import suite as suite_of
from ledger.block import Header, block_hash
from ledger.certificate import Certificate, committed_bytes, precommit_bytes, verify_header
from ledger.commitment import Disclosure, commit_form, pcommit_of, verify_disclosure
from ledger.kv import MemoryKeyValue
from ledger.packet import Packet, business_key_of, lane_of
from ledger.state_tree import StateProof, StateTree, verify_state
from ledger.transaction import body_hash, check_signature, parse_transaction
from ledger.validators import ValidatorSet
from tests.ledger import oracle

FOLDER = Path(__file__).parent / "vectors"

Case = dict[str, Any]


def cases(name: str) -> list[Any]:
    loaded: list[Case] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return [
        pytest.param(case, id=f"{i}-{case.get('suite', 'sm3')}") for i, case in enumerate(loaded)
    ]


@pytest.mark.parametrize("case", cases("transaction"))
def test_transaction(case: Case) -> None:
    body, signature = oracle.tx_body(case["fields"]), bytes.fromhex(case["signature"])
    message = oracle.tx_message(body)
    assert body.hex() == case["body"]
    assert oracle.transaction(body, signature).hex() == case["transaction"]
    assert oracle.hash_of(case["suite"])(message).hex() == case["tx_hash"]
    signer = bytes.fromhex(case["fields"]["signer"])
    assert oracle.verify(case["suite"], signer, message, signature)

    suite = suite_of(case["suite"])
    parsed = parse_transaction(
        bytes.fromhex(case["transaction"]), suite, chain_id=case["fields"]["chain_id"]
    )
    check_signature(suite, parsed)
    assert parsed.hash == body_hash(suite, body) == bytes.fromhex(case["tx_hash"])
    assert parsed.raw_body == body


@pytest.mark.parametrize("case", cases("header"))
def test_header(case: Case) -> None:
    encoded = oracle.header(case["fields"])
    assert encoded.hex() == case["header"]
    hashed = oracle.hash_of(case["suite"])(oracle.tag("yilian/header/v1", encoded))
    assert hashed.hex() == case["block_hash"]

    decoded = Header.decode(encoded)
    assert decoded.encode() == encoded
    assert block_hash(suite_of(case["suite"]), decoded) == hashed


@pytest.mark.parametrize("case", cases("statements"))
def test_statements(case: Case) -> None:
    hashed, key = bytes.fromhex(case["block_hash"]), bytes.fromhex(case["public_key"])
    about = (case["chain_id"], case["height"])
    precommit = oracle.precommit(*about, case["round"], hashed)
    committed = oracle.committed(*about, hashed)
    assert precommit.hex() == case["precommit"]
    assert committed.hex() == case["committed"]
    assert precommit_bytes(*about, case["round"], hashed) == precommit
    assert committed_bytes(*about, hashed) == committed
    for message, name in ((precommit, "precommit"), (committed, "committed")):
        signature = bytes.fromhex(case[f"{name}_signature"])
        assert oracle.verify(case["suite"], key, message, signature)
        assert suite_of(case["suite"]).verify(key, message, signature)
    assert not suite_of(case["suite"]).verify(
        key, committed, bytes.fromhex(case["precommit_signature"])
    )


@pytest.mark.parametrize("case", cases("certificate"))
def test_certificate(case: Case) -> None:
    name, fields = case["suite"], case["fields"]
    signatures = {int(i): bytes.fromhex(s) for i, s in case["signatures"].items()}
    members = oracle.validator_set(case["validators"])
    assert members.hex() == case["validator_set"]
    hashed = oracle.hash_of(name)(oracle.tag("yilian/validators/v1", members))
    assert hashed.hex() == case["validators_hash"] == case["header"]["validators_hash"]
    encoded = oracle.certificate(fields, len(case["validators"]), signatures)
    assert encoded.hex() == case["certificate"]
    about = (fields["chain_id"], fields["height"])
    block = bytes.fromhex(fields["block_hash"])
    message = (
        oracle.precommit(*about, fields["round"], block)
        if fields["kind"] == 1
        else oracle.committed(*about, block)
    )
    for index, signature in signatures.items():
        key = bytes.fromhex(case["validators"][index]["public_key"])
        assert oracle.verify(name, key, message, signature)

    certificate = Certificate.decode(encoded)
    assert certificate.encode() == encoded
    header = Header.decode(oracle.header(case["header"]))
    assert verify_header(suite_of(name), ValidatorSet.decode(members), header, certificate) == block


@pytest.mark.parametrize("case", cases("packet"))
def test_packet(case: Case) -> None:
    fields = case["fields"]
    encoded = oracle.packet(fields)
    assert encoded.hex() == case["packet"]
    assert oracle.sm3(oracle.tag("yilian/packet/v1", encoded)).hex() == case["packet_id"]
    home, key, operation, cycle = case["object"]
    parts = (home.encode(), key.encode())
    lane = oracle.sm3(oracle.tag("yilian/lane/v1", *parts))
    business = oracle.tag("yilian/business/v1", *parts, operation.encode(), oracle.u(4, cycle))
    assert lane.hex() == fields["lane"]
    assert oracle.sm3(business).hex() == fields["business_key"]

    decoded = Packet.decode(encoded)
    assert decoded.encode() == encoded
    assert decoded.id.hex() == case["packet_id"]
    assert lane_of(home, key) == decoded.lane
    assert business_key_of(home, key, operation, cycle) == decoded.business_key


@pytest.mark.parametrize("case", cases("field_commitment"))
def test_field_commitment(case: Case) -> None:
    secret = bytes.fromhex(case["secret"])
    public_salt = oracle.hmac_sm3(secret, b"public")[:16]
    private_salt = oracle.hmac_sm3(secret, b"private")
    public = oracle.section_leaves(public_salt, case["public"])
    private = oracle.section_leaves(private_salt, case["private"])
    public_root, private_root = oracle.tree(oracle.sm3, public), oracle.tree(oracle.sm3, private)
    commitment = oracle.pcommit(case["schema"], public_root, private_root)
    found = (public_salt, public_root, private_root, commitment)
    names = ("public_salt", "public_root", "private_root", "pcommit")
    assert [part.hex() for part in found] == [case[name] for name in names]

    committed = commit_form(case["schema"], case["public"], case["private"], secret)
    assert committed.pcommit == commitment == pcommit_of(committed.to_form())
    assert disclosure_of(case, public, private).hex() == case["disclosure"]
    disclosure = Disclosure.decode(bytes.fromhex(case["disclosure"]))
    assert verify_disclosure(disclosure, commitment)


def disclosure_of(case: Case, public: list[bytes], private: list[bytes]) -> bytes:
    path, secret = case["disclosed"], bytes.fromhex(case["secret"])
    section = 0 if path in case["public"] else 1
    fields, leaves = (case["public"], public) if section == 0 else (case["private"], private)
    salt = oracle.hmac_sm3(secret, (b"public", b"private")[section])[: 16 if section == 0 else 32]
    index = sorted(fields, key=str.encode).index(path)
    siblings = oracle.tree_path(oracle.sm3, leaves, index)
    out = oracle.text(case["schema"]) + oracle.u(1, section)
    out += oracle.text(path) + oracle.text(fields[path])
    out += oracle.hmac_sm3(salt, path.encode())[:16]
    out += oracle.u(4, index) + oracle.u(4, len(fields)) + oracle.u(4, len(siblings))
    other = bytes.fromhex(case["private_root" if section == 0 else "public_root"])
    return out + b"".join(siblings) + other


@pytest.mark.parametrize("case", cases("state_proof"))
def test_state_proof(case: Case) -> None:
    digest = oracle.hash_of(case["suite"])
    state = {key: bytes.fromhex(value) for key, value in case["state"].items()}
    assert oracle.state_root(digest, state).hex() == case["root"]
    suite, kv = suite_of(case["suite"]), MemoryKeyValue()
    tree = StateTree(kv, suite.hash)
    kv.write(tree.stage(0, None, state).batch)
    assert tree.root(0).hex() == case["root"]
    for key, expected in case["proofs"].items():
        assert oracle.state_proof(digest, state, key).hex() == expected
        proof = StateProof.decode(bytes.fromhex(expected))
        assert tree.prove(key, 0) == proof
        assert verify_state(suite.hash, bytes.fromhex(case["root"]), key, state.get(key), proof)
