"""Transport envelopes: padding, binding to the packet, one form only."""

import pytest

from crypto import GM, CryptoError, aead, envelope, open_envelope, seal_envelope, sm2, tagged
from crypto.codes import CANNOT_DECRYPT, KEY_PUBLIC_INVALID, SEALED_MALFORMED, SEALED_TOO_LARGE
from faults import Misuse, Rejected

PRIVATE = GM.generate_private_key()
PUBLIC = GM.public_key(PRIVATE)
PACKET = bytes(range(32))
KIB32 = 32 * 1024


def padded_size(sealed: bytes) -> int:
    return len(sealed) - 3 - int.from_bytes(sealed[1:3], "big") - 12 - 16


@pytest.mark.parametrize(
    ("size", "bucket"),
    [
        (0, 512),
        (508, 512),
        (509, 2048),
        (2044, 2048),
        (2045, 8192),
        (8188, 8192),
        (8189, KIB32),
        (KIB32 - 4, KIB32),
        (KIB32 - 3, 2 * KIB32),
        (2 * KIB32 - 4, 2 * KIB32),
        (2 * KIB32 - 3, 3 * KIB32),
    ],
)
def test_lengths_are_hidden_in_buckets(size: int, bucket: int) -> None:
    plaintext = bytes(1 + i % 255 for i in range(size))
    sealed = seal_envelope(PUBLIC, PACKET, plaintext)
    assert padded_size(sealed) == bucket
    assert open_envelope(PRIVATE, PACKET, sealed) == plaintext


def test_trailing_zeros_of_the_text_are_kept() -> None:
    for plaintext in (bytes(100), b"x" + bytes(507)):
        sealed = seal_envelope(PUBLIC, PACKET, plaintext)
        assert open_envelope(PRIVATE, PACKET, sealed) == plaintext


def test_the_largest_fits_and_no_larger() -> None:
    largest = bytes(envelope.PLAINTEXT_SIZE_MAX)
    sealed = seal_envelope(PUBLIC, PACKET, largest)
    assert len(sealed) <= envelope.ENVELOPE_SIZE_MAX
    assert open_envelope(PRIVATE, PACKET, sealed) == largest
    with pytest.raises(Rejected) as caught:
        seal_envelope(PUBLIC, PACKET, largest + b"\0")
    assert caught.value.code is SEALED_TOO_LARGE
    with pytest.raises(Rejected) as caught:
        open_envelope(PRIVATE, PACKET, bytes(envelope.ENVELOPE_SIZE_MAX + 1))
    assert caught.value.code is SEALED_TOO_LARGE


def test_it_opens_for_its_router_and_packet_only() -> None:
    sealed = seal_envelope(PUBLIC, PACKET, b"standard form")
    for private, packet in ((GM.generate_private_key(), PACKET), (PRIVATE, bytes(32))):
        with pytest.raises(CryptoError) as caught:
            open_envelope(private, packet, sealed)
        assert caught.value.code is CANNOT_DECRYPT


def test_any_number_of_envelopes_carry_one_packet() -> None:
    made = {seal_envelope(PUBLIC, PACKET, b"standard form") for _ in range(20)}
    assert len(made) == 20
    assert {open_envelope(PRIVATE, PACKET, sealed) for sealed in made} == {b"standard form"}


@pytest.mark.slow
def test_every_flipped_byte_is_refused() -> None:
    sealed = seal_envelope(PUBLIC, PACKET, b"standard form")
    for index in range(len(sealed)):
        for bit in (1, 0x80):
            changed = bytearray(sealed)
            changed[index] ^= bit
            with pytest.raises(Rejected) as caught:
                open_envelope(PRIVATE, PACKET, bytes(changed))
            assert caught.value.code in (CANNOT_DECRYPT, SEALED_MALFORMED)


def test_every_cut_is_refused() -> None:
    sealed = seal_envelope(PUBLIC, PACKET, b"standard form")
    for size in range(len(sealed)):
        with pytest.raises(Rejected) as caught:
            open_envelope(PRIVATE, PACKET, sealed[:size])
        assert caught.value.code is SEALED_MALFORMED
    for extra in (1, 512, 2048 - 512):
        with pytest.raises(Rejected):
            open_envelope(PRIVATE, PACKET, sealed + bytes(extra))


def forged(padded: bytes, key_size: int = 16) -> bytes:
    """An envelope around any padded text, as a dishonest but recognised router could make it."""
    key = bytes(range(key_size))
    wrapped = sm2.wrap(PUBLIC, key)
    head = b"\x01" + len(wrapped).to_bytes(2, "big") + wrapped
    aad = tagged("yilian/envelope/v1", PACKET, head)
    return head + bytes(12) + aead.sm4_gcm_seal(key[:16], bytes(12), padded, aad)


def test_the_forger_of_these_tests_can_forge() -> None:
    assert open_envelope(PRIVATE, PACKET, forged(b"\0\0\0\x02ok" + bytes(506))) == b"ok"


@pytest.mark.parametrize(
    "padded",
    [
        b"\0\0\0\x02ok" + bytes(505) + b"\1",  # padding that is not zero
        b"\0\0\x01\xfd" + bytes(508),  # longer than the bucket by one
        b"\xff\xff\xff\xff" + bytes(508),
        b"\0\0\0\x02ok" + bytes(2042),  # a larger bucket than needed
        b"\0\0\0\x02ok" + bytes(KIB32 - 6),
    ],
)
def test_other_paddings_are_refused(padded: bytes) -> None:
    with pytest.raises(Rejected) as caught:
        open_envelope(PRIVATE, PACKET, forged(padded))
    assert (caught.value.code, caught.value.fields) == (SEALED_MALFORMED, {"part": "padding"})


@pytest.mark.parametrize("size", [0, 3, 511, 513, 2047, 4096, KIB32 + 1, KIB32 + 512])
def test_sizes_that_are_no_bucket_are_refused(size: int) -> None:
    with pytest.raises(Rejected) as caught:
        open_envelope(PRIVATE, PACKET, forged(bytes(size)))
    assert (caught.value.code, caught.value.fields) == (SEALED_MALFORMED, {"part": "ciphertext"})


def test_a_key_of_another_size_is_refused() -> None:
    with pytest.raises(CryptoError) as caught:
        open_envelope(PRIVATE, PACKET, forged(bytes(512), key_size=32))
    assert caught.value.code is CANNOT_DECRYPT


def test_other_versions_are_refused() -> None:
    sealed = seal_envelope(PUBLIC, PACKET, b"x")
    for version in (0, 2, 255):
        with pytest.raises(Rejected) as caught:
            open_envelope(PRIVATE, PACKET, bytes((version,)) + sealed[1:])
        assert caught.value.fields == {"part": "version"}


def test_bad_arguments() -> None:
    for packet in (b"", bytes(31), bytes(33)):
        with pytest.raises(Misuse):
            seal_envelope(PUBLIC, packet, b"x")
        with pytest.raises(Misuse):
            open_envelope(PRIVATE, packet, seal_envelope(PUBLIC, PACKET, b"x"))
    with pytest.raises(CryptoError) as caught:
        seal_envelope(bytes(65), PACKET, b"x")
    assert caught.value.code is KEY_PUBLIC_INVALID
