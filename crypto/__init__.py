"""Cipher suites behind small ports, sealed payloads and envelopes, key files.

`suites` has the two suites, `ports` what a certified device would have to offer in their place,
`domain` the tags that keep purposes apart. Software keys are for development and for what is not
protected at level 3; production keys belong in a certified device behind `ports.Signer`.
"""

from crypto.codes import CryptoError
from crypto.digest import hmac_sm3, sha256, sm3
from crypto.domain import tagged
from crypto.envelope import open_envelope, seal_envelope
from crypto.keystore import create_key, load_key
from crypto.payload import SealedBytes, check_sealed, open_payload, rewrap, seal_payload
from crypto.ports import Opener, Signer
from crypto.sm2 import public_key as sm2_public_key
from crypto.sm2 import verify_der as sm2_verify_der
from crypto.suites import GM, INTL, Suite, suite

__all__ = [
    "GM",
    "INTL",
    "CryptoError",
    "Opener",
    "SealedBytes",
    "Signer",
    "Suite",
    "check_sealed",
    "create_key",
    "hmac_sm3",
    "load_key",
    "open_envelope",
    "open_payload",
    "rewrap",
    "seal_envelope",
    "seal_payload",
    "sha256",
    "sm2_public_key",
    "sm2_verify_der",
    "sm3",
    "suite",
    "tagged",
]
