"""The shell around the core: signs, logs, sends, commits, sets timers, and keeps up with peers.

Everything happens in one task, one event at a time; the application is called from it directly.
`_act` is the place where the order promised by `state.Output` is kept.
"""

import asyncio
import logging
from collections import Counter, deque
from dataclasses import dataclass
from pathlib import Path

from consensus import gossip
from consensus.absence import Absence
from consensus.ahead import Ahead, Foresee
from consensus.application import Application, Clock, OtherRoots
from consensus.checks import Checks, header_fault, is_timely
from consensus.codes import MESSAGE_MALFORMED, NOT_ADMITTED
from consensus.committing import Committer
from consensus.delivery import Arrived, Delivery
from consensus.evidence import equivocation_of
from consensus.files import REAL_DISK, Disk
from consensus.machine import step
from consensus.messages import (
    BLOCK_BYTES_MAX,
    BlockRequest,
    BlockResponse,
    Committed,
    CommittedCertificate,
    Message,
    Part,
    PartRequest,
    Proposal,
    ProposalHead,
    Status,
    Vote,
    VoteKind,
    decode,
    encode,
)
from consensus.network import Network, PeerId
from consensus.planner import Planner
from consensus.proposer import Electorate
from consensus.settings import ConsensusSettings
from consensus.signing import Admitted, Notary
from consensus.state import (
    BlockBuilt,
    BuildBlock,
    Decision,
    ExecuteBlock,
    Executed,
    Input,
    Output,
    PoolReady,
    ProposalReceived,
    Restored,
    Start,
    State,
    TimeoutFired,
    Timer,
    VoteReceived,
)
from consensus.status import DriverStatus
from consensus.sync import BATCH_BYTES, BlockSync
from consensus.witness import Witness
from crypto.ports import Signer
from crypto.suites import Suite
from faults import PeerFault, Rejected, failpoint, invariant
from ledger.block import Block, block_hash
from ledger.certificate import (
    PRECOMMIT,
    Certificate,
)

_log = logging.getLogger(__name__)

_EVIDENCE_KEPT = 100


@dataclass(frozen=True, slots=True)
class _Arrived:
    peer: PeerId
    data: bytes


@dataclass(frozen=True, slots=True)
class _PeerChanged:
    peer: PeerId
    connected: bool


class _Signal:
    """An event without content."""


_BEGIN, _POOL, _TICK, _EARLY, _STOP = (_Signal() for _ in range(5))

_Event = _Arrived | _PeerChanged | TimeoutFired | _Signal


class Driver:
    """One node's part in agreement. `run` ends on `stop`, or with StorageFault, InvariantBroken."""

    def __init__(
        self,
        *,
        chain_id: str,
        application: Application,
        signer: Signer | None,
        suite: Suite,
        network: Network,
        directory: Path,
        clock: Clock,
        settings: ConsensusSettings | None = None,
        disk: Disk = REAL_DISK,
        foresee: Foresee | None = None,
        admitted: Admitted | None = None,
    ) -> None:
        """`signer` None: an observer, which never signs. `foresee`: see `ahead.Ahead`.

        `admitted`: which signing record the chain lets sign; see `signing.Notary`.
        """
        self._application = application
        self._suite = suite
        self._network = network
        self._clock = clock
        self._settings = settings or ConsensusSettings()
        self._chain_id = chain_id
        self._checks = Checks(chain_id, suite)
        self._notary: Notary | Witness = (
            Notary(chain_id, suite, signer, directory, disk, admitted) if signer else Witness()
        )
        self._committer = Committer(
            application, self._notary, self._checks, self._network, self._keep_evidence
        )
        self._delivery = Delivery(self._network, self._checks, self._keep_evidence)
        self._planner = Planner(application)
        self._absence = Absence()
        self._sync = BlockSync(self._settings)
        self._ahead = Ahead(self._checks, foresee)
        self._state = State(self._notary.key, Electorate.of([(b"", 1)]))
        self._events: asyncio.Queue[_Event] = asyncio.Queue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._unread: Counter[PeerId] = Counter()
        self._dropped = 0
        self._evidence: deque[object] = deque(maxlen=_EVIDENCE_KEPT)
        self._double_votes = 0
        self._last_commit_ms = 0
        self._refusal = (0, "")
        self._timers: list[asyncio.TimerHandle] = []
        self._next_tick: asyncio.TimerHandle | None = None

    # ---- from outside

    async def run(self) -> None:
        """Take part until `stop`; any error of storage or of an invariant ends it and is raised."""
        self._loop = asyncio.get_running_loop()
        self._network.listen(self._on_message, self._on_peer)
        try:
            self._committer.recall()
            self._begin_height()
            self._tick()
            while (event := await self._events.get()) is not _STOP:
                self._handle(event)
                await asyncio.sleep(0)  # a full queue must not keep the sockets waiting
        finally:
            self._cancel_timers()
            if self._next_tick is not None:
                self._next_tick.cancel()
            self._notary.close()
            self._ahead.close()

    def stop(self) -> None:
        """End `run` after the event in hand. From any thread."""
        self._wake(_STOP)

    def notify_pool(self) -> None:
        """The application's pool has something. From any thread."""
        self._wake(_POOL)

    def hold_block_sync(self, held: bool) -> None:
        """Ask nobody for blocks while `held`: a snapshot is on its way. On the driver's loop."""
        self._sync.held = held

    def status(self) -> DriverStatus:
        """Where agreement stands now."""
        state = self._state
        committed = state.height - 1
        voted = {
            kind: {
                key: vote.block_hash
                for key, vote in state.votes.tally(state.round, kind).by_validator.items()
            }
            for kind in VoteKind
        }
        return DriverStatus(
            height=state.height,
            round=state.round,
            step=state.step.name,
            waiting=state.waiting,
            proposer=state.electorate.proposer(state.height, state.round),
            prevotes=voted[VoteKind.PREVOTE],
            precommits=voted[VoteKind.PRECOMMIT],
            peers=dict(self._sync.heights),
            syncing=self._sync.behind(committed, self._now()),
            last_commit_ms=self._last_commit_ms,
            has_proposal=state.round in state.proposals,
            late_proposal=state.round in state.late,
            refusal=self._refusal[1] if self._refusal[0] == state.height else "",
            not_signing=self._not_signing(),
            suspects=len(self._planner.state.suspects),
            quarantined=dict(self._planner.state.named),
            double_votes=self._double_votes,
            dropped_messages=self._dropped,
        )

    @property
    def signing_record(self) -> bytes:
        """The id of our record of what we signed; empty for the one our key began with."""
        return self._notary.signing_record

    def _not_signing(self) -> str:
        state = self._state
        if not state.electorate.power(self._notary.key) or self._notary.admitted(state.height):
            return ""
        return "its signing record was lost and the new one is not admitted by governance yet"

    def _wake(self, event: _Event) -> None:
        if self._loop is None:
            self._events.put_nowait(event)
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._events.put_nowait, event)

    def _on_message(self, peer: PeerId, data: bytes) -> None:
        if self._unread[peer] >= self._settings.inbox_messages_max:
            self._dropped += 1
            return
        self._unread[peer] += 1
        self._events.put_nowait(_Arrived(peer, data))

    def _on_peer(self, peer: PeerId, connected: bool) -> None:
        self._events.put_nowait(_PeerChanged(peer, connected))

    # ---- events

    def _handle(self, event: _Event) -> None:
        if isinstance(event, _Arrived):
            self._unread[event.peer] -= 1
            if self._unread[event.peer] <= 0:
                del self._unread[event.peer]
            try:
                self._take(event.peer, decode(event.data))
            except PeerFault as fault:
                self._say("peer.fault", logging.WARNING, code=fault.code.name)
                self._network.report(event.peer, fault)
        elif isinstance(event, _PeerChanged):
            self._delivery.peer(event.peer, event.connected)
            if event.connected:
                self._send(event.peer, gossip.our_status(self._state))
            else:
                self._sync.left(event.peer)
        elif isinstance(event, TimeoutFired):
            self._absence.missed(self._state, event)
            self._feed(event)
        elif event is _BEGIN:
            self._begin_height()
        elif event is _TICK:
            self._tick()
        elif event is _EARLY:
            self._sync_early()
        elif event is _POOL:
            self._offer_pool()

    def _take(self, peer: PeerId, message: Message) -> None:
        match message:
            case ProposalHead():
                self._take_head(peer, message)
            case Part():
                self._take_proposals(self._delivery.take_part(peer, message))
            case PartRequest():
                self._delivery.answer(peer, message)
            case Proposal():
                raise PeerFault(MESSAGE_MALFORMED, "a proposal in one piece")
            case Vote():
                self._take_vote(message)
            case Committed():
                self._committer.take(peer, message)
            case Status():
                self._take_status(peer, message)
            case BlockRequest():
                self._answer_request(peer, message)
            case BlockResponse():
                self._take_block(peer, message)
            case CommittedCertificate():
                self._committer.take_certificate(message.height, message.certificate)

    def _tick(self) -> None:
        """Say where we stand, ask for what we miss: the cure for every lost message."""
        self._next_tick = self._later(self._settings.status_interval_ms, _TICK)
        self._broadcast(gossip.our_status(self._state))
        self._committer.resend()
        self._delivery.tick()
        self._ask_for_blocks()
        self._offer_pool()

    # ---- the core

    def _begin_height(self) -> None:
        height = self._application.height() + 1
        if height <= self._state.height:
            return
        kept = self._notary.begin(height, self._settings.log_bytes_max)
        self._cancel_timers()
        # The first block is made at once: nothing can be proved, and nobody served, before it.
        self._feed(Start(height, self._electorate(height), wait=height > 1))
        if kept:
            self._feed(Restored(kept))
        self._offer_pool()

    def _offer_pool(self) -> None:
        state = self._state
        if not state.waiting or self._sync.behind(state.height - 1, self._now()):
            return
        if self._application.pool_size() > 0:
            self._feed(PoolReady(state.height))

    def _feed(self, event: Input) -> None:
        inputs = deque([event])
        while inputs:
            inputs.extend(self._act(step(self._state, inputs.popleft())))
        self._delivery.at(self._state.height, self._state.round)

    def _act(self, out: Output) -> list[Input]:
        """Do what the core asks, in its order: persist, sign, send; commit; timers; requests."""
        answers: list[Input] = []
        self._planner.watch(self._state, out)
        for unsigned in out.sign:
            try:
                signed = self._notary.sign(unsigned, out.persist)
            except Rejected as refusal:
                level = logging.DEBUG if refusal.code is NOT_ADMITTED else logging.WARNING
                self._say("signing.refused", level, code=refusal.code.name)
                continue
            failpoint("consensus.send.before")
            if isinstance(signed, Proposal):
                self._delivery.send(signed)
            else:
                self._broadcast(signed)
            failpoint("consensus.send.after")
            if isinstance(signed, Proposal):
                answers.append(ProposalReceived(signed))
            else:
                answers.append(VoteReceived(signed))
        if out.commit is not None:
            self._commit_decision(out.commit)
        for timer in out.timers:
            self._set_timer(timer)
        for request in out.requests:
            answer = self._build(request) if isinstance(request, BuildBlock) else None
            if isinstance(request, ExecuteBlock):
                answer = self._execute(request)
            if answer is not None:
                answers.append(answer)
        for evidence in out.evidence:
            self._keep_evidence(evidence)
        return answers

    def _build(self, request: BuildBlock) -> Input | None:
        parent = self._application.last_header()
        time_ms = max(self._clock.now_ms(), parent.time_ms + 1 if parent else 0)
        failpoint("consensus.build.before")
        selection = self._planner.selection(request)
        block = self._application.build(request.height, self._notary.key, time_ms, selection)
        self._planner.built(block)
        failpoint("consensus.build.after")
        encoded = block.encode()
        if len(encoded) > BLOCK_BYTES_MAX:
            self._say("block.too_large", logging.ERROR, count=len(block.transactions))
            return None
        digest = block_hash(self._suite, block.header)
        return BlockBuilt(request.height, request.round, digest, encoded)

    def _execute(self, request: ExecuteBlock) -> Input:
        block = Block.decode(request.block)
        fault = self._execution_fault(block)
        if isinstance(fault, OtherRoots):
            self._planner.differed(block, self._state.electorate)
        if fault is not None:
            self._refusal = (request.height, fault)
            self._say("block.invalid", logging.WARNING, reason=fault)
        return Executed(request.height, request.block_hash, fault is None)

    def _execution_fault(self, block: Block) -> str | None:
        validators = self._application.validators(block.header.height)
        parent = self._application.last_header()
        fault = header_fault(block.header, parent, validators, self._suite)
        if fault is not None:
            return fault
        failpoint("consensus.execute.before")
        fault = self._application.execute(block)
        failpoint("consensus.execute.after")
        return fault

    def _set_timer(self, timer: Timer) -> None:
        if timer.height != self._state.height:
            return
        fired = TimeoutFired(timer.kind, timer.height, timer.round)
        absent = self._absence.absent(self._state, timer.round)
        wait_ms = self._settings.duration_ms(timer, proposer_absent=absent)
        self._timers.append(self._later(wait_ms, fired))

    def _keep_evidence(self, evidence: object) -> None:
        if evidence not in self._evidence:
            self._evidence.append(evidence)
            self._double_votes += 1
            proof = equivocation_of(evidence)
            if proof is not None:
                self._application.report(proof)
            self._say("validator.double_signed", logging.ERROR)

    # ---- proposals and votes

    def _take_head(self, peer: PeerId, head: ProposalHead) -> None:
        if not self._delivery.wants(head):
            return
        if head.proposer == self._electorate(head.height).proposer(head.height, head.round):
            validators = self._application.validators(head.height)
            arrived = self._delivery.take_head(peer, head, validators)
            self._absence.heard(head.proposer)
            self._take_proposals(arrived)

    def _take_proposals(self, arrived: Arrived) -> None:
        for proposal, block in arrived:
            timely = is_timely(
                proposal,
                block.header,
                now_ms=self._clock.now_ms(),
                drift_ms=self._settings.clock_drift_ms,
            )
            self._feed(ProposalReceived(proposal, timely))

    def _take_vote(self, vote: Vote) -> None:
        if not self._state.height <= vote.height <= self._state.height + 1:
            return
        tally = self._state.votes.tally(vote.round, vote.kind)
        counted = tally.by_value.get(vote.block_hash, {})
        if vote.height == self._state.height and vote.validator in counted:
            return
        self._checks.vote(vote, self._application.validators(vote.height))
        self._absence.heard(vote.validator)
        self._feed(VoteReceived(vote))

    # ---- commit

    def _commit_decision(self, decision: Decision) -> None:
        validators = self._application.validators(decision.height)
        signatures: dict[int, bytes] = {}
        for vote in decision.precommits:
            index = validators.index(vote.validator)
            if index is not None:
                signatures[index] = vote.signature
        certificate = Certificate.assemble(
            kind=PRECOMMIT,
            chain_id=self._chain_id,
            height=decision.height,
            round=decision.round,
            block_hash=decision.block_hash,
            validators=validators,
            signatures=signatures,
        )
        self._commit(Block.decode(decision.block), certificate)
        self._events.put_nowait(_BEGIN)

    def _commit(self, block: Block, certificate: Certificate) -> None:
        self._committer.commit(block, certificate)
        self._planner.committed(block)
        self._last_commit_ms = self._clock.now_ms()
        self._sync.progressed(block.header.height, self._now())

    # ---- keeping up

    def _take_status(self, peer: PeerId, status: Status) -> None:
        self._sync.saw(peer, status.height - 1)
        if status.height > self._state.height + 1:  # one behind may just be a vote away
            self._ask_for_blocks()
        elif status.height < self._state.height:
            self._send(peer, gossip.our_status(self._state))
        else:
            for message in gossip.what_it_lacks(self._state, status):
                if isinstance(message, Proposal):
                    self._delivery.give(peer, message)
                else:
                    self._send(peer, message)

    def _ask_for_blocks(self) -> None:
        request = self._sync.next_request(self._application.height(), self._now())
        if request is not None:
            self._send(*request)

    def _answer_request(self, peer: PeerId, request: BlockRequest) -> None:
        size = 0
        last = min(request.height + request.count - 1, self._application.height())
        for height in range(request.height, min(last, request.height + 255) + 1):
            stored = self._application.block(height)
            if stored is None or size > BATCH_BYTES:
                return
            block, certificate = stored
            encoded = block.encode()
            size += len(encoded)
            self._send(peer, BlockResponse(height, encoded, certificate.encode()))

    def _take_block(self, peer: PeerId, response: BlockResponse) -> None:
        committed = self._application.height()
        self._sync.arrived(len(response.block))
        if response.height <= committed:
            self._committer.take_certificate(response.height, response.certificate)
        elif response.height == committed + 1:
            self._sync_block(peer, response)
        else:
            if self._sync.keep(peer, response, committed):
                self._ahead.begin(response, self._application.validators(committed + 1))

    def _sync_block(self, peer: PeerId, response: BlockResponse) -> None:
        validators = self._application.validators(response.height)
        try:
            block, certificate = self._ahead.decided(response, validators)
        except PeerFault:
            self._sync.doubt(peer, self._now())
            raise
        fault = self._execution_fault(block)
        invariant(fault is None, f"a certified block does not execute to its roots: {fault}")
        failpoint("consensus.sync.before_commit")
        self._commit(block, certificate)
        failpoint("consensus.sync.after_commit")
        self._begin_height()
        self._events.put_nowait(_EARLY)

    def _sync_early(self) -> None:
        self._ask_for_blocks()
        early = self._sync.take(self._application.height() + 1)
        if early is None:
            return
        peer, response = early
        try:
            self._sync_block(peer, response)
        except PeerFault as fault:
            self._network.report(peer, fault)

    # ---- helpers

    def _electorate(self, height: int) -> Electorate:
        validators = self._application.validators(height).validators
        return Electorate.of((member.public_key, member.power) for member in validators)

    def _broadcast(self, message: Message) -> None:
        self._network.broadcast(encode(message))

    def _send(self, peer: PeerId, message: Message) -> None:
        self._network.send(peer, encode(message))

    def _now(self) -> int:
        """Monotonic milliseconds, for waiting; never part of anything signed."""
        return int(self._loop.time() * 1000) if self._loop is not None else 0

    def _later(self, delay_ms: int, event: _Event) -> asyncio.TimerHandle:
        loop = asyncio.get_running_loop()
        return loop.call_later(delay_ms / 1000, self._events.put_nowait, event)

    def _cancel_timers(self) -> None:
        """Stop the timers of a height that is over."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _say(self, event: str, level: int, **fields: str | int) -> None:
        fields |= {"height": self._state.height, "round": self._state.round}
        _log.log(level, event, extra={"yilian_fields": fields})
