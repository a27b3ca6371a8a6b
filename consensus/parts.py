"""A block in parts: cut, proved piece by piece against a signed root, put together again. Pure.

So a block of many megabytes is many small messages, and a vote never waits behind more than one.
Part i is the i-th `PART_BYTES` of the block; the root is RFC 6962's, by the chain's hash. Who sends
and who is asked is the affair of `delivery`.
"""

from dataclasses import dataclass, field

from consensus.codes import MESSAGE_MALFORMED
from consensus.messages import PART_BYTES, Part, PartRequest, Proposal, ProposalHead
from consensus.votes import ROUNDS_AHEAD
from faults import PeerFault
from ledger import merkle

WINDOW = 32
"""Parts sent, or asked for, at a time: 2 MiB on the way to a node."""

ROUNDS_BACK = 8
"""Earlier rounds whose blocks are still collected and served."""

NEXT_ROUNDS = 2
"""First rounds of the next height whose blocks are collected already."""

OPEN_MAX = 6
"""Blocks being collected at a time; the one farthest from the current round gives way."""

Name = tuple[bytes, int]
"""What a block travels under: root and number of its parts. Both, so that a false number in one
proposal can't spoil another's collection."""


@dataclass(frozen=True, slots=True)
class BlockParts:
    """A whole block and the proofs of its parts."""

    block: bytes
    root: bytes
    paths: tuple[tuple[bytes, ...], ...]

    @property
    def name(self) -> Name:
        """Root and number of parts."""
        return self.root, len(self.paths)

    def part(self, height: int, index: int) -> Part:
        """One part as sent."""
        data = self.block[index * PART_BYTES : (index + 1) * PART_BYTES]
        return Part(height, *self.name, index, self.paths[index], data)


def split(digest: merkle.Digest, block: bytes) -> BlockParts:
    """Cut a block."""
    pieces = [block[at : at + PART_BYTES] for at in range(0, max(1, len(block)), PART_BYTES)]
    paths = merkle.paths(digest, pieces, range(len(pieces)))
    root = merkle.root_from_path(digest, pieces[0], 0, len(pieces), paths[0]) or b""
    return BlockParts(block, root, tuple(paths))


def head_of(proposal: Proposal, parts: BlockParts) -> ProposalHead:
    """What of a proposal travels in one message."""
    return ProposalHead(
        proposal.height,
        proposal.round,
        proposal.pol_round,
        proposal.block_hash,
        len(parts.paths),
        parts.root,
        proposal.proposer,
        proposal.signature,
    )


@dataclass(slots=True)
class Assembly:
    """A block whose parts are coming in."""

    height: int
    name: Name
    found: dict[int, Part] = field(default_factory=dict)
    coming: set[int] = field(default_factory=set)
    """Parts on their way to us, as far as we know."""
    quiet: bool = False
    """No part came since this was last set: whoever was to send them doesn't."""

    def add(self, digest: merkle.Digest, part: Part) -> bool:
        """Keep a part; False if we have it. PeerFault if it is no part of this block."""
        root, count = self.name
        last = part.index == count - 1
        sized = len(part.data) == PART_BYTES or (last and len(part.data) < PART_BYTES)
        if part.index in self.found:
            return False
        if not sized or not merkle.verify_path(
            digest, part.data, part.index, count, part.path, root
        ):
            raise PeerFault(MESSAGE_MALFORMED, "a part that does not belong to its block")
        self.found[part.index], self.quiet = part, False
        self.coming.discard(part.index)
        return True

    def request(self) -> PartRequest | None:
        """The next parts to ask for, if it is time to; they count as coming from now on."""
        if len(self.coming) > WINDOW // 2:
            return None
        missing = [i for i in range(self.name[1]) if i not in self.found and i not in self.coming]
        wanted = missing[: WINDOW - len(self.coming)]
        self.coming.update(wanted)
        bits = sum(1 << index for index in wanted)
        size = (self.name[1] + 7) // 8
        return PartRequest(self.height, *self.name, bits.to_bytes(size, "little")) if bits else None

    def whole(self) -> BlockParts | None:
        """The block, once every part is there."""
        if len(self.found) < self.name[1]:
            return None
        parts = [self.found[index] for index in range(self.name[1])]
        block = b"".join(part.data for part in parts)
        return BlockParts(block, self.name[0], tuple(part.path for part in parts))


def wanted_of(request: PartRequest) -> list[int]:
    """The parts a request names, ascending, at most a window of them."""
    bits = int.from_bytes(request.wanted, "little")
    return [index for index in range(request.parts) if bits >> index & 1][:WINDOW]


@dataclass(slots=True)
class Shelf:
    """The proposals of the current and the next height on their way: heads, and blocks in parts."""

    digest: merkle.Digest
    heads: dict[tuple[int, int], ProposalHead] = field(default_factory=dict)
    assemblies: dict[Name, Assembly] = field(default_factory=dict)
    wholes: dict[Name, BlockParts] = field(default_factory=dict)

    def has_room(self, head: ProposalHead, height: int, round_number: int) -> bool:
        """Whether a proposal is of a height and round that we collect at `height`, round."""
        if head.height == height:
            return -ROUNDS_BACK <= head.round - round_number <= ROUNDS_AHEAD
        return head.height == height + 1 and head.round < NEXT_ROUNDS

    def put(self, head: ProposalHead, parts: BlockParts | None = None) -> Assembly | None:
        """Keep a new, checked head; the assembly it needs if its block is not whole already."""
        self.heads[head.height, head.round] = head
        name = (head.parts_root, head.parts)
        if parts is not None:
            self.wholes[name] = parts
            self.assemblies.pop(name, None)
        if name in self.wholes:
            return None
        return self.assemblies.setdefault(name, Assembly(head.height, name))

    def wanted(self, height: int, round_number: int) -> list[Assembly]:
        """The assemblies to ask parts for: this round's and later ones'; with none, all of them.

        So the blocks of rounds that came to nothing do not compete with the one that may be decided
        now; an earlier one that is decided after all is collected when the line is free.
        """
        now = {
            (head.parts_root, head.parts)
            for head in self.heads.values()
            if (head.height, head.round) >= (height, round_number)
        }
        found = [one for name, one in self.assemblies.items() if name in now]
        return found or list(self.assemblies.values())

    def finish(self, assembly: Assembly, parts: BlockParts) -> list[ProposalHead]:
        """The block is whole: the heads that waited for it."""
        self.wholes[assembly.name] = parts
        self.assemblies.pop(assembly.name, None)
        waiting = [self.heads[place] for place in sorted(self.heads)]
        return [head for head in waiting if (head.parts_root, head.parts) == assembly.name]

    def tidy(self, height: int, round_number: int) -> None:
        """Forget what is out of reach, and the farthest assemblies beyond `OPEN_MAX`."""
        for place, head in list(self.heads.items()):
            if not self.has_room(head, height, round_number):
                del self.heads[place]
        while True:
            named = {(head.parts_root, head.parts) for head in self.heads.values()}
            for store in (self.assemblies, self.wholes):
                for name in [name for name in store if name not in named]:
                    del store[name]
            if len(self.assemblies) <= OPEN_MAX:
                return
            open_places = [
                place
                for place, head in self.heads.items()
                if (head.parts_root, head.parts) in self.assemblies
            ]
            far = max(open_places, key=lambda at: (at[0] - height, abs(at[1] - round_number), at))
            del self.heads[far]
