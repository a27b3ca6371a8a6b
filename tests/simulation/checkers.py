"""What must hold in every run, each named by the letter of the fault matrix (docs/reliability.md).

A agreement, P prefix, D durability, S single sign, R replay, O once, L liveness, B bounds, and
H halt: a node that was not damaged never stops by itself.
"""

from dataclasses import dataclass, field

from consensus.machine import FUTURE_PROPOSALS_MAX, FUTURE_VOTES_PER_VALIDATOR
from consensus.messages import VoteKind
from consensus.votes import FAR_ROUNDS, ROUNDS_AHEAD
from ledger.block import block_hash
from ledger.certificate import verify_certificate
from ledger.kv import MemoryKeyValue
from node.block_store import BlockStore
from node.executor import Executor
from node.mempool import Pool, PoolLimits
from tests.simulation.fakes import SUITE, NoThreads

WAL_BYTES_MAX = 4 * 1024 * 1024


@dataclass(frozen=True)
class Violation:
    checker: str
    what: str

    def __str__(self) -> str:
        return f"{self.checker}: {self.what}"


@dataclass
class Checkers:
    """Sees everything that honest nodes do; keeps what is wrong in `violations`."""

    violations: list[Violation] = field(default_factory=list)
    decided: dict[int, bytes] = field(default_factory=dict)
    acknowledged: dict[bytes, int] = field(default_factory=dict)
    signed: dict[tuple, bytes] = field(default_factory=dict)
    chains: dict[str, list[bytes]] = field(default_factory=dict)

    def report(self, checker: str, what: str) -> None:
        self.violations.append(Violation(checker, what))

    # ---- as it happens

    def committed(self, node: str, height: int, digest: bytes, hashes) -> None:
        """A: no two honest nodes commit different blocks. P: heights come one by one."""
        if self.decided.setdefault(height, digest) != digest:
            self.report("A", f"{node} committed another block at height {height}")
        chain = self.chains.setdefault(node, [])
        if height != len(chain) + 1:
            self.report("P", f"{node} committed height {height} after {len(chain)}")
        chain.append(digest)
        for tx_hash in hashes:
            if self.acknowledged.setdefault(tx_hash, height) != height:
                self.report("O", f"a transaction stands at heights {height} and another")

    def started(self, node: str, executor: Executor) -> None:
        """P, D: after a restart everything that was committed is there, and nothing more."""
        chain, store = self.chains.setdefault(node, []), executor.store
        height = store.height()
        if height == len(chain) + 1 and (stored := store.header(height)) is not None:
            # Durable, but the crash came before anybody could be told.
            raw = store.block(height).transactions
            hashes = [executor.admission.parse(one).hash for one in raw]
            self.committed(node, height, stored[0], hashes)
        if height != len(chain):
            self.report("D", f"{node} came back at height {height}, not {len(chain)}")
            return
        for number in range(max(1, height - 2), height + 1):
            stored = store.header(number)
            if stored is None or stored[0] != chain[number - 1]:
                self.report("D", f"{node} came back with another block {number}")

    def wiped(self, node: str) -> None:
        self.chains[node] = []

    def said(self, key: bytes, place: tuple, statement: bytes) -> None:
        """S: one statement a place, for the life of a key, whatever was lost in between."""
        if self.signed.setdefault((key, *place), statement) != statement:
            self.report("S", f"two statements of one key at {place}")

    def bounds(self, name: str, node) -> None:
        """B: whatever peers send, buffers stay within what the code says."""
        state = getattr(node.driver, "_state", None)
        if state is None:
            return
        members = len(state.electorate.members)
        next_members = len(node.executor.validators(state.height + 1).validators)
        future_max = FUTURE_PROPOSALS_MAX + FUTURE_VOTES_PER_VALIDATOR * next_members
        if len(state.future) > future_max:
            self.report("B", f"{name} keeps {len(state.future)} messages of the next height")
        near = state.round + 1 + ROUNDS_AHEAD  # every round of the height so far, and a few ahead
        if len(state.votes.tallies) > len(VoteKind) * (near + FAR_ROUNDS * members):
            self.report("B", f"{name} keeps {len(state.votes.tallies)} tallies")
        for file in node.disk._names.values():
            if len(file.content) > WAL_BYTES_MAX:
                self.report("B", f"{name} has a log of {len(file.content)} bytes")

    # ---- at the end

    def finish(self, nodes, genesis: bytes) -> None:
        """D, O, R over the longest honest chain, against the others and against a replay."""
        longest = max(nodes, key=lambda node: node.executor.height())
        self.stored(longest)
        for node in nodes:
            self.same(longest, node)
        self.replays(longest, genesis)

    def stored(self, node) -> None:
        """D: what was acknowledged is in the chain. O: once, also by (signer, nonce)."""
        seen: dict[bytes, int] = {}
        pairs = set()
        for height in range(1, node.executor.height() + 1):
            block, certificate = node.executor.block(height)
            verify_certificate(SUITE, node.executor.validators(height), certificate)
            if certificate.block_hash != block_hash(SUITE, block.header):
                self.report("D", f"the certificate of height {height} is of another block")
            for raw in block.transactions:
                parsed = node.executor.admission.parse(raw)
                pair = (parsed.body.signer, parsed.body.nonce)
                if parsed.hash in seen or pair in pairs:
                    self.report("O", f"a transaction stands twice, at last at height {height}")
                seen[parsed.hash] = height
                pairs.add(pair)
        lost = [h for h, at in self.acknowledged.items() if seen.get(h) != at]
        if lost:
            self.report("D", f"{len(lost)} acknowledged transactions are not where they were")

    def same(self, one, other) -> None:
        """A, R: at a common height the states are the same, byte for byte."""
        height = min(one.executor.height(), other.executor.height())
        if height == 0:
            return
        if one.executor.store.header(height) != other.executor.store.header(height):
            self.report("A", f"{one.name} and {other.name} differ at height {height}")
        elif one.executor.height() == other.executor.height() and dict(
            one.executor.tree.scan("")
        ) != dict(other.executor.tree.scan("")):
            self.report("R", f"states of {one.name} and {other.name} differ at height {height}")

    def replays(self, node, genesis: bytes) -> None:
        """R: the chain, executed again from genesis, gives the same roots and the same state."""
        fresh = new_executor(Executor, MemoryKeyValue(), genesis)
        for height in range(1, node.executor.height() + 1):
            block, certificate = node.executor.block(height)
            reason = fresh.execute(block)
            if reason is not None:
                self.report("R", f"height {height} does not replay: {reason}")
                return
            fresh.commit(block, certificate)
        if dict(fresh.tree.scan("")) != dict(node.executor.tree.scan("")):
            self.report("R", "the replayed state is another one")


def new_executor(kind, kv, genesis: bytes):
    """An executor without threads."""
    executor = kind(BlockStore(kv), genesis, Pool(PoolLimits()))
    executor.admission.close()
    executor.admission._threads = NoThreads()
    return executor
