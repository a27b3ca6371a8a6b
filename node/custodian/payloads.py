"""Sealing, finding and opening payloads: ciphertext in blocks, keys here.

A record says where its payload stands and what it hashes to; whatever was opened is compared with
the record's field commitment before anyone gets to see it.
"""

from dataclasses import dataclass

from google.protobuf.message import DecodeError

from contracts.account import Owned
from contracts.codes import OBJECT_NOT_FOUND
from contracts.payload import PayloadRef, is_sealed_to, payload_hash
from contracts.trace import record_class
from crypto import SealedBytes, Suite, open_payload, rewrap, seal_payload
from documents import PayloadPlain, decode_payload, encode_payload
from faults import Rejected
from ledger.commitment import verify_form
from ledger.records import decode
from ledger.transaction import ParsedTransaction, parse_transaction
from node.custodian.chain_reader import ChainReader
from node.custodian.codes import NO_KEY, PAYLOAD_MISMATCH, PAYLOAD_NOT_FOUND
from node.custodian.methods import find_method
from node.custodian.people import People, Person
from proto.transaction_pb2 import SealedPayload, WrappedKey


@dataclass(frozen=True, slots=True)
class Found:
    """An object of the chain with its sealed payload."""

    key: str
    record: Owned
    sealed: SealedPayload


class Payloads:
    """The payloads of one chain, and the keys this custodian opens them with."""

    def __init__(
        self,
        suite: Suite,
        chain_id: str,
        chain: ChainReader,
        people: People | None,
        private_key: bytes,
    ) -> None:
        """`private_key` is the organisation's own; `people` is None when it keeps no persons."""
        self._suite = suite
        self._chain_id = chain_id
        self._chain = chain
        self._people = people
        self._private_key = private_key
        self._public_key = suite.public_key(private_key)

    def seal(self, plain: PayloadPlain, pcommit: bytes, person: Person | None) -> SealedPayload:
        """Seal to the person's key, or to the organisation's own when nobody is known."""
        recipient = self._public_key if person is None else person.public_key
        sealed = seal_payload(
            self._suite, encode_payload(plain), aad=pcommit, recipients=[recipient]
        )
        return to_message(sealed)

    def owned(self, object_key: str) -> Owned | None:
        """The record of an object that has a payload, or None."""
        cls = record_class(object_key)
        if cls is None or not issubclass(cls, Owned):
            return None
        raw = self._chain.state(object_key)
        return None if raw is None else decode(cls, raw)

    def find(self, object_key: str) -> Found:
        """The object and its payload where it stands now.

        Raises Rejected OBJECT_NOT_FOUND, CUSTODIAN_PAYLOAD_NOT_FOUND.
        """
        record = self.owned(object_key)
        if record is None:
            raise Rejected(OBJECT_NOT_FOUND, object=object_key[:100])
        return Found(object_key, record, self._sealed_at(object_key, record.payload))

    def open_own(self, object_key: str, place: PayloadRef, pcommit: bytes) -> PayloadPlain:
        """The plaintext at a place whose object belongs to no account, sealed to the organisation.

        Raises Rejected as `find` and `open` do.
        """
        sealed = self._sealed_at(object_key, place)
        if not is_sealed_to(sealed, self._public_key):
            raise Rejected(NO_KEY, object=object_key)
        raw = open_payload(to_bytes(sealed), private_key=self._private_key, aad=pcommit)
        return checked_plain(raw, pcommit)

    def open(self, found: Found) -> PayloadPlain:
        """The plaintext, checked against the record's commitment.

        Raises Rejected CUSTODIAN_NO_KEY, CUSTODIAN_PAYLOAD_MISMATCH, and crypto's refusals.
        """
        private_key = self._private_key_for(found)
        raw = open_payload(
            to_bytes(found.sealed), private_key=private_key, aad=found.record.pcommit
        )
        return checked_plain(raw, found.record.pcommit)

    def rewrap(self, found: Found, reader_key: bytes) -> SealedPayload:
        """The same ciphertext with its key wrapped to `reader_key` and to no one else."""
        private_key = self._private_key_for(found)
        sealed = to_bytes(found.sealed)
        # A wrapped key alone says nothing about what it opens: nobody gets one that opens trash.
        raw = open_payload(sealed, private_key=private_key, aad=found.record.pcommit)
        checked_plain(raw, found.record.pcommit)
        return to_message(rewrap(sealed, private_key=private_key, to=reader_key))

    def _sealed_at(self, object_key: str, place: PayloadRef) -> SealedPayload:
        committed = self._chain.transaction(place.tx_hash)
        if committed is None or committed.height != place.height:
            raise Rejected(PAYLOAD_NOT_FOUND, object=object_key)
        parsed = parse_transaction(committed.raw, self._suite, chain_id=self._chain_id)
        sealed = _payload_of(parsed, place.operation)
        if sealed is None or payload_hash(self._suite, sealed.ciphertext) != place.hash:
            raise Rejected(PAYLOAD_NOT_FOUND, object=object_key)
        return sealed

    def _private_key_for(self, found: Found) -> bytes:
        account_id = found.record.account_id
        if self._people is not None and account_id:
            person = self._people.person(account_id)
            if person is not None and is_sealed_to(found.sealed, person.public_key):
                return person.private_key
        if is_sealed_to(found.sealed, self._public_key):
            return self._private_key
        raise Rejected(NO_KEY, object=found.key)


def checked_plain(raw: bytes, pcommit: bytes) -> PayloadPlain:
    """A payload's plaintext that is what `pcommit` commits to; else CUSTODIAN_PAYLOAD_MISMATCH."""
    plain = decode_payload(raw)
    if not verify_form(plain.schema, plain.public, plain.private, plain.secret, pcommit):
        raise Rejected(PAYLOAD_MISMATCH, schema=plain.schema)
    return plain


def to_message(sealed: SealedBytes) -> SealedPayload:
    """The sealed payload as it stands in a request."""
    keys = [
        WrappedKey(compartment=compartment, recipient=recipient, wrapped=wrapped)
        for compartment, recipient, wrapped in sealed.keys
    ]
    return SealedPayload(suite=sealed.suite, ciphertext=sealed.ciphertext, keys=keys)


def to_bytes(payload: SealedPayload) -> SealedBytes:
    """The sealed payload as `crypto` takes it."""
    keys = tuple((key.compartment, key.recipient, key.wrapped) for key in payload.keys)
    return SealedBytes(payload.suite, payload.ciphertext, keys)


def _payload_of(parsed: ParsedTransaction, operation: int) -> SealedPayload | None:
    """The payload in one operation's request, whatever its method."""
    if operation >= len(parsed.body.operations):
        return None
    declared = find_method(parsed.body.contract, parsed.body.method)
    try:
        request = declared.request.FromString(parsed.body.operations[operation])
    except DecodeError:
        return None
    payload = getattr(request, "payload", None)
    return payload if isinstance(payload, SealedPayload) else None
