"""The statement of an identity's rotation, byte for byte."""

from ledger.rotation import rotation_bytes


def test_the_statement_as_specified() -> None:
    old, new = b"\x04" + b"o" * 64, b"\x04" + b"n" * 64
    written = (
        b"yilian/identity-key/v1\0"
        + (7).to_bytes(4, "big")
        + b"yl-test"
        + old
        + new
        + (900).to_bytes(8, "big")
    )
    assert rotation_bytes("yl-test", old, new, 900) == written
