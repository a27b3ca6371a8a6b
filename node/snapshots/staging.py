"""The store that is filled from a snapshot beside the node's own, part by part.

Each part is one synced batch together with the note that it is here and what else is wanted because
of it; so a kill loses the parts under way and nothing else, and the same walk goes on from the
notes. What makes it a chain's store (its height, its root) is written last, in one batch.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from contracts.governance.records import read_change
from crypto.suites import Suite
from faults import failpoint, invariant
from ledger.block import Header, history_leaf
from ledger.certificate import COMMITTED
from ledger.codec import Reader, Writer
from ledger.genesis import Genesis
from ledger.state_parts import Branch, branch_node
from ledger.state_tree import EMPTY_ROOT, StateTree, root_record
from ledger.validators import ValidatorSet
from node.block_store import (
    COMMITTED_CERTIFICATE,
    FORMAT_VERSION,
    HEADER,
    META_BASE,
    META_CHAIN,
    META_FORMAT,
    META_GENESIS,
    META_HEIGHT,
    META_LOG,
    PRECOMMIT_CERTIFICATE,
    VALIDATORS,
    Base,
    Batch,
    BlockStore,
    node_entries,
    u64,
)
from node.snapshots import places
from node.snapshots.head import SnapshotHead
from node.snapshots.messages import Part, PartName
from node.snapshots.parts import RANGE_BLOCKS, Checked, PartChecker, Wanted
from node.store import RocksStore

_NOTES = b"S/"
_HEAD = b"S/head"
_NOTE = b"S/part/"
_FOLLOW_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class _Note:
    """What is remembered of a part that is here."""

    is_leaf: bool
    branch: Branch | None
    follow: tuple[Wanted, ...]

    def encode(self) -> bytes:
        writer = Writer().u8(self.is_leaf).lp(self.branch.encode() if self.branch else b"")
        writer.u32(len(self.follow))
        for wanted in self.follow:
            writer.lp(wanted.encode())
        return writer.done()

    @staticmethod
    def decode(raw: bytes) -> "_Note":
        reader = Reader(raw, "snapshot note")
        is_leaf, branch = reader.u8() == 1, reader.lp(1024)
        follow = tuple(
            Wanted.read(Reader(reader.lp(1024), "wanted part"))
            for _ in range(reader.count(_FOLLOW_MAX))
        )
        return _Note(is_leaf, Branch.read(Reader(branch, "branch")) if branch else None, follow)


class Staging:
    """The store being filled with the snapshot of one head."""

    def __init__(self, home: Path, suite: Suite, head: SnapshotHead, store: RocksStore) -> None:
        self.head = head
        self._home = home
        self._suite = suite
        self._store = store
        self._blocks = BlockStore(store)
        self.checker = PartChecker(suite, head.height, head.window(suite), self._header_at)

    @classmethod
    def open(cls, home: Path, suite: Suite, head: SnapshotHead) -> "Staging":
        """Go on with the store of this very header, or begin a new one."""
        store = RocksStore(home / places.SYNC)
        known = store.get(_HEAD)
        if known is not None and SnapshotHead.decode(known).header != head.header:
            store.close()
            places.discard(home)
            store = RocksStore(home / places.SYNC)
        store.write({_HEAD: head.encode()})
        return cls(home, suite, head, store)

    def close(self) -> None:
        """Release the files; what is here stays for the next time."""
        self._store.close()

    def wanted(self) -> list[Wanted]:
        """All parts that are known to be missing."""
        missing: list[Wanted] = []
        todo = list(self._roots())
        while todo:
            one = todo.pop()
            note = self._note(one.part)
            if note is None:
                missing.append(one)
            else:
                todo.extend(note.follow)
        return missing

    def take(self, wanted: Wanted, checked: Checked) -> None:
        """Keep a part that was checked; durable when this returns."""
        note = _Note(checked.is_leaf, checked.branch, checked.follow)
        failpoint("node.snapshot.part.before")
        self._store.write({**checked.batch, _NOTE + wanted.part.encode(): note.encode()})
        failpoint("node.snapshot.part.after")

    def finish(self, genesis: Genesis, genesis_hash: bytes) -> None:
        """Make it a chain's store and let it take the node's store's place at the next opening."""
        invariant(not self.wanted(), "a snapshot is finished when every part is here")
        batch = self._chain_entries(genesis, genesis_hash)
        batch.update(self._inner_nodes())
        batch.update({key: None for key, _ in self._store.scan(_NOTES)})
        failpoint("node.snapshot.finish.before")
        self._store.write(batch)
        root = StateTree(self._store, self._suite.hash).root(self.head.height)
        invariant(root == self.head.header.state_root, "the state that was taken over has its root")
        self._store.close()
        failpoint("node.snapshot.finish.after")
        places.publish(self._home)

    def _roots(self) -> Iterator[Wanted]:
        head = self.head
        yield Wanted(PartName(Part.STATE), head.header.state_root)
        for first in range(head.first, head.height + 1, RANGE_BLOCKS):
            last = min(first + RANGE_BLOCKS - 1, head.height)
            yield Wanted(PartName(Part.BLOCKS, first=first, last=last))

    def _note(self, part: PartName) -> _Note | None:
        raw = self._store.get(_NOTE + part.encode())
        return _Note.decode(raw) if raw is not None else None

    def _header_at(self, height: int) -> Header | None:
        found = self._blocks.header(height)
        return found[1] if found else None

    def _inner_nodes(self) -> Batch:
        """The nodes above the subtrees that came whole, and the root's entry."""
        height, root = self.head.height, self.head.header.state_root
        empty = root == EMPTY_ROOT
        batch = root_record(height, None if empty else height, root)
        todo = [""]
        while todo:
            path = todo.pop()
            note = self._note(PartName(Part.STATE, path))
            invariant(note is not None, "every part of the state is here")
            if note is None or note.branch is None:
                continue
            leaves = 0
            for digit, _ in note.branch.children():
                below = self._note(PartName(Part.STATE, path + digit))
                leaves |= (below is not None and below.is_leaf) << int(digit, 16)
                todo.append(path + digit)
            batch.update([branch_node(path, height, note.branch, leaves)])
        return batch

    def _chain_entries(self, genesis: Genesis, genesis_hash: bytes) -> Batch:
        head, digest = self.head, self._suite.hash
        log, nodes = head.log, head.log.peaks()
        for _, block_hash in sorted(head.window(self._suite).items()):
            log, added = log.append_with_nodes(digest, history_leaf(block_hash))
            nodes.update(added)
        batch: Batch = {
            META_FORMAT: FORMAT_VERSION,
            META_CHAIN: genesis.chain_id.encode(),
            META_GENESIS: genesis_hash,
            META_HEIGHT: u64(head.height),
            META_LOG: log.encode(),
            META_BASE: Base(head.height, head.first, head.log).encode(),
            **node_entries(nodes),
        }
        sets: dict[int, ValidatorSet] = {1: genesis.validator_set}
        for change in head.changes:
            sets[change.header.height + 1] = change.next_validators
        for header, certificate in (
            *((change.header, change.certificate) for change in head.changes),
            (head.header, head.certificate),
        ):
            committed = certificate.kind == COMMITTED
            prefix = COMMITTED_CERTIFICATE if committed else PRECOMMIT_CERTIFICATE
            batch[prefix + u64(header.height)] = certificate.encode()
            batch[HEADER + u64(header.height)] = certificate.block_hash + header.encode()
        pending = read_change(StateTree(self._store, digest))
        announced = pending is not None and pending[0] > head.height
        if pending is not None and announced and pending[1] != sets[max(sets)]:
            sets[pending[0]] = pending[1]
        batch.update({VALIDATORS + u64(first): one.encode() for first, one in sets.items()})
        return batch
