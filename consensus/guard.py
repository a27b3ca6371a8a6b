"""The last thing this key signed: what keeps an honest validator from ever signing twice.

Its rule: what is signed next stands later in the order (height, round, step), or is byte for byte
what was signed last, and then the old signature is given again.

File: a 512-byte head and two 512-byte slots, written in turn, so that a crash leaves at least the
slot before. A slot torn by a crash held a signature that never left; should an undamaged disk write
rot later, the log still has the message (see `signing.Notary`). With no good slot in a file that
was written to, the node does not know what it signed and must not start (StorageFault).

The head names the record: `FIRST` for the one a key began with (made once, see `begin_first`), else
a random id. A file that is simply not there is such a loss, too: the record begun in its place has
an id that the chain has not admitted, and the node is silent until governance admits it.
"""

import zlib
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from consensus import files
from consensus.codes import SIGNING_REFUSED
from crypto.ports import Signer
from crypto.suites import Suite
from faults import Rejected, StorageFault, failpoint
from ledger.codec import Reader, Writer
from ledger.validators import SIGNING_RECORD_BYTES

_NAME = "last-signed"
_MAGIC = b"yilian-last-signed 1\n"
_SLOT_BYTES = 512
FIRST = b""
"""Id of the record that a key began with; in the file, zeros."""
_BLANK = bytes(_SLOT_BYTES)
_LAST_ROUND = 2**32 - 1


class SignStep(IntEnum):
    """The order of what is signed within a round; COMMITTED is the last word on a height."""

    PROPOSE = 1
    PREVOTE = 2
    PRECOMMIT = 3
    COMMITTED = 4


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a signature stands; the order of places is the order of signing."""

    height: int
    round: int
    step: SignStep

    @classmethod
    def committed(cls, height: int) -> "Place":
        """The place of COMMITTED: one per height, after all its rounds."""
        return cls(height, _LAST_ROUND, SignStep.COMMITTED)


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature, where it stands, and the hash of the bytes it is under."""

    place: Place
    digest: bytes
    signature: bytes


class SigningGuard:
    """Signs with the node's key, never two different statements at one place, never backwards."""

    def __init__(self, path: Path, signer: Signer, suite: Suite, disk: files.Disk) -> None:
        self._path = path
        self._disk = disk
        self._signer = signer
        self._suite = suite
        self._descriptor = -1
        self._slot = 1
        self.record_id = FIRST
        """Which record this is; the chain says which one may sign with this key."""
        self.last: Signed | None = None
        """The durable record; None before the first signature."""

    @classmethod
    def open(
        cls,
        directory: Path,
        signer: Signer,
        suite: Suite,
        disk: files.Disk = files.REAL_DISK,
    ) -> "SigningGuard":
        """Read the record of a directory; StorageFault if there is one and it is damaged."""
        guard = cls(directory / _NAME, signer, suite, disk)
        with files.storage("opening the last-signed record"):
            disk.make_directory(directory)
            if not disk.exists(guard._path):
                name = disk.salt(SIGNING_RECORD_BYTES)
                files.replace(disk, guard._path, _head(name) + 2 * _BLANK)
            content = disk.read(guard._path)
            guard._descriptor = disk.open(guard._path)
            files.settle(disk, guard._path, guard._descriptor)
        guard._load(content)
        return guard

    @staticmethod
    def begin_first(directory: Path, disk: files.Disk = files.REAL_DISK) -> None:
        """Begin the record of a key that has never signed, durably; one that is there stays.

        Only who knows that the key never signed may call this, and only once for a key.
        """
        path = directory / _NAME
        with files.storage("beginning the last-signed record"):
            disk.make_directory(directory)
            if not disk.exists(path):
                files.replace(disk, path, _head(FIRST) + 2 * _BLANK)

    def renew(self) -> None:
        """Begin another record in this one's place: it is older than what the key has signed."""
        with files.storage("renewing the last-signed record"):
            slots = self._disk.read(self._path)[_SLOT_BYTES:]
            name = self._disk.salt(SIGNING_RECORD_BYTES)
            files.replace(self._disk, self._path, _head(name) + slots)
            self._disk.close(self._descriptor)
            self._descriptor = self._disk.open(self._path)
        self.record_id = name

    def sign(self, place: Place, statement: bytes) -> Signed:
        """Sign a statement; Rejected(CONSENSUS_SIGNING_REFUSED) if it would be a second one.

        Nothing is durable yet: the signature must not leave before `save` returned.
        """
        digest = self._suite.hash(statement)
        if self.last is not None and place <= self.last.place:
            if (place, digest) == (self.last.place, self.last.digest):
                return self.last
            raise Rejected(
                SIGNING_REFUSED, height=place.height, round=place.round, step=place.step.name
            )
        failpoint("consensus.sign.before")
        signature = self._signer.sign(statement)
        failpoint("consensus.sign.after")
        return Signed(place, digest, signature)

    def save(self, signed: Signed) -> None:
        """Make a signature the durable last one, unless it or a later one already is."""
        if self.last is not None and signed.place <= self.last.place:
            return
        failpoint("consensus.guard.before")
        slot = 1 - self._slot
        with files.storage("writing the last-signed record"):
            self._disk.seek(self._descriptor, (1 + slot) * _SLOT_BYTES)
            files.write_all(self._disk, self._descriptor, _encode(signed))
            self._disk.sync(self._descriptor)
        self.last, self._slot = signed, slot
        failpoint("consensus.guard.after")

    def admit(self, place: Place, statement: bytes, signature: bytes) -> None:
        """Take in a signature found in the log that a crash kept from being saved here."""
        self.save(Signed(place, self._suite.hash(statement), signature))

    def close(self) -> None:
        """Release the file; the guard can't be used afterwards."""
        if self._descriptor >= 0:
            self._disk.close(self._descriptor)
            self._descriptor = -1

    def _load(self, content: bytes) -> None:
        slots = [content[(1 + i) * _SLOT_BYTES : (2 + i) * _SLOT_BYTES] for i in range(2)]
        if len(content) != 3 * _SLOT_BYTES or not content.startswith(_MAGIC):
            raise StorageFault("the last-signed record is not one; this key must not sign here")
        name = content[len(_MAGIC) :][:SIGNING_RECORD_BYTES]
        if content[:_SLOT_BYTES] != _head(name):
            raise StorageFault("the last-signed record's head is damaged; its key must not sign")
        self.record_id = name.strip(b"\0") and name
        for number, slot in enumerate(slots):
            signed = _decode(slot)
            if signed is not None and (self.last is None or signed.place > self.last.place):
                self.last, self._slot = signed, number
        if self.last is None and slots[1] + slots[0] != 2 * _BLANK:
            # A first signature torn by a crash leaves one blank slot; it never left this machine.
            if slots[1] != _BLANK:
                raise StorageFault("the last-signed record is damaged; this key must not sign here")
            self._slot = 1


def _head(name: bytes) -> bytes:
    name = name.ljust(SIGNING_RECORD_BYTES, b"\0")
    return (_MAGIC + name + zlib.crc32(name).to_bytes(4, "big")).ljust(_SLOT_BYTES, b"\0")


def _encode(signed: Signed) -> bytes:
    place = signed.place
    writer = Writer().u64(place.height).u32(place.round).u8(place.step)
    content = writer.lp(signed.digest).lp(signed.signature).done()
    return (zlib.crc32(content).to_bytes(4, "big") + Writer().lp(content).done()).ljust(
        _SLOT_BYTES, b"\0"
    )


def _decode(slot: bytes) -> Signed | None:
    """The signature in a slot; None if it is blank, torn or damaged."""
    try:
        outer = Reader(slot[4:], "last-signed slot")
        content = outer.lp(_SLOT_BYTES)
        if zlib.crc32(content) != int.from_bytes(slot[:4], "big"):
            return None
        reader = Reader(content, "last-signed record")
        place = Place(reader.u64(), reader.u32(), SignStep(reader.u8()))
        signed = Signed(place, reader.lp(64), reader.lp(128))
        reader.end()
    except (Rejected, ValueError):
        return None
    return signed
