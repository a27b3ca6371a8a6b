"""What the custodian knows about people and the bills that wait for one: typed rows of the vault.

Every change of one event is one batch: a person's key pair is on the disk together with the
identity rows that lead to it before anything is sealed to it or an account id is told to anyone.
"""

import secrets
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from crypto.suites import Suite
from faults import Rejected
from node.custodian.attribution import Facts
from node.custodian.codes import IDENTITY_CONFLICT, IDENTITY_MISSING
from node.custodian.vault import Row, Table, Vault

ACCOUNT_ID_BYTES = 16
WAITING_PER_IDENTIFIER_MAX = 64
"""Queued bills found again through one identifier; further ones wait for a clerk."""

RESIDENT_CARD = "01"

T = TypeVar("T", bound=msgspec.Struct)


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A person's key pair and the identifiers that lead to it. Never leaves the custodian."""

    account_id: str
    suite: str
    private_key: bytes
    public_key: bytes
    insured_type: str
    certificate_type: str
    certificate: str
    insured_number: str


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A bill of the unbound queue: why it waits, and what may attribute it later."""

    object: str
    reason: str
    code: str
    number: str
    payer_code: str
    payer_name: str
    insured_number: str
    settlement_id: str

    def facts(self) -> Facts:
        """The row as the attribution function takes it."""
        return Facts(
            code=self.code,
            number=self.number,
            payer_code=self.payer_code,
            payer_name=self.payer_name,
            insured_number=self.insured_number,
            settlement_id=self.settlement_id,
        )


class _Objects(msgspec.Struct, frozen=True):
    objects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """A verified identity. An empty identifier is one that isn't known; both empty is refused."""

    certificate_type: str
    certificate: str
    insured_number: str
    insured_type: str


class People:
    """Persons, links and the unbound queue. Callers hold the service's lock over a whole change."""

    def __init__(self, vault: Vault, suite: Suite) -> None:
        self._vault = vault
        self._suite = suite

    # ---- persons

    def person(self, account_id: str) -> Person | None:
        """The person behind an account id, or None."""
        return self._load(Person, Table.PERSON, account_id)

    def by_certificate(self, certificate_type: str, certificate: str) -> Person | None:
        """The person with this certificate, or None."""
        return self._follow(Table.CERTIFICATE, certificate_type, certificate.upper())

    def by_insured_number(self, insured_number: str) -> Person | None:
        """The person with this number in the insurance system, or None."""
        return self._follow(Table.INSURED, insured_number)

    def find(self, identity: Identity) -> Person | None:
        """The person of this identity, or None; writes nothing.

        Raises Rejected(CUSTODIAN_IDENTITY_MISSING, CUSTODIAN_IDENTITY_CONFLICT).
        """
        if not identity.certificate and not identity.insured_number:
            raise Rejected(IDENTITY_MISSING)
        return self._known(identity)

    def proposed(self, identity: Identity) -> Person:
        """The one person of this identity, a new one with an account id and a key pair.

        Nothing is written: `keep` it before anybody learns of it. Raises Rejected
        (CUSTODIAN_IDENTITY_MISSING, CUSTODIAN_IDENTITY_CONFLICT).
        """
        known = self.find(identity)
        return self._new(identity) if known is None else _completed(known, identity)

    def keep(self, person: Person, identity: Identity) -> None:
        """Write the person of an identity; the rows are durable when this returns.

        So preparing the same document twice, with or without a crash between, gives one account.
        """
        second_number = (
            identity.insured_number and self.by_insured_number(identity.insured_number) is None
        )
        if person != self.person(person.account_id) or second_number:
            self._vault.write(_person_rows(person, identity.insured_number))

    def find_or_create(self, identity: Identity) -> Person:
        """The one person of this identity, kept."""
        person = self.proposed(identity)
        self.keep(person, identity)
        return person

    def _known(self, identity: Identity) -> Person | None:
        """The person both identifiers agree on; Rejected when they don't."""
        by_certificate = (
            self.by_certificate(identity.certificate_type, identity.certificate)
            if identity.certificate
            else None
        )
        by_number = (
            self.by_insured_number(identity.insured_number) if identity.insured_number else None
        )
        if by_certificate is None or by_number is None:
            known = by_certificate or by_number
        elif by_certificate.account_id != by_number.account_id:
            raise Rejected(IDENTITY_CONFLICT)
        else:
            known = by_certificate
        if known is None:
            return None
        # Moving gives a person a second insured number; a second certificate is someone else.
        same_type = known.certificate_type == identity.certificate_type
        differs = known.certificate.upper() != identity.certificate.upper()
        if identity.certificate and known.certificate and same_type and differs:
            raise Rejected(IDENTITY_CONFLICT)
        return known

    def _new(self, identity: Identity) -> Person:
        private_key = self._suite.generate_private_key()
        return Person(
            account_id=secrets.token_hex(ACCOUNT_ID_BYTES),
            suite=self._suite.name,
            private_key=private_key,
            public_key=self._suite.public_key(private_key),
            insured_type=identity.insured_type,
            certificate_type=identity.certificate_type,
            certificate=identity.certificate,
            insured_number=identity.insured_number,
        )

    # ---- links

    def link_settlement(
        self, settlement_id: str, account_id: str, bill: tuple[str, str] | None
    ) -> None:
        """Remember whose settlement it is and, when its file names one, for which bill it was."""
        rows: list[Row] = []
        if self._vault.get(Table.SETTLEMENT, settlement_id) != account_id.encode():
            rows.append(Row(Table.SETTLEMENT, (settlement_id,), account_id.encode()))
        if bill is not None and self._vault.get(Table.BILL_LINK, *bill) != settlement_id.encode():
            rows.append(Row(Table.BILL_LINK, bill, settlement_id.encode()))
        self._vault.write(rows)

    def settlement_account(self, settlement_id: str) -> str | None:
        """The account id of a settlement, or None."""
        return _text(self._vault.get(Table.SETTLEMENT, settlement_id))

    def settlement_of_bill(self, code: str, number: str) -> str | None:
        """The settlement whose file names this bill, or None."""
        return _text(self._vault.get(Table.BILL_LINK, code, number))

    # ---- the unbound queue

    def queue(self, waiting: Waiting) -> None:
        """Put a bill into the unbound queue; doing it again changes nothing."""
        if self._load(Waiting, Table.UNBOUND, waiting.object) == waiting:
            return
        rows = [_row(Table.UNBOUND, waiting, waiting.object)]
        for identifier in _identifiers(waiting):
            objects = self._waiting_for(identifier)
            full = len(objects) >= WAITING_PER_IDENTIFIER_MAX
            if waiting.object not in objects and not full:
                changed = _Objects((*objects, waiting.object))
                rows.append(_row(Table.WAITING, changed, *identifier))
        self._vault.write(rows)

    def unqueue(self, object_key: str) -> None:
        """Take a bill out of the queue, once the chain has it in an account."""
        waiting = self.waiting(object_key)
        if waiting is None:
            return
        rows = [Row(Table.UNBOUND, (object_key,), None)]
        for identifier in _identifiers(waiting):
            left = tuple(one for one in self._waiting_for(identifier) if one != object_key)
            value = msgspec.msgpack.encode(_Objects(left)) if left else None
            rows.append(Row(Table.WAITING, identifier, value))
        self._vault.write(rows)

    def waiting(self, object_key: str) -> Waiting | None:
        """The queued bill, or None."""
        return self._load(Waiting, Table.UNBOUND, object_key)

    def all_waiting(self) -> list[Waiting]:
        """The whole queue, by object key."""
        rows = (msgspec.msgpack.decode(v, type=Waiting) for v in self._vault.values(Table.UNBOUND))
        return sorted(rows, key=lambda one: one.object)

    def waiting_for(
        self, *, settlement_id: str = "", certificate: str = "", insured_number: str = ""
    ) -> list[str]:
        """Object keys of queued bills that bear one of these identifiers, ascending."""
        wanted = (
            ("settlement", settlement_id),
            ("certificate", certificate.upper()),
            ("insured", insured_number),
        )
        found = {one for kind, value in wanted if value for one in self._waiting_for((kind, value))}
        return sorted(found)

    # ---- nonces

    def use_nonce(self, requester: bytes, nonce: bytes, now_ms: int) -> bool:
        """Use up a request's nonce for ever; False when it was used before."""
        if self._vault.get(Table.NONCE, requester, nonce) is not None:
            return False
        self._vault.write([Row(Table.NONCE, (requester, nonce), now_ms.to_bytes(8, "big"))])
        return True

    # ---- rows

    def _load(self, cls: type[T], table: Table, *parts: str) -> T | None:
        raw = self._vault.get(table, *parts)
        return None if raw is None else msgspec.msgpack.decode(raw, type=cls)

    def _follow(self, table: Table, *parts: str) -> Person | None:
        account_id = _text(self._vault.get(table, *parts))
        return None if account_id is None else self.person(account_id)

    def _waiting_for(self, identifier: tuple[str, str]) -> tuple[str, ...]:
        found = self._load(_Objects, Table.WAITING, *identifier)
        return () if found is None else found.objects


def _row(table: Table, value: msgspec.Struct, *parts: str) -> Row:
    return Row(table, parts, msgspec.msgpack.encode(value))


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else raw.decode()


def _person_rows(person: Person, insured_number: str) -> list[Row]:
    """The person and every identifier that leads there, in one batch."""
    account = person.account_id.encode()
    rows = [_row(Table.PERSON, person, person.account_id)]
    if person.certificate:
        parts = (person.certificate_type, person.certificate.upper())
        rows.append(Row(Table.CERTIFICATE, parts, account))
    numbers = sorted({person.insured_number, insured_number} - {""})
    return rows + [Row(Table.INSURED, (number,), account) for number in numbers]


def _completed(known: Person, identity: Identity) -> Person:
    """The person with what a later document adds; what is known already stays."""
    changes: dict[str, str] = {}
    if identity.certificate and not known.certificate:
        changes["certificate"] = identity.certificate
        changes["certificate_type"] = identity.certificate_type
    if identity.insured_number and not known.insured_number:
        changes["insured_number"] = identity.insured_number
    return msgspec.structs.replace(known, **changes) if changes else known


def _identifiers(waiting: Waiting) -> list[tuple[str, str]]:
    """The index rows by which a queued bill is found again."""
    pairs = (
        ("settlement", waiting.settlement_id),
        ("certificate", waiting.payer_code.upper() if "*" not in waiting.payer_code else ""),
        ("insured", waiting.insured_number),
    )
    return [(kind, value) for kind, value in pairs if value]
