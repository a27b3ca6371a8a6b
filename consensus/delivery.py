"""How proposals travel: the head first, its block behind in parts; what is missing is asked for.

A proposer pushes the first window of parts to everybody; the rest is drawn by whoever lacks it, a
window at a time, so a slow peer has no more than that on its way. A block that makes no progress
between two ticks is asked for from the next peer in turn. Votes never wait for any of this: parts
are bulk (`messages.is_bulk`), and everything else overtakes them.
"""

from collections.abc import Callable

from consensus.checks import Checks
from consensus.messages import Message, Part, PartRequest, Proposal, ProposalHead, encode
from consensus.network import Network, PeerId
from consensus.parts import WINDOW, Assembly, BlockParts, Shelf, head_of, split, wanted_of
from faults import PeerFault
from ledger.block import Block
from ledger.validators import ValidatorSet

SMALL_PARTS = 2
"""A block of so few parts is sent along with its head even to somebody who only lacks the head."""

Arrived = list[tuple[Proposal, Block]]
"""Proposals that became whole, checked."""


class Delivery:
    """The proposals of the height being decided, and of the next, on their way in and out.

    `alarm` takes two different heads that one proposer signed for one round.
    """

    def __init__(self, network: Network, checks: Checks, alarm: Callable[[object], None]) -> None:
        self._network = network
        self._checks = checks
        self._alarm = alarm
        self._shelf = Shelf(checks.suite.hash)
        self._place = (0, 0)
        self._peers: list[PeerId] = []
        self._turn = 0

    def at(self, height: int, round_number: int) -> None:
        """Where we stand now; what is out of reach from there is forgotten."""
        if (height, round_number) != self._place:
            self._place = (height, round_number)
            self._shelf.tidy(height, round_number)

    def peer(self, peer: PeerId, connected: bool) -> None:
        """A peer came or went."""
        self._peers = sorted({*self._peers, peer} if connected else {*self._peers} - {peer})

    # ---- out

    def send(self, proposal: Proposal) -> None:
        """Our own proposal, to everybody."""
        head, parts = self._cut(proposal)
        self._network.broadcast(encode(head))
        for index in range(min(WINDOW, head.parts)):
            self._network.broadcast(encode(parts.part(head.height, index)))

    def give(self, peer: PeerId, proposal: Proposal) -> None:
        """To a peer that says it lacks a proposal."""
        head, parts = self._cut(proposal)
        self._send(peer, head)
        if head.parts <= SMALL_PARTS:
            for index in range(head.parts):
                self._send(peer, parts.part(head.height, index))

    def answer(self, peer: PeerId, request: PartRequest) -> None:
        """The parts a peer asks for, if we have their block whole."""
        parts = self._shelf.wholes.get((request.parts_root, request.parts))
        if parts is not None:
            for index in wanted_of(request):
                self._send(peer, parts.part(request.height, index))

    # ---- in

    def wants(self, head: ProposalHead) -> bool:
        """Whether a head is new, and near enough to be kept."""
        return self._shelf.has_room(head, *self._place) and head != self._shelf.heads.get(
            (head.height, head.round)
        )

    def take_head(self, peer: PeerId, head: ProposalHead, validators: ValidatorSet) -> Arrived:
        """A head that `wants` said yes to, from its round's proposer; PeerFault if not signed."""
        self._checks.head(head, validators)
        known = self._shelf.heads.get((head.height, head.round))
        if known is not None:
            self._alarm((known, head))
            return []
        assembly = self._shelf.put(head)
        self._shelf.tidy(*self._place)
        if assembly is None:
            return self._checked([head])
        if peer == head.proposer:
            assembly.coming.update(range(min(WINDOW, head.parts)))
        self._ask(peer, assembly)
        return []

    def take_part(self, peer: PeerId, part: Part) -> Arrived:
        """A part; of a block nobody proposed it is ignored. PeerFault if it is a wrong one."""
        assembly = self._shelf.assemblies.get((part.parts_root, part.parts))
        if assembly is None or not assembly.add(self._checks.suite.hash, part):
            return []
        whole = assembly.whole()
        if whole is None:
            if assembly in self._shelf.wanted(*self._place):
                self._ask(peer, assembly)
            return []
        return self._checked(self._shelf.finish(assembly, whole))

    def tick(self) -> None:
        """Ask the next peer for what has made no progress since the last tick."""
        for assembly in self._shelf.wanted(*self._place):
            if assembly.quiet and self._peers:
                assembly.coming.clear()
                self._turn += 1
                self._ask(self._peers[self._turn % len(self._peers)], assembly)
            assembly.quiet = True

    # ---- helpers

    def _cut(self, proposal: Proposal) -> tuple[ProposalHead, BlockParts]:
        head = self._shelf.heads.get((proposal.height, proposal.round))
        if head is not None and head.signature == proposal.signature:
            whole = self._shelf.wholes.get((head.parts_root, head.parts))
            if whole is not None:
                return head, whole
        parts = split(self._checks.suite.hash, proposal.block)
        head = head_of(proposal, parts)
        self._shelf.put(head, parts)
        return head, parts

    def _checked(self, heads: list[ProposalHead]) -> Arrived:
        """Whole proposals as the core takes them; a head whose block isn't what it says is faulty.

        That is the proposer's fault, whoever sent the parts: they are what its signature covers.
        """
        arrived: Arrived = []
        for head in heads:
            whole = self._shelf.wholes[head.parts_root, head.parts].block
            try:
                block = self._checks.block(head, whole)
            except PeerFault as fault:
                self._network.report(head.proposer, fault)
                continue
            author = (head.proposer, head.signature)
            proposal = Proposal(
                head.height, head.round, head.pol_round, head.block_hash, whole, *author
            )
            arrived.append((proposal, block))
        return arrived

    def _ask(self, peer: PeerId, assembly: Assembly) -> None:
        request = assembly.request()
        if request is not None:
            self._send(peer, request)

    def _send(self, peer: PeerId, message: Message) -> None:
        self._network.send(peer, encode(message))
