"""The transactions of docs/signing/vectors.json: each a case in which encoders have differed."""

from functools import cache

from crypto.suites import GM, INTL, Suite
from proto.contracts_pb2 import (
    BillKey,
    EnterRequest,
    LockRequest,
    RegisterIdentityRequest,
    UnlockRequest,
)
from tests.signing import fixed
from tests.signing.build import Draft

# Published with the vectors; never the key of anything.
SIGNER = bytes(range(1, 33))
ENDORSERS = [bytes(range(33, 65)), bytes(range(65, 97))]
LARGEST = {"gm": 2, "intl": 1}  # the largest private key is n - 2 in SM2, n - 1 in ECDSA

FIRST = BillKey(code="46060124", number="0000000101")
SECOND = BillKey(code="46060124", number="0000000102")
BATCH = (
    EnterRequest(bill=FIRST, amount_fen=11544, voucher_number="V-2024-0819"),
    EnterRequest(bill=SECOND, amount_fen=126000, voucher_number="V-2024-0820"),
    EnterRequest(bill=FIRST, amount_fen=1, voucher_number="V-2024-0819"),
)
I64, U64 = 2**63, 2**64


@cache
def short_x(suite: Suite) -> bytes:
    """A private key whose public key has an x that begins with a zero byte."""
    for number in range(1, 10_000):
        key = number.to_bytes(32, "big")
        if suite.public_key(key)[1] == 0:
            return key
    raise LookupError("no such key")


@cache
def drafts() -> tuple[Draft, ...]:
    """In the order of the file."""
    return tuple(one for suite in (GM, INTL) for one in (*_ordinary(suite), *_extreme(suite)))


def _ordinary(suite: Suite) -> list[Draft]:
    unlock = UnlockRequest(bill=FIRST, reason="by phone")
    register = RegisterIdentityRequest(
        public_key=suite.public_key(ENDORSERS[0]), org="bureau", roles=["bureau", ""], label="desk"
    )
    # Lengths are of bytes, not of characters: 3 each for these, 4 beyond the basic plane.
    unicode = UnlockRequest(bill=FIRST, reason="电话通知：𠮷林省，é 与 e\u0301 不同")
    return [
        Draft(
            f"{suite.name}-one-operation",
            "the page's example without its endorsement",
            suite,
            "bill",
            "unlock",
            [unlock],
            SIGNER,
        ),
        Draft(
            f"{suite.name}-all-or-nothing",
            "three operations in the order given; field 8 is 1",
            suite,
            "bill",
            "enter",
            list(BATCH),
            SIGNER,
            all_or_nothing=True,
        ),
        Draft(
            f"{suite.name}-endorsed",
            "one endorsement, the page's example",
            suite,
            "bill",
            "unlock",
            [unlock],
            SIGNER,
            endorsers=ENDORSERS[:1],
        ),
        Draft(
            f"{suite.name}-endorsed-twice",
            "a batch and two endorsements: both sign the same bytes, in any order",
            suite,
            "bill",
            "enter",
            list(BATCH[:2]),
            SIGNER,
            all_or_nothing=True,
            endorsers=ENDORSERS,
        ),
        Draft(
            f"{suite.name}-unicode",
            "text is UTF-8, not normalized; lengths count bytes",
            suite,
            "bill",
            "unlock",
            [unicode],
            SIGNER,
        ),
        Draft(
            f"{suite.name}-repeated",
            "bytes, and a repeated text with an empty element, which is written",
            suite,
            "identity",
            "register",
            [register],
            SIGNER,
        ),
    ]


def _extreme(suite: Suite) -> list[Draft]:
    largest = (fixed.order(suite) - LARGEST[suite.name]).to_bytes(32, "big")
    return [
        Draft(
            f"{suite.name}-largest",
            "the largest integers and the largest private key; names of 32 and 64 bytes",
            suite,
            "c" * 64,
            "m" * 64,
            [
                EnterRequest(bill=FIRST, amount_fen=I64 - 1),
                LockRequest(bill=FIRST, expires_ms=U64 - 1),
            ],
            largest,
            nonce=b"\xff" * 16,
            last_height=U64 - 1,
            chain_id="n" * 32,
        ),
        Draft(
            f"{suite.name}-smallest",
            "zero and empty are left out, a negative number takes ten bytes; an empty operation",
            suite,
            "c",
            "m",
            [
                EnterRequest(bill=BillKey(), amount_fen=0),
                EnterRequest(amount_fen=-1),
                EnterRequest(bill=FIRST, amount_fen=-I64),
                UnlockRequest(),
            ],
            short_x(suite),
            nonce=bytes(16),
            last_height=1,
            chain_id="n",
        ),
        Draft(
            f"{suite.name}-lengths",
            "lengths and numbers about 127, where a varint grows",
            suite,
            "bill",
            "lock",
            [
                LockRequest(bill=BillKey(code="1" * 127), purpose="p" * 128, expires_ms=127),
                LockRequest(bill=BillKey(code="1" * 125), expires_ms=128),
                LockRequest(purpose="p" * 125, expires_ms=16383),
                LockRequest(purpose="p" * 126, expires_ms=16384),
            ],
            SIGNER,
            last_height=128,
        ),
    ]
