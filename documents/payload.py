"""The plaintext that is sealed and crosses chains: a form, its commitment secret, its
original document.

Canonical MessagePack: one value has one encoding, map keys ascending. Whoever opens a payload
decodes it here, recomputes the commitment from it, and may parse `document` again.
"""

import msgspec

from crypto import sm3
from documents.codes import DOCUMENT_TOO_LARGE, PAYLOAD_MALFORMED
from documents.forms import StandardForm, check_form
from faults import Misuse, Rejected

SECRET_BYTES = 32
MAX_PAYLOAD_BYTES = 16 * 1024 * 1024

_encoder = msgspec.msgpack.Encoder(order="sorted")


class PayloadPlain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a sealed payload holds; `secret` is the commitment's 32 random bytes."""

    schema: str
    public: dict[str, str]
    private: dict[str, str]
    secret: bytes
    document: bytes

    def __repr__(self) -> str:
        return f"<PayloadPlain {len(self.document)} bytes of document>"

    @property
    def form(self) -> StandardForm:
        """The standard form inside."""
        return StandardForm(self.schema, self.public, self.private)


_decoder = msgspec.msgpack.Decoder(PayloadPlain)


def make_payload(form: StandardForm, secret: bytes, document: bytes) -> PayloadPlain:
    """The plaintext of a form and its document. Misuse unless `secret` has 32 bytes."""
    if len(secret) != SECRET_BYTES:
        raise Misuse("a commitment secret has 32 bytes")
    return PayloadPlain(
        schema=form.schema,
        public=dict(form.public),
        private=dict(form.private),
        secret=secret,
        document=document,
    )


def encode_payload(payload: PayloadPlain) -> bytes:
    """The one encoding of a payload. Rejected DOCUMENT_TOO_LARGE over MAX_PAYLOAD_BYTES."""
    raw = _encoder.encode(payload)
    if len(raw) > MAX_PAYLOAD_BYTES:
        raise Rejected(DOCUMENT_TOO_LARGE, limit=MAX_PAYLOAD_BYTES, reason="bytes")
    return raw


def decode_payload(raw: bytes) -> PayloadPlain:
    """A payload from bytes of unknown origin.

    Rejected: DOCUMENT_TOO_LARGE; PAYLOAD_MALFORMED for anything that is not the canonical
    encoding, a secret of another length or a document whose hash is not the one in the form;
    FORM_INVALID for paths or values a form may not have. Nothing else is ever raised for any
    bytes.
    """
    if len(raw) > MAX_PAYLOAD_BYTES:
        raise Rejected(DOCUMENT_TOO_LARGE, limit=MAX_PAYLOAD_BYTES, reason="bytes")
    try:
        payload = _decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Rejected(PAYLOAD_MALFORMED) from None
    if _encoder.encode(payload) != raw:
        raise Rejected(PAYLOAD_MALFORMED, reason="not canonical")
    if len(payload.secret) != SECRET_BYTES:
        raise Rejected(PAYLOAD_MALFORMED, reason="secret")
    check_form(payload.form)
    if payload.private.get("document.sm3") != sm3(payload.document).hex():
        raise Rejected(PAYLOAD_MALFORMED, reason="document")
    return payload
