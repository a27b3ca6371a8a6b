"""What preparing works with: one chain, one custodian, and what most subjects do with both."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crypto import Suite
from documents import (
    Dialect,
    Finding,
    InstitutionTable,
    PayloadPlain,
    StandardForm,
    make_payload,
)
from documents.payload import SECRET_BYTES
from faults import Rejected
from ledger.commitment import Committed, commit_form
from node.custodian.accounts import Accounts
from node.custodian.attribution import Attribution
from node.custodian.bodies import Bodies
from node.custodian.callers import Callers
from node.custodian.chain_reader import ChainReader
from node.custodian.codes import NO_PERSONS
from node.custodian.payloads import Payloads
from node.custodian.people import Person
from node.custodian.reading import to_messages
from proto.services_pb2 import PrepareReply
from proto.transaction_pb2 import SealedPayload


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that preparing needs. `accounts` is None when the organisation keeps no persons.

    `derive` gives 32 bytes that only this vault can make, the same for the same parts.
    """

    suite: Suite
    chain: ChainReader
    payloads: Payloads
    bodies: Bodies
    callers: Callers
    accounts: Accounts | None
    institutions: InstitutionTable
    dialects: tuple[Dialect, ...]
    derive: Callable[..., bytes]

    def persons(self) -> Accounts:
        """The accounts; Rejected(CUSTODIAN_NO_PERSONS) when the organisation keeps none."""
        if self.accounts is None:
            raise Rejected(NO_PERSONS)
        return self.accounts

    def owner(self, account_id: str | None) -> Person | None:
        """The person of an open account; None for "", and where no persons are kept."""
        if self.accounts is None or not account_id:
            return None
        return self.accounts.person(account_id)

    def seal(
        self, form: StandardForm, document: bytes, person: Person | None
    ) -> tuple[Committed, SealedPayload]:
        """Commit under a fresh secret and seal to the person, else to the organisation."""
        return self.seal_plain(
            make_payload(form, secrets.token_bytes(SECRET_BYTES), document), person
        )

    def seal_plain(
        self, plain: PayloadPlain, person: Person | None
    ) -> tuple[Committed, SealedPayload]:
        """Commit to a plaintext under its own secret, and seal it."""
        committed = commit_form(plain.schema, plain.public, plain.private, plain.secret)
        return committed, self.payloads.seal(plain, committed.pcommit, person)


def reply(
    key: str,
    attribution: Attribution,
    bodies: Sequence[bytes],
    findings: Sequence[Finding] = (),
) -> PrepareReply:
    """The answer about the object at `key`."""
    return PrepareReply(
        bodies=bodies,
        object=key,
        account_id=attribution.account_id or "",
        attribution=attribution.kind,
        attribution_reason=attribution.sentence,
        findings=to_messages(findings),
    )
