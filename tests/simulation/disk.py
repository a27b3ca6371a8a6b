"""A disk that loses power. It promises what POSIX promises, and nothing else.

What was written and not synced may be lost, kept, torn or left as zeros at a power cut, each write
by itself; a name is durable only once its directory was synced. A killed process loses nothing, but
its unsynced writes stay unsynced, so that a later power cut still can take them.
"""

from dataclasses import dataclass, field
from pathlib import Path

from tests.simulation.choice import Choice


@dataclass(eq=False)
class SimFile:
    durable: bytes = b""
    content: bytes = b""
    pending: list = field(default_factory=list)

    def write(self, offset: int, data: bytes) -> None:
        self.pending.append((offset, data))
        self.content = _written(self.content, offset, data)

    def truncate(self, size: int) -> None:
        self.pending.append((size, None))
        self.content = self.content[:size]

    def sync(self) -> None:
        self.durable, self.pending = self.content, []

    def lose_power(self, choice: Choice) -> bool:
        """Decide the fate of each unsynced write; True if anything became other than it was."""
        before = self.content
        content = self.durable
        for offset, data in self.pending:
            if data is None:
                content = content if choice(2) else content[:offset]
                continue
            fate = choice(4)
            if fate == 0:
                content = _written(content, offset, data)
            elif fate == 2:
                content = _written(content, offset, data[: choice(len(data))])
            elif fate == 3:  # the size is there, the last of the content is not
                kept = choice(len(data))
                content = _written(content, offset, data[:kept] + bytes(len(data) - kept))
        self.durable = self.content = content
        self.pending = []
        return content != before


def _written(content: bytes, offset: int, data: bytes) -> bytes:
    if len(content) < offset:
        content = content.ljust(offset, b"\0")
    return content[:offset] + data + content[offset + len(data) :]


class SimDisk:
    """`consensus.files.Disk`. `passing` is called before each effect and may raise: a crash."""

    syncs_opened = True
    """False is a seeded bug: files opened to be appended to are never synced."""

    def __init__(self, salt_of, passing=lambda name: None) -> None:
        self._salt_of, self.passing = salt_of, passing
        self._names: dict[str, SimFile] = {}
        self._durable_names: dict[str, SimFile] = {}
        self._pending_names: list = []
        self._open: dict[int, list] = {}
        self._next = 3

    # ---- the port

    def make_directory(self, path: Path) -> None:
        pass

    def exists(self, path: Path) -> bool:
        return str(path) in self._names

    def read(self, path: Path) -> bytes:
        return self._names[str(path)].content

    def create(self, path: Path) -> int:
        self.passing("disk.create")
        file = self._names.get(str(path))
        if file is None:
            file = self._names[str(path)] = SimFile()
            self._pending_names.append((str(path), file))
        else:
            file.truncate(0)
        return self._descriptor(file, append=False, created=True)

    def open(self, path: Path, *, append: bool = False) -> int:
        return self._descriptor(self._names[str(path)], append=append)

    def write(self, descriptor: int, data: memoryview) -> int:
        self.passing("disk.write")
        entry = self._open[descriptor]
        file, place, append, _ = entry
        offset = len(file.content) if append else place
        file.write(offset, bytes(data))
        entry[1] = offset + len(data)
        self.passing("disk.written")
        return len(data)

    def seek(self, descriptor: int, offset: int) -> None:
        self._open[descriptor][1] = offset

    def truncate(self, descriptor: int, size: int) -> None:
        self.passing("disk.truncate")
        self._open[descriptor][0].truncate(size)

    def sync(self, descriptor: int) -> None:
        self.passing("disk.sync")
        file, _, _, created = self._open[descriptor]
        if self.syncs_opened or created:
            file.sync()
        self.passing("disk.synced")

    def close(self, descriptor: int) -> None:
        self._open.pop(descriptor, None)

    def rename(self, old: Path, new: Path) -> None:
        self.passing("disk.rename")
        file = self._names.pop(str(old))
        self._names[str(new)] = file
        self._pending_names += [(str(old), None), (str(new), file)]
        self.passing("disk.renamed")

    def sync_directory(self, path: Path) -> None:
        self.passing("disk.sync_directory")
        self._durable_names, self._pending_names = dict(self._names), []

    def salt(self, count: int) -> bytes:
        return self._salt_of(count)

    def _descriptor(self, file: SimFile, *, append: bool, created: bool = False) -> int:
        self._next += 1
        self._open[self._next] = [file, 0, append, created]
        return self._next

    # ---- what can happen to it

    def kill(self) -> None:
        """The process ends; the operating system goes on and forgets nothing."""
        self._open.clear()

    def lose_power(self, choice: Choice) -> bool:
        """The machine ends. True if something unsynced was lost or torn."""
        self._open.clear()
        before = {name: file.content for name, file in self._names.items()}
        self._names = dict(self._durable_names)
        # Directory entries reach the disk in their order; a rename is two of them, taken together.
        kept = len(self._pending_names) - choice(len(self._pending_names) + 1)
        if kept and kept < len(self._pending_names) and self._pending_names[kept - 1][1] is None:
            kept -= 1
        for name, file in self._pending_names[:kept]:
            if file is None:
                self._names.pop(name, None)
            else:
                self._names[name] = file
        self._durable_names, self._pending_names = dict(self._names), []
        for name in sorted(self._names):
            self._names[name].lose_power(choice)
        return before != {name: file.content for name, file in self._names.items()}

    def flip(self, choice: Choice) -> str | None:
        """One bit of one file rots; answers which file."""
        names = [name for name in sorted(self._names) if self._names[name].durable]
        if not names:
            return None
        name = names[choice(len(names))]
        file = self._names[name]
        place = choice(len(file.durable))
        content = bytearray(file.durable)
        content[place] ^= 1 << choice(8)
        file.durable = file.content = bytes(content)
        file.pending = []
        return Path(name).name

    def wipe(self) -> None:
        """The disk is replaced by an empty one."""
        self._names, self._durable_names, self._pending_names = {}, {}, []
        self._open.clear()
