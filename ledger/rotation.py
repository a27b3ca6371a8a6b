"""The statement by which a key takes another one's place as an identity (SPEC.md section 6)."""

from crypto.domain import tagged
from ledger.codec import Writer
from ledger.limits import PUBLIC_KEY_BYTES


def rotation_bytes(chain_id: str, old_key: bytes, new_key: bytes, height: int) -> bytes:
    """What the new key signs to take the old one's place, domain tag included.

    `height` is a recent block's: the statement holds for the 1,000 blocks after it.
    """
    writer = Writer().text(chain_id).fixed(old_key, PUBLIC_KEY_BYTES)
    writer.fixed(new_key, PUBLIC_KEY_BYTES).u64(height)
    return tagged("yilian/identity-key/v1", writer.done())
