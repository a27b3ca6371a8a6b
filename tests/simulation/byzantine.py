"""What a bad validator does besides being two: bad blocks, bent messages, old ones, deaf ears."""

import dataclasses
from enum import IntEnum

from consensus.bisection import EVERYTHING
from consensus.messages import (
    Committed,
    ProposalHead,
    Vote,
    committed_statement,
    decode,
    encode,
    proposal_bytes,
    vote_bytes,
)
from faults import Misuse, PeerFault
from ledger.block import Block, transactions_root
from node.executor import Executor
from tests.simulation.choice import Choice, chance, pick
from tests.simulation.fakes import SUITE, signature_of
from tests.simulation.workload import CHAIN

BAD_BLOCKS = (
    "honest",
    "censors",
    "wrong root",
    "bad signature",
    "replayed",
    "future",
    "unordered history",
    "other proposer",
)


class BadExecutor(Executor):
    """An executor whose blocks are wrong in a way of its choosing. It believes in them itself."""

    def set_up(self, choice: Choice, saw) -> None:
        self._choice, self._saw = choice, saw
        self._mine: set = set()

    def build(self, height, proposer, time_ms, selection=EVERYTHING):
        block = super().build(height, proposer, time_ms, selection)
        kind = pick(self._choice, BAD_BLOCKS)
        if kind == "honest":
            return block
        self._saw(kind)
        header, transactions = block.header, block.transactions
        if kind == "censors":
            return self._without(time_ms, proposer, block)
        if kind == "wrong root":
            name = pick(self._choice, ("state_root", "receipts_root", "next_validators_hash"))
            header = dataclasses.replace(header, **{name: SUITE.hash(b"wrong" + header.state_root)})
        elif kind == "bad signature" and transactions:
            bent = transactions[0][:-1] + bytes([transactions[0][-1] ^ 1])
            transactions = (bent, *transactions[1:])
        elif kind == "replayed" and height > 1:
            old = self.store.block(1 + self._choice(height - 1))
            transactions += old.transactions if old else ()
        elif kind == "future":
            header = dataclasses.replace(header, time_ms=header.time_ms + 3_600_000)
        elif kind == "unordered history":
            header = dataclasses.replace(header, previous_hash=header.history_root)
        elif kind == "other proposer":
            other = pick(self._choice, self.validators(height).validators).public_key
            header = dataclasses.replace(header, proposer=other)
        root = transactions_root(SUITE, transactions)
        made = Block(dataclasses.replace(header, transactions_root=root), transactions)
        self._mine.add(made.header)
        return made

    def execute(self, block):
        return None if block.header in self._mine else super().execute(block)

    def _without(self, time_ms, proposer, block):
        """A valid block without what one signer sent, though it was waiting."""
        waiting = self.pool.take(5_000, 1 << 24)
        if waiting:
            victim = waiting[self._choice(len(waiting))].signer
            self.pool.remove([one.tx_hash for one in waiting if one.signer == victim])
        return super().build(block.header.height, proposer, time_ms)


class Bender:
    """Changes what a bad node sends: small steps of one field, old values, damaged bytes."""

    def __init__(self, key: bytes, choice: Choice) -> None:
        self._key, self._choice = key, choice
        self._sent: list[bytes] = []
        self._values: dict[str, list] = {}

    def __call__(self, data: bytes) -> bytes:
        choice = self._choice
        if len(self._sent) < 64:
            self._sent.append(data)
        else:
            self._sent[choice(64)] = data
        way = choice(6)
        if way <= 2:
            return self._bent(data)
        if way == 3:
            return self._sent[choice(len(self._sent))]
        if way == 4:
            return data[: choice(len(data))] if choice(2) else data + b"\0"
        place = choice(len(data))
        return data[:place] + bytes([data[place] ^ (1 << choice(8))]) + data[place + 1 :]

    def _bent(self, data: bytes) -> bytes:
        """One field changed; signed anew where it is our own word, so that only sense is wrong."""
        try:
            message = decode(data)
        except PeerFault:
            return data
        names = [field.name for field in dataclasses.fields(message)]
        name = pick(self._choice, names)
        value = getattr(message, name)
        known = self._values.setdefault(name, [])
        known.append(value)
        changed = dataclasses.replace(message, **{name: self._other(value, known)})
        if chance(self._choice, 700):
            changed = self._signed(changed)
        try:
            return encode(changed)
        except (Misuse, ValueError, OverflowError, TypeError):
            return data

    def _other(self, value, known):
        choice = self._choice
        if choice(3) == 1:
            return known[choice(len(known))]
        if isinstance(value, IntEnum):
            return pick(choice, list(type(value)))
        if isinstance(value, bool):
            return not value
        if isinstance(value, int):
            return max(0, pick(choice, (value + 1, value - 1, value + 2, 0, 2**20)))
        if isinstance(value, bytes) and value:
            place = choice(len(value))
            return value[:place] + bytes([value[place] ^ 1]) + value[place + 1 :]
        return value

    def _signed(self, message):
        m = message
        if isinstance(m, Vote) and m.validator == self._key:
            statement = vote_bytes(CHAIN, m.kind, m.height, m.round, m.block_hash)
        elif isinstance(m, ProposalHead) and m.proposer == self._key:
            statement = proposal_bytes(CHAIN, m)
        elif isinstance(m, Committed) and m.validator == self._key:
            statement = committed_statement(CHAIN, m)
        else:
            return m
        return dataclasses.replace(m, signature=signature_of(self._key, statement))
