"""Signatures and whole transactions, good and bad, for docs/signing/vectors.json.

Each bad one is a mistake that was made somewhere, or what a careless verifier lets through.
"""

from collections.abc import Callable, Iterator
from typing import Any

from crypto.der import encode_signature
from crypto.domain import tagged
from crypto.suites import GM, INTL, Suite
from ledger.endorsement import endorsement_bytes
from ledger.transaction import encode_transaction
from ledger.wire import varint
from proto.transaction_pb2 import Endorsement, Transaction
from tests.signing import fixed
from tests.signing.build import TAG, plain_body
from tests.signing.drafts import ENDORSERS, SIGNER, drafts, short_x

Case = dict[str, Any]


def signatures() -> list[Case]:
    """{name, suite, public_key, message, signature, valid, why}: for a verifier."""
    return [case for suite in (GM, INTL) for case in (*_valid(suite), *_invalid(suite))]


def transactions() -> list[Case]:
    """{name, suite, chain_id, transaction, code, why}: code is OK or what a node answers."""
    return [case for suite in (GM, INTL) for case in _judged(suite)]


def first_body(suite: Suite) -> bytes:
    """The body of the suite's first vector."""
    return plain_body(next(one for one in drafts() if one.suite is suite))


def _searched(suite: Suite, message: bytes, wanted: Callable[[bytes], bool]) -> bytes:
    for turn in range(100_000):
        signature = fixed.sign(suite, SIGNER, message, turn=turn)
        if wanted(signature):
            return signature
    raise LookupError("no such signature")


def _valid(suite: Suite) -> Iterator[Case]:
    message = tagged(TAG, first_body(suite))
    good = fixed.sign(suite, SIGNER, message)

    def case(name: str, signature: bytes, why: str, key: bytes = SIGNER) -> Case:
        public_key = suite.public_key(key)
        return _signature(f"{suite.name}-{name}", suite, public_key, message, signature, why)

    yield case("good", good, "the first vector's")
    yield case("another", fixed.sign(suite, SIGNER, message, turn=1), "another k: as good")
    short_r = _searched(suite, message, lambda one: one[0] == 0)
    yield case("short-r", short_r, "r begins with a zero byte, which stays")
    short_s = _searched(suite, message, lambda one: one[32] == 0)
    yield case("short-s", short_s, "s begins with a zero byte, which stays")
    key = short_x(suite)
    yield case("short-x", fixed.sign(suite, key, message), "the key's x begins with 00", key)
    if suite is INTL:
        r, s = _halves(good)
        yield case("other-s", fixed.raw(r, fixed.order(suite) - s), "(r, n - s) is accepted too")


def _invalid(suite: Suite) -> Iterator[Case]:
    body = first_body(suite)
    message = tagged(TAG, body)
    good = fixed.sign(suite, SIGNER, message)
    (r, s), n = _halves(good), fixed.order(suite)
    public_key = suite.public_key(SIGNER)

    def case(name: str, signature: bytes, why: str, key: bytes = public_key) -> Case:
        named = f"{suite.name}-{name}"
        return _signature(named, suite, key, message, signature, why, valid=False)

    flipped = bytes((*message[:-1], message[-1] ^ 1))
    named = f"{suite.name}-changed-message"
    yield _signature(named, suite, public_key, flipped, good, "last byte of the message", False)
    yield case("changed-r", bytes((good[0] ^ 1, *good[1:])), "one bit of r")
    yield case("changed-s", bytes((*good[:-1], good[-1] ^ 1)), "one bit of s")
    for name, pair in (("r", (0, s)), ("s", (r, 0)), ("both", (0, 0))):
        yield case(f"zero-{name}", fixed.raw(*pair), "r and s are at least 1")
    for name, pair in (("r", (n, s)), ("s", (r, n)), ("r-and-1", (n + 1, s))):
        yield case(f"order-as-{name}", fixed.raw(*pair), "r and s are below n")
    for name, pair in (("r", (2**256 - 1, s)), ("s", (r, 2**256 - 1))):
        yield case(f"highest-{name}", fixed.raw(*pair), "r and s are below n")
    yield case("sum-is-order", fixed.raw(r, n - r), "SM2 refuses r + s = n; in ECDSA just wrong")
    yield case("exchanged", fixed.raw(s, r), "r comes first")
    yield case("little-endian", good[31::-1] + good[:31:-1], "both are big-endian")
    der = encode_signature(r, s)
    yield case("der", der, "DER: a node takes the raw 64 bytes only")
    yield case("der-cut", der[:64], "the first 64 bytes of a DER signature are no signature")
    yield case("long", good + b"\0", "65 bytes")
    yield case("cut", good[:63], "63 bytes")
    yield case("empty", b"", "no bytes")
    off_curve = bytes((*public_key[:-1], public_key[-1] ^ 1))
    yield case("off-curve", good, "the key is no point of the curve", off_curve)
    compressed = bytes((2 + (public_key[-1] & 1), *public_key[1:33]))
    yield case("compressed", good, "a key has 65 bytes", compressed)
    yield case("other-key", good, "another's key", suite.public_key(ENDORSERS[0]))
    for name, wrong, why in _mistaken(suite, body, public_key):
        yield case(name, fixed.sign_digest(suite, SIGNER, wrong), why)


def _mistaken(suite: Suite, body: bytes, public_key: bytes) -> Iterator[tuple[str, bytes, str]]:
    """Digests of something else than what is to be signed."""
    message = tagged(TAG, body)

    def digest(data: bytes, signer_id: bytes = b"1234567812345678") -> bytes:
        return fixed.digest(suite, public_key, data, signer_id)

    yield "wrong-tag", digest(endorsement_bytes(body)), "signed as an endorsement"
    yield "no-tag", digest(body), "the body without tag and zero byte"
    yield "no-zero", digest(message.replace(b"\0", b"", 1)), "the zero byte behind the tag left out"
    yield "hash-signed", digest(suite.hash(message)), "signed the transaction hash, not the message"
    if suite is GM:
        yield "no-id", digest(message, b""), "empty signer id, OpenSSL's default"
        yield "wrong-id", digest(message, b"ALICE123@YAHOO.COM"), "the standard's example id"
        yield "hex-id", digest(message, bytes.fromhex("1234567812345678")), "the id read as hex"
        yield "no-za", suite.hash(message), "SM3 of the message without Z_A"


def _signature(
    name: str,
    suite: Suite,
    public_key: bytes,
    message: bytes,
    signature: bytes,
    why: str,
    valid: bool = True,
) -> Case:
    return {
        "name": name,
        "why": why,
        "suite": suite.name,
        "public_key": public_key.hex(),
        "message": message.hex(),
        "signature": signature.hex(),
        "valid": valid,
    }


def _judged(suite: Suite) -> Iterator[Case]:
    body = first_body(suite)
    endorser = suite.signer(ENDORSERS[0])

    def case(name: str, code: str, why: str, changed: bytes, raw: bytes = b"") -> Case:
        signed = Transaction(
            body=changed, signature=fixed.sign(suite, SIGNER, tagged(TAG, changed))
        )
        return {
            "name": f"{suite.name}-{name}",
            "why": why,
            "suite": suite.name,
            "chain_id": "yl-province",
            "code": code,
            "transaction": (raw or encode_transaction(signed)).hex(),
        }

    def endorsed(key: bytes, signature: bytes) -> bytes:
        one = Endorsement(public_key=key, signature=signature).SerializeToString()
        return body + b"\x4a" + varint(len(one)) + one

    good = fixed.sign(suite, SIGNER, tagged(TAG, body))
    consent = fixed.sign(suite, ENDORSERS[0], endorsement_bytes(body))
    der = encode_signature(*_halves(good))
    signer_key = suite.public_key(SIGNER)
    head, rest = body[:13], body[13:]  # field 1 is 2 + 11 bytes
    both = endorsed(endorser.public_key, consent)
    mistaken = fixed.sign(suite, ENDORSERS[0], tagged(TAG, body))
    raw_head = b"\x0a" + varint(len(body)) + body
    yield case("plain", "OK", "as the first vector", body)
    yield case("other-order", "OK", "fields in another order, signed as sent", rest + head)
    yield case("flag-0", "MALFORMED", "field 8 written as 0", body + b"\x40\x00")
    yield case("flag-2", "MALFORMED", "field 8 written as 2", body + b"\x40\x02")
    yield case("unknown-field", "MALFORMED", "field 10", body + b"\x50\x01")
    yield case("twice", "MALFORMED", "the chain id stands twice", head + body)
    yield case(
        "padded", "MALFORMED", "a length of two bytes where one does", b"\x0a\x8b\0" + body[2:]
    )
    yield case("other-chain", "WRONG_CHAIN", "another chain's", body.replace(b"yl-p", b"yl-q", 1))
    yield case("signed-before", "BAD_SIGNATURE", "an endorsement added after signing", both,
               b"\x0a" + varint(len(both)) + both + b"\x12\x40" + good)  # fmt: skip
    yield case("endorsed", "OK", "one endorsement", both)
    yield case("endorsed-twice", "MALFORMED", "one key endorses twice", both + both[len(body) :])
    own = endorsed(signer_key, fixed.sign(suite, SIGNER, endorsement_bytes(body)))
    yield case("endorsed-by-signer", "MALFORMED", "the signer's own endorsement", own)
    yield case("endorsement-not-last", "MALFORMED", "field 8 behind it", both + b"\x40\x01")
    tag_mistaken = endorsed(endorser.public_key, mistaken)
    yield case(
        "endorsement-tag", "BAD_SIGNATURE", "signed with the transaction's tag", tag_mistaken
    )
    second = fixed.sign(suite, ENDORSERS[1], endorsement_bytes(both))
    chained = Endorsement(public_key=suite.public_key(ENDORSERS[1]), signature=second)
    chained_field = chained.SerializeToString()
    yield case("endorsement-chained", "BAD_SIGNATURE", "signed the first endorsement as well",
               both + b"\x4a" + varint(len(chained_field)) + chained_field)  # fmt: skip
    yield case("der", "MALFORMED", "a DER signature", body,
               raw_head + b"\x12" + varint(len(der)) + der)  # fmt: skip
    yield case("signature-first", "MALFORMED", "field 2 before field 1", body,
               b"\x12\x40" + good + raw_head)  # fmt: skip
    yield case("trailing", "MALFORMED", "a field behind the signature", body,
               raw_head + b"\x12\x40" + good + b"\x18\x01")  # fmt: skip


def _halves(signature: bytes) -> tuple[int, int]:
    return int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
