"""The head of a snapshot: a certified header, and what leads from what we trust to it.

Everything else of a snapshot is checked against the head: the state against its state root, the
latest blocks against the log of block hashes, the traces against the records.
"""

from dataclasses import dataclass

from crypto.suites import Suite
from faults import PeerFault, Rejected
from ledger.block import HEADER_BYTES_MAX, Header, block_hash, history_leaf
from ledger.certificate import CERTIFICATE_BYTES_MAX, Certificate
from ledger.codec import Reader, Writer
from ledger.light_client import LightClientState, follow, update
from ledger.limits import EVIDENCE_LINEAGE_MAX, HASH_BYTES, WINDOW
from ledger.lineage import LineageStep
from ledger.merkle import HashLog
from ledger.validators import VALIDATOR_SET_BYTES_MAX, ValidatorSet
from node.snapshots.codes import SNAPSHOT_UNPROVED

_LOG_BYTES_MAX = 8 + 64 * HASH_BYTES


@dataclass(frozen=True, slots=True)
class SnapshotHead:
    """What stands at the snapshot's height, and the way there.

    changes: every change of the validator set since genesis, oldest first. log: the log of block
    hashes before the window, hashes: those of the window's blocks but the last. The window is the
    last 1,000 blocks up to the snapshot's own: no older transaction can still be replayed.
    """

    header: Header
    certificate: Certificate
    changes: tuple[LineageStep, ...]
    log: HashLog
    hashes: tuple[bytes, ...]

    @property
    def height(self) -> int:
        """The snapshot's height."""
        return self.header.height

    @property
    def first(self) -> int:
        """The window's first height."""
        return self.log.size

    def window(self, suite: Suite) -> dict[int, bytes]:
        """Block hashes of the window by height, the snapshot's own block included."""
        hashes = (*self.hashes, block_hash(suite, self.header))
        return {self.first + index: one for index, one in enumerate(hashes)}

    def encode(self) -> bytes:
        """Canonical bytes, in the order of the fields."""
        writer = Writer().lp(self.header.encode()).lp(self.certificate.encode())
        writer.u32(len(self.changes))
        for step in self.changes:
            writer.lp(step.header.encode()).lp(step.certificate.encode())
            writer.lp(step.next_validators.encode())
        writer.lp(self.log.encode()).u32(len(self.hashes))
        for one in self.hashes:
            writer.fixed(one, HASH_BYTES)
        return writer.done()

    @staticmethod
    def decode(data: bytes) -> "SnapshotHead":
        """Read `encode`'s bytes; MALFORMED otherwise. Checks nothing else."""
        reader = Reader(data, "snapshot head")
        header = Header.decode(reader.lp(HEADER_BYTES_MAX))
        certificate = Certificate.decode(reader.lp(CERTIFICATE_BYTES_MAX))
        changes = tuple(_step(reader) for _ in range(reader.count(EVIDENCE_LINEAGE_MAX)))
        log = HashLog.decode(reader.lp(_LOG_BYTES_MAX))
        hashes = tuple(reader.fixed(HASH_BYTES) for _ in range(reader.count(WINDOW)))
        reader.end()
        return SnapshotHead(header, certificate, changes, log, hashes)


def check_head(
    suite: Suite, content: bytes, height: int, trusted: LightClientState
) -> SnapshotHead:
    """The head of the snapshot at `height`, proved from what we trust (usually genesis).

    Raises PeerFault(SNAPSHOT_UNPROVED): malformed, not certified by the sets in force, or its log
    of block hashes is not the one the header commits to.
    """
    try:
        head = SnapshotHead.decode(content)
        client, announced = follow(trusted, head.changes, head.height)
        client = update(client, head.header, head.certificate, announced)
        if client.frozen or client.height != height or head.header.height != height:
            raise PeerFault(SNAPSHOT_UNPROVED, "another height, or two hashes at one height")
    except Rejected as refused:
        raise PeerFault(SNAPSHOT_UNPROVED, refused.fields.get("reason", "")) from None
    if head.first != max(1, height - WINDOW + 1) or head.first + len(head.hashes) != height:
        raise PeerFault(SNAPSHOT_UNPROVED, "another window")
    log = head.log
    for one in head.hashes:
        log = log.append(suite.hash, history_leaf(one))
    if log.root(suite.hash) != head.header.history_root:
        raise PeerFault(SNAPSHOT_UNPROVED, "another log of block hashes")
    return head


def _step(reader: Reader) -> LineageStep:
    return LineageStep(
        Header.decode(reader.lp(HEADER_BYTES_MAX)),
        Certificate.decode(reader.lp(CERTIFICATE_BYTES_MAX)),
        ValidatorSet.decode(reader.lp(VALIDATOR_SET_BYTES_MAX)),
    )
