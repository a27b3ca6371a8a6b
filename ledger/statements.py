"""What a validator signs before a block is final: proposal, prevote, precommit for no block.

Precommit for a block and COMMITTED stand in `ledger.certificate`. The bytes are here, not in the
room that signs them, because contracts check them too, as evidence of a validator that said two
things at once (`ledger.equivocation`).
"""

from crypto.domain import tagged
from ledger.codec import Writer
from ledger.limits import HASH_BYTES


def proposal_value(pol_round: int, block_hash: bytes, parts: int, parts_root: bytes) -> bytes:
    """What a proposal says: the justifying round or -1, the block, in how many parts it travels."""
    writer = Writer().u32(pol_round + 1).fixed(block_hash, HASH_BYTES)
    return writer.u32(parts).fixed(parts_root, HASH_BYTES).done()


def proposal_bytes(chain_id: str, height: int, round: int, value: bytes) -> bytes:
    """The bytes a proposer signs for a `proposal_value`, domain tag included."""
    writer = Writer().text(chain_id).u64(height).u32(round).lp(value)
    return tagged("yilian/proposal/v1", writer.done())


def prevote_bytes(chain_id: str, height: int, round: int, block_hash: bytes) -> bytes:
    """The bytes signed for a prevote; an empty hash is a prevote for no block."""
    writer = Writer().text(chain_id).u64(height).u32(round).lp(block_hash)
    return tagged("yilian/prevote/v1", writer.done())


def precommit_nil_bytes(chain_id: str, height: int, round: int) -> bytes:
    """The bytes signed for a precommit for no block.

    They have a tag of their own, so that nothing but a decision can ever stand in a certificate.
    """
    writer = Writer().text(chain_id).u64(height).u32(round).lp(b"")
    return tagged("yilian/precommit-nil/v1", writer.done())
