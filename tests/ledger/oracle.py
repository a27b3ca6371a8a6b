"""SPEC.md once more, independently: plain Python that calls nothing of ours.

SM3 and SM2 come from `gmssl`, SHA-256 from `hashlib`, P-256 from `cryptography`.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from gmssl import sm2 as gmssl_sm2
from gmssl import sm3 as gmssl_sm3

Hash = Callable[[bytes], bytes]


def sm3(data: bytes) -> bytes:
    return bytes.fromhex(gmssl_sm3.sm3_hash(list(data)))


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def hash_of(suite: str) -> Hash:
    return {"gm": sm3, "intl": sha256}[suite]


def hmac_sm3(key: bytes, data: bytes) -> bytes:
    block = (sm3(key) if len(key) > 64 else key).ljust(64, b"\0")
    inner = sm3(bytes(byte ^ 0x36 for byte in block) + data)
    return sm3(bytes(byte ^ 0x5C for byte in block) + inner)


def verify(suite: str, public_key: bytes, message: bytes, signature: bytes) -> bool:
    if suite == "gm":
        verifier = gmssl_sm2.CryptSM2(private_key="", public_key=public_key[1:].hex())
        return bool(verifier.verify_with_sm3(signature.hex(), message))
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key)
    try:
        key.verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def digest(suite: str, public_key: bytes, message: bytes) -> bytes:
    """What is signed by the curve's arithmetic: SM3(Z_A || message), or SHA-256(message)."""
    if suite == "gm":
        signer = gmssl_sm2.CryptSM2(private_key="", public_key=public_key[1:].hex())
        return bytes.fromhex(signer._sm3_z(message))
    return sha256(message)


# ---- section 1


def u(size: int, value: int) -> bytes:
    return value.to_bytes(size, "big")


def lp(data: bytes) -> bytes:
    return u(4, len(data)) + data


def text(value: str) -> bytes:
    return lp(value.encode())


def tag(name: str, *parts: bytes) -> bytes:
    head = name.encode() + b"\0"
    return head + (parts[0] if len(parts) == 1 else b"".join(map(lp, parts)))


# ---- section 2


def tree(h: Hash, leaves: Sequence[bytes]) -> bytes:
    if not leaves:
        return h(b"")
    if len(leaves) == 1:
        return h(b"\0" + leaves[0])
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return h(b"\1" + tree(h, leaves[:split]) + tree(h, leaves[split:]))


def tree_path(h: Hash, leaves: Sequence[bytes], index: int) -> list[bytes]:
    if len(leaves) == 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if index < split:
        return [*tree_path(h, leaves[:split], index), tree(h, leaves[split:])]
    return [*tree_path(h, leaves[split:], index - split), tree(h, leaves[:split])]


def list_root(h: Hash, leaves: Sequence[bytes]) -> bytes:
    return h(tag("yilian/list/v1", u(4, len(leaves)) + tree(h, leaves)))


# ---- section 3


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value % 128 + 128])
        value //= 128
    return out + bytes([value])


def protobuf(*fields: tuple[int, bytes | int]) -> bytes:
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number * 8) + varint(value)
        else:
            out += varint(number * 8 + 2) + varint(len(value)) + value
    return out


def tx_body(t: dict[str, Any]) -> bytes:
    return protobuf(
        (1, t["chain_id"].encode()),
        (2, t["contract"].encode()),
        (3, t["method"].encode()),
        *((4, bytes.fromhex(operation)) for operation in t["operations"]),
        (5, bytes.fromhex(t["signer"])),
        (6, bytes.fromhex(t["nonce"])),
        (7, t["last_height"]),
    )


def tx_message(body: bytes) -> bytes:
    return tag("yilian/tx/v1", body)


def transaction(body: bytes, signature: bytes) -> bytes:
    return b"\x0a" + varint(len(body)) + body + b"\x12\x40" + signature


# ---- sections 4 and 6


def header(f: dict[str, Any]) -> bytes:
    roots = (
        "previous_hash",
        "transactions_root",
        "receipts_root",
        "state_root",
        "history_root",
        "validators_hash",
        "next_validators_hash",
        "proposer",
    )
    head = text(f["chain_id"]) + u(8, f["height"]) + u(8, f["time_ms"])
    return head + b"".join(bytes.fromhex(f[name]) for name in roots)


def validator_set(members: Sequence[dict[str, Any]]) -> bytes:
    ordered = sorted((bytes.fromhex(m["public_key"]), m["power"]) for m in members)
    return u(4, len(ordered)) + b"".join(key + u(8, power) for key, power in ordered)


def precommit(chain_id: str, height: int, round: int, block_hash: bytes) -> bytes:
    return tag("yilian/precommit/v1", text(chain_id) + u(8, height) + u(4, round) + block_hash)


def committed(chain_id: str, height: int, block_hash: bytes) -> bytes:
    return tag("yilian/committed/v1", text(chain_id) + u(8, height) + block_hash)


def certificate(f: dict[str, Any], count: int, signatures: dict[int, bytes]) -> bytes:
    bitmap = bytearray(-(-count // 8))
    for index in signatures:
        bitmap[index // 8] += 1 << index % 8
    head = u(1, f["kind"]) + text(f["chain_id"]) + u(8, f["height"]) + u(4, f["round"])
    tail = b"".join(signatures[index] for index in sorted(signatures))
    hashed = bytes.fromhex(f["block_hash"])
    return head + hashed + lp(bytes(bitmap)) + u(4, len(signatures)) + tail


# ---- section 7


def state_leaf(h: Hash, key: str, value: bytes) -> tuple[str, bytes, bytes]:
    """Key hash in hex, content hash, leaf hash."""
    place = h(tag("yilian/state-key/v1", key.encode()))
    content = h(tag("yilian/state-leaf/v1", key.encode(), value))
    return place.hex(), content, h(b"\0" + place + content)


def subtree(h: Hash, leaves: list[tuple[str, bytes, bytes]], depth: int) -> bytes:
    if len(leaves) == 1 and depth:
        return leaves[0][2]
    return h(b"\1" + u(2, bitmap_of(leaves, depth)) + b"".join(children(h, leaves, depth).values()))


def below(
    leaves: list[tuple[str, bytes, bytes]], depth: int, digit: str
) -> list[tuple[str, bytes, bytes]]:
    return [leaf for leaf in leaves if leaf[0][depth] == digit]


def children(h: Hash, leaves: list[tuple[str, bytes, bytes]], depth: int) -> dict[str, bytes]:
    return {
        digit: subtree(h, below(leaves, depth, digit), depth + 1)
        for digit in "0123456789abcdef"
        if below(leaves, depth, digit)
    }


def bitmap_of(leaves: list[tuple[str, bytes, bytes]], depth: int) -> int:
    return sum(1 << n for n, digit in enumerate("0123456789abcdef") if below(leaves, depth, digit))


def state_root(h: Hash, state: dict[str, bytes]) -> bytes:
    leaves = [state_leaf(h, key, value) for key, value in state.items()]
    return subtree(h, leaves, 0) if leaves else bytes(32)


def state_proof(h: Hash, state: dict[str, bytes], key: str) -> bytes:
    leaves = [state_leaf(h, k, v) for k, v in state.items()]
    place = state_leaf(h, key, b"")[0]
    nodes, depth = b"", 0
    while leaves and (depth == 0 or len(leaves) > 1):
        beside = [c for digit, c in children(h, leaves, depth).items() if digit != place[depth]]
        nodes += u(2, bitmap_of(leaves, depth)) + u(1, len(beside)) + b"".join(beside)
        leaves = below(leaves, depth, place[depth])
        depth += 1
    if not leaves:
        return u(1, 1) + u(1, depth) + nodes
    if leaves[0][0] == place:
        return u(1, 0) + u(1, depth) + nodes
    return u(1, 2) + u(1, depth) + nodes + bytes.fromhex(leaves[0][0]) + leaves[0][1]


# ---- sections 9 and 10


def section_leaves(salt: bytes, fields: dict[str, str]) -> list[bytes]:
    return [
        sm3(
            tag(
                "yilian/field/v1",
                path.encode(),
                hmac_sm3(salt, path.encode())[:16],
                fields[path].encode(),
            )
        )
        for path in sorted(fields, key=str.encode)
    ]


def pcommit(schema: str, public_root: bytes, private_root: bytes) -> bytes:
    return sm3(tag("yilian/pcommit/v1", schema.encode(), public_root, private_root))


def packet(f: dict[str, Any]) -> bytes:
    x = {name: bytes.fromhex(value) for name, value in f.items() if name in PACKET_BYTES}
    out = u(1, f["version"]) + text(f["net"]) + text(f["source"]) + text(f["destination"])
    out += text(f["channel"]) + u(4, f["epoch"]) + u(8, f["sequence"]) + x["lane"]
    out += u(8, f["lane_sequence"]) + text(f["operation"]) + text(f["schema"])
    out += text(f["sender"]) + text(f["receiver"]) + u(8, f["deadline_ms"]) + x["business_key"]
    return out + u(4, f["cycle"]) + lp(x["pcommit"]) + lp(x["body"]) + lp(x["reference"])


PACKET_BYTES = ("lane", "business_key", "pcommit", "body", "reference")
