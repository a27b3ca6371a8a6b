"""What every contract is made of: the context it runs in, its methods, and who may call them.

A contract is a class without state; a method takes a context and a typed request and returns a
small JSON object. It reads and writes through the context only. Raising `Rejected` undoes
everything the operation did, except the refusals it asked to keep (失败信息保存).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import msgspec
from google.protobuf.message import Message

from contracts.codes import NOT_PERMITTED, OBJECT_NOT_FOUND
from contracts.fields import shown
from contracts.state_view import R, StateView
from contracts.trace import Traced, record_class
from crypto.suites import Suite
from faults import Code, Rejected, invariant
from ledger.genesis import ADMINISTRATORS
from ledger.records import Record
from ledger.trace import EMPTY_HEAD, Event, encode_event, next_head

OK = "OK"
ENDORSED_BY_MAX = 500

Result = dict[str, str | int]
A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who acts: a registered key, or a channel (`channel:<id>`) when a proved packet acts."""

    public_key: bytes
    org: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BlockContext:
    """The block a transaction stands in. `time_ms` is the block's time, the only clock there is."""

    chain_id: str
    suite: Suite
    height: int
    time_ms: int


class BadDelivery(Exception):
    """What a proved packet's carrier added is wrong (an account, a payload), not the packet.

    The whole operation is refused and the packet keeps waiting: it gets no receipt for its
    carrier's fault. Not a Rejected, so that nothing between here and the registry takes it for one.
    """

    def __init__(self, refusal: Rejected) -> None:
        self.refusal = refusal
        super().__init__(str(refusal))


@dataclass(slots=True)
class Context:
    """One operation's surroundings: the block, the signer and the state as it sees it."""

    chain_id: str
    suite: Suite
    height: int
    time_ms: int
    tx_hash: bytes
    operation_index: int
    signer: Identity
    view: StateView
    endorsers: tuple[Identity, ...] = ()
    events: list[tuple[str, bytes]] = field(default_factory=list)
    saved: list[tuple[str, str]] = field(default_factory=list)
    """Refusals that were saved in their objects' traces: (object key, action)."""
    _kept: list[tuple[str, str]] = field(default_factory=list)

    def load(self, cls: type[R], key: str) -> R | None:
        """The record at `key`, or None."""
        return self.view.load(cls, key)

    def require(self, cls: type[R], key: str, code: Code = OBJECT_NOT_FOUND) -> R:
        """The record at `key`; Rejected(`code`) when there is none."""
        record = self.view.load(cls, key)
        if record is None:
            raise Rejected(code, object=shown(key))
        return record

    def store(self, key: str, record: Record) -> None:
        """Write the record. A traced record must carry the trace that stands in the state."""
        if isinstance(record, Traced):
            before = self.view.load(type(record), key)
            count, head = (before.trace_count, before.trace_head) if before else (0, EMPTY_HEAD)
            invariant(
                (record.trace_count, record.trace_head) == (count, head),
                f"{key} is stored over a newer trace",
            )
        self.view.store(key, record)

    def delete(self, key: str) -> None:
        """Remove a record."""
        self.view.delete(key)

    def emit(self, object_key: str, action: str, code: str = OK, /, **details: str | int) -> None:
        """Append an event to the object's trace and to this operation's receipt.

        An object whose record carries no trace (a channel, a packet) has its event in the receipt
        only, with index 0. Details hold codes, keys and amounts in fen, never personal data. Where
        the transaction is endorsed, they name the endorsers' organisations.
        """
        endorsers = ",".join(sorted({one.org for one in self.endorsers if one.org}))
        if endorsers:
            details["endorsed_by"] = endorsers[:ENDORSED_BY_MAX]
        cls = record_class(object_key)
        record = None if cls is None else self.require(cls, object_key)
        event = encode_event(
            Event(
                index=0 if record is None else record.trace_count,
                action=action,
                time_ms=self.time_ms,
                height=self.height,
                tx_hash=self.tx_hash,
                actor_org=self.signer.org,
                code=code,
                details={name: str(details[name]) for name in sorted(details)},
            )
        )
        if record is not None:
            head = next_head(self.suite.hash, record.trace_head, event)
            changed = msgspec.structs.replace(
                record, trace_count=record.trace_count + 1, trace_head=head
            )
            self.view.store(object_key, changed)
        self.events.append((object_key, event))

    def acting_as(self, identity: Identity) -> "Context":
        """The same operation carried on by another principal, such as a channel."""
        return replace(self, signer=identity)

    def keep_refusal(self, object_key: str, action: str) -> None:
        """Ask that a refusal from here on be saved in the object's trace, if the object exists."""
        self._kept.append((object_key, action))

    def attempt(self, act: Callable[[], A]) -> A:
        """Run `act`. If it is refused, undo it, save the refusals it asked to keep, re-raise."""
        savepoint, events, kept = self.view.savepoint(), len(self.events), len(self._kept)
        saved = len(self.saved)
        try:
            return act()
        except (Rejected, BadDelivery) as refused:
            self.view.rollback(savepoint)
            del self.events[events:], self.saved[saved:]
            if isinstance(refused, Rejected):
                self._save(refused, dict.fromkeys(self._kept[kept:]))
            raise
        finally:
            del self._kept[kept:]

    def _save(self, refused: Rejected, wanted: Iterable[tuple[str, str]]) -> None:
        for object_key, action in wanted:
            if record_class(object_key) is not None and self.view.get(object_key) is not None:
                self.emit(object_key, action, refused.code.name, **refused.fields)
                self.saved.append((object_key, action))

    def save_again(self, refused: Rejected) -> None:
        """Save this operation's refusals once more, after all that its transaction did was undone.

        Where the object itself was of that transaction there is nothing left to save it with.
        """
        wanted, self.saved = self.saved, []
        self.events.clear()
        self._save(refused, wanted)


def has_role(identity: Identity, wanted: Sequence[str]) -> bool:
    """Whether the identity has one of these roles; none wanted: any, but no administrator's."""
    if wanted:
        return any(role in wanted for role in identity.roles)
    return any(role not in ADMINISTRATORS for role in identity.roles)


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may call a method: someone with one of `roles`.

    Empty: any registered identity but the administrators (三员), who have no business here.
    """

    roles: tuple[str, ...] = ()
    orgs: tuple[str, ...] = ()
    validators: bool = False
    """Also the validators' own node keys, which nobody registered as identities."""

    def check(self, identity: Identity) -> None:
        """Raise Rejected(NOT_PERMITTED) unless the identity satisfies the rule."""
        if not has_role(identity, self.roles):
            needs = " or ".join(self.roles) or "a role in business"
            raise Rejected(NOT_PERMITTED, needs=needs, org=identity.org)
        if self.orgs and identity.org not in self.orgs:
            raise Rejected(NOT_PERMITTED, needs=" or ".join(self.orgs), org=identity.org)


@dataclass(frozen=True, slots=True)
class Method:
    """A contract method as declared: the registry runs it, documents list it."""

    name: str
    request: type[Message]
    rule: Rule
    errors: tuple[Code, ...]
    call: Callable[..., Result]
    saves_failure: Callable[[Any], str] | None
    subject: Callable[[Any], str] | None = None


def method(
    *,
    request: type[Message],
    rule: Rule,
    errors: tuple[Code, ...] = (),
    saves_failure: Callable[[Any], str] | None = None,
    subject: Callable[[Any], str] | None = None,
) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Declare a contract method.

    `saves_failure` gives, from the request, the state key of the object in whose trace a refusal is
    kept; without it a refused operation leaves nothing but its receipt. `subject` gives the
    organisation an operation is about, for the permission SELF.
    """

    def declare_method(function: Callable[..., Result]) -> Callable[..., Result]:
        function.__dict__["declared"] = Method(
            function.__name__, request, rule, errors, function, saves_failure, subject
        )
        return function

    return declare_method


class Contract:
    """Base of the contracts. `name` is what transactions call it by.

    Changed rules are another class with the same name and the next `version`; see `versions`.
    """

    name: str = ""
    version: int = 1

    @classmethod
    def methods(cls) -> dict[str, Method]:
        """The declared methods, by name, in the order they stand in the class, inherited first."""
        values = (value for base in reversed(cls.__mro__) for value in vars(base).values())
        found = (getattr(value, "declared", None) for value in values)
        return {one.name: one for one in found if isinstance(one, Method)}
