"""The sealed payload: a document encrypted once, its key wrapped to each who may read it.

The ciphertext is `nonce (12) || AEAD ciphertext || tag (16)`; the associated data is the document's
commitment. GCM does not commit to its key, so two recipients could be given keys that open to
different texts: a reader therefore compares what it opened with the commitment, always.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from crypto.codes import (
    CANNOT_DECRYPT,
    NOT_A_RECIPIENT,
    SEALED_MALFORMED,
    SEALED_TOO_LARGE,
    CryptoError,
)
from crypto.ports import NONCE_SIZE, PUBLIC_KEY_SIZE, TAG_SIZE
from crypto.suites import Suite, suite
from faults import Misuse, Rejected

PLAINTEXT_SIZE_MAX = 8 * 1024 * 1024
RECIPIENTS_MAX = 64
WRAPPED_SIZE_MAX = 512
COMPARTMENT_SIZE_MAX = 64


@dataclass(frozen=True, slots=True)
class SealedBytes:
    """A sealed payload. `keys` holds (compartment, recipient's public key, wrapped content key)."""

    suite: str
    ciphertext: bytes
    keys: tuple[tuple[str, bytes, bytes], ...]


def seal_payload(
    suite: Suite,
    plaintext: bytes,
    *,
    aad: bytes,
    recipients: Sequence[bytes],
    compartment: str = "full",
) -> SealedBytes:
    """Encrypt under a fresh key and nonce, and wrap the key to each recipient.

    Args:
        suite: the suite of the chain that will store it.
        plaintext: at most 8 MiB.
        aad: what the ciphertext is bound to: the commitment's 32 bytes.
        recipients: 1 to 64 different public keys of that suite.
        compartment: the part of the document this key opens; 1 to 64 ASCII bytes.

    Raises:
        Rejected: SEALED_TOO_LARGE; CryptoError KEY_PUBLIC_INVALID for a recipient that is no key.
        Misuse: no recipients, too many, one named twice, or a bad compartment name.
    """
    if len(plaintext) > PLAINTEXT_SIZE_MAX:
        raise Rejected(SEALED_TOO_LARGE, size=len(plaintext), limit=PLAINTEXT_SIZE_MAX)
    if not 1 <= len(recipients) <= RECIPIENTS_MAX or len(set(recipients)) != len(recipients):
        raise Misuse(f"a payload has 1 to {RECIPIENTS_MAX} different recipients")
    if not _is_compartment(compartment):
        raise Misuse("a compartment's name has 1 to 64 printable ASCII bytes")
    key = secrets.token_bytes(suite.key_size)
    nonce = secrets.token_bytes(NONCE_SIZE)
    ciphertext = nonce + suite.seal(key, nonce, plaintext, aad)
    keys = tuple((compartment, recipient, suite.wrap(recipient, key)) for recipient in recipients)
    return SealedBytes(suite.name, ciphertext, keys)


def open_payload(sealed: SealedBytes, *, private_key: bytes, aad: bytes) -> bytes:
    """The plaintext, for one of the recipients; the caller then checks it against the commitment.

    Raises:
        Rejected: SEALED_MALFORMED, UNKNOWN_SUITE; CryptoError NOT_A_RECIPIENT, CANNOT_DECRYPT,
            KEY_PRIVATE_INVALID.
    """
    ciphers, _, key = _content_key(sealed, private_key)
    nonce, ciphertext = sealed.ciphertext[:NONCE_SIZE], sealed.ciphertext[NONCE_SIZE:]
    return ciphers.open(key, nonce, ciphertext, aad)


def rewrap(sealed: SealedBytes, *, private_key: bytes, to: bytes) -> SealedBytes:
    """The same ciphertext with its content key wrapped to `to` and to no one else.

    Raises:
        Rejected: as `open_payload`; CryptoError KEY_PUBLIC_INVALID if `to` is no public key.
    """
    ciphers, compartment, key = _content_key(sealed, private_key)
    return replace(sealed, keys=((compartment, to, ciphers.wrap(to, key)),))


def check_sealed(sealed: SealedBytes) -> None:
    """Whether the parts have forms and sizes that could open; needs no key.

    Raises:
        Rejected: SEALED_MALFORMED naming the part, SEALED_TOO_LARGE, UNKNOWN_SUITE.
    """
    suite(sealed.suite)
    if len(sealed.ciphertext) < NONCE_SIZE + TAG_SIZE:
        raise Rejected(SEALED_MALFORMED, part="ciphertext")
    if len(sealed.ciphertext) > NONCE_SIZE + PLAINTEXT_SIZE_MAX + TAG_SIZE:
        raise Rejected(SEALED_TOO_LARGE, size=len(sealed.ciphertext), limit=PLAINTEXT_SIZE_MAX)
    if not 1 <= len(sealed.keys) <= RECIPIENTS_MAX:
        raise Rejected(SEALED_MALFORMED, part="keys")
    seen: set[tuple[str, bytes]] = set()
    for compartment, recipient, wrapped in sealed.keys:
        if not _is_compartment(compartment):
            raise Rejected(SEALED_MALFORMED, part="compartment")
        if len(recipient) != PUBLIC_KEY_SIZE or (compartment, recipient) in seen:
            raise Rejected(SEALED_MALFORMED, part="recipient")
        if not 1 <= len(wrapped) <= WRAPPED_SIZE_MAX:
            raise Rejected(SEALED_MALFORMED, part="wrapped")
        seen.add((compartment, recipient))


def _content_key(sealed: SealedBytes, private_key: bytes) -> tuple[Suite, str, bytes]:
    """The suite, and compartment and content key of the first entry for this private key."""
    check_sealed(sealed)
    ciphers = suite(sealed.suite)
    opener = ciphers.opener(private_key)
    for compartment, recipient, wrapped in sealed.keys:
        if recipient == opener.public_key:
            key = opener.unwrap(wrapped)
            if len(key) != ciphers.key_size:
                raise CryptoError(CANNOT_DECRYPT)
            return ciphers, compartment, key
    raise CryptoError(NOT_A_RECIPIENT)


def _is_compartment(name: str) -> bool:
    return 1 <= len(name) <= COMPARTMENT_SIZE_MAX and name.isascii() and name.isprintable()
