"""Trying a request without keeping what it does, and what a refusal may leave behind."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
from google.protobuf.message import Message

from contracts.framework import Method
from contracts.registry import OperationResult
from contracts.state_view import StateView
from contracts.trace import record_class
from ledger.records import decode
from ledger.trace import decode_event
from tests.contracts.harness import Chain, key_bytes
from tests.contracts.refusals.scene import METHODS
from tests.contracts.refusals.spoiling import PERSON

# What any method can refuse with (docs/contracts.md).
GENERAL = (
    "UNKNOWN_IDENTITY",
    "IDENTITY_REVOKED",
    "ORGANISATION_SUSPENDED",
    "ORGANISATION_REMOVED",
    "NOT_PERMITTED",
    "ENDORSEMENTS_MISSING",
    "MALFORMED_REQUEST",
)
FIELD_CHARACTERS_MAX = 500


@dataclass(frozen=True)
class Tried:
    """One operation's result on a chain, and what it would write."""

    name: str
    chain: Chain
    result: OperationResult
    writes: dict[str, bytes | None]
    raw: bytes

    @property
    def code(self) -> str:
        return self.result.code

    def refused(self, *codes: str) -> None:
        """Refused, with one of these codes if any are given; documented, and nothing written."""
        about = (self.name, self.code, dict(self.result.fields))
        assert self.code != "OK", about
        assert not codes or self.code in codes, about
        self.documented()

    def documented(self) -> None:
        """If it was refused: by a declared code, leaving at most a saved failure."""
        if self.code == "OK":
            return
        method = METHODS[self.name]
        declared = {one.name for one in method.errors}
        assert self.code in {*declared, *GENERAL}, (self.name, "undeclared", self.code)
        assert self.result.result == b""
        for name, value in self.result.fields.items():
            assert len(value) <= FIELD_CHARACTERS_MAX, (self.name, self.code, name, len(value))
            assert PERSON not in value, (self.name, self.code, name, "shows a person")
        self._left(method)

    def _left(self, method: Method) -> None:
        """Nothing, or exactly the failure in the trace of the object that the method names."""
        if not self.writes:
            assert not self.result.events, (self.name, self.code)
            return
        assert method.saves_failure is not None, (self.name, self.code, sorted(self.writes))
        key = method.saves_failure(method.request.FromString(self.raw))
        assert list(self.writes) == [key], (self.name, self.code, sorted(self.writes))
        ((object_key, event),) = self.result.events
        saved = decode_event(event)
        assert (object_key, saved.action, saved.code) == (key, method.name, self.code)
        before, after = _untraced(key, self.chain.state[key]), _untraced(key, self.writes[key])
        assert before == after, (self.name, self.code)


def _untraced(key: str, raw: bytes | None) -> Any:
    cls = record_class(key)
    assert cls is not None and raw is not None
    return msgspec.structs.replace(decode(cls, raw), trace_count=0, trace_head=b"")


def attempt(
    chain: Chain,
    who: str,
    name: str,
    request: Message | bytes,
    endorsers: Iterable[str] = (),
) -> Tried:
    """Apply one operation in the next block; the chain stays as it is."""
    raw = request if isinstance(request, bytes) else request.SerializeToString(deterministic=True)
    chain.height += 1
    chain.time_ms += 1_000
    try:
        (result,), view = chain.apply(chain.parsed(key_bytes(who), name, [raw], endorsers))
    finally:
        chain.height -= 1
        chain.time_ms -= 1_000
    return Tried(name, chain, result, changes(chain, view), raw)


def changes(chain: Chain, view: StateView) -> dict[str, bytes | None]:
    """What would be other than it is."""
    writes = view.writes()
    return {key: writes[key] for key in sorted(writes) if writes[key] != chain.state.get(key)}


def keep(chain: Chain, tried: Tried) -> None:
    """Let what was tried stand."""
    for key, value in tried.writes.items():
        if value is None:
            chain.state.pop(key, None)
        else:
            chain.state[key] = value


def answer(tried: Tried) -> dict[str, Any]:
    return dict(json.loads(tried.result.result))
