"""Large blocks over bad links: lost, doubled and damaged parts, and votes that do not wait."""

import asyncio
import random
from collections import deque
from dataclasses import replace

import pytest

from consensus.messages import (
    PART_BYTES,
    Part,
    PartRequest,
    Proposal,
    ProposalHead,
    decode,
    encode,
    is_bulk,
)
from consensus.parts import WINDOW, head_of, split
from consensus.state import Step
from ledger.block import block_hash
from ledger.statements import proposal_bytes
from node.peer_link import Outbox
from tests.consensus.test_driver import (
    CHAIN,
    FAST,
    SUITE,
    check_chains,
    consortium,
    finish,
    heights,
    run,
    until,
)

MIB = 1024 * 1024
PATIENT = replace(FAST, timeout_propose_ms=5_000)


def large(count, size=MIB):
    return [random.Random(number).randbytes(size) for number in range(count)]


def submit_all(nodes, transactions):
    for node in nodes:
        node.application.pool.extend(transactions)
        node.driver.notify_pool()


def committed(node):
    return [raw for block, _ in node.application.chain for raw in block.transactions]


class SlowHub:
    """Puts a real outbox and a line of so many bytes a second between every two nodes."""

    def __init__(self, hub, bytes_per_second):
        self.rate = bytes_per_second
        self.deliver = hub.deliver
        self.lines, self.tasks, self.carried = {}, [], 0
        self.overtaken = 0
        """Most bytes of bulk that a message that must not wait saw leave before it."""
        hub.deliver = self.put

    def put(self, sender, receiver, message):
        if (sender, receiver) not in self.lines:
            self.lines[sender, receiver] = (Outbox(), deque())
            self.tasks.append(asyncio.create_task(self.carry(sender, receiver)))
        outbox, urgent = self.lines[sender, receiver]
        outbox.put(message)
        if not is_bulk(message):
            urgent.append(0)

    async def carry(self, sender, receiver):
        outbox, urgent = self.lines[sender, receiver]
        while True:
            message = await outbox.take()
            if is_bulk(message):
                self.carried += len(message)
                for place in range(len(urgent)):
                    urgent[place] += len(message)
            else:
                self.overtaken = max(self.overtaken, urgent.popleft())
            await asyncio.sleep(len(message) / self.rate)
            self.deliver(sender, receiver, message)

    async def stop(self):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


@pytest.mark.slow
def test_a_block_of_10_mib_over_a_slow_line_does_not_hold_up_votes(tmp_path):
    async def story():
        nodes = consortium(tmp_path, settings=replace(FAST, timeout_propose_delta_ms=1_000))
        slow = SlowHub(nodes[0].hub, 4 * MIB)
        for node in nodes:
            node.start()
        await asyncio.sleep(0.1)
        wanted = large(10)
        submit_all(nodes, wanted)
        rounds = set()

        def done():
            rounds.update(
                (node.driver.status().height, node.driver.status().round) for node in nodes
            )
            return all(set(wanted) <= set(committed(node)) for node in nodes)

        await until(done, 60)
        assert any(round_number > 0 for _, round_number in rounds)
        assert slow.carried > 3 * 10 * MIB
        assert slow.overtaken == 0
        await finish(nodes)
        await slow.stop()

    run(story())


def test_lost_doubled_and_reordered_parts_come_together_all_the_same(tmp_path):
    async def story():
        nodes = consortium(tmp_path, settings=PATIENT)
        hub, dice, parts = nodes[0].hub, random.Random(5), []

        def lose(_sender, _receiver, message):
            if isinstance(decode(message), Part):
                parts.append(message)
                return dice.random() < 0.3
            return False

        hub.lose = lose
        deliver = hub.deliver

        def deliver_twice(sender, receiver, message):
            deliver(sender, receiver, message)
            if isinstance(decode(message), Part) and dice.random() < 0.3:
                delay = dice.random() / 20
                asyncio.get_running_loop().call_later(delay, deliver, sender, receiver, message)

        hub.deliver = deliver_twice
        for node in nodes:
            node.start()
        wanted = large(3)
        submit_all(nodes, wanted)
        await until(lambda: all(set(wanted) <= set(committed(node)) for node in nodes))
        assert len(parts) > 3 * 48
        assert all(node.port.reported == [] for node in nodes)
        await finish(nodes)

    run(story())


def test_who_sends_damaged_parts_is_reported_and_others_are_asked(tmp_path):
    async def story():
        nodes = consortium(tmp_path, settings=PATIENT)
        hub = nodes[0].hub
        deliver, liars = hub.deliver, set()

        def bend(sender, receiver, message):
            decoded = decode(message)
            odd = isinstance(decoded, Part) and decoded.index % 2
            if receiver == victim.signer.public_key and odd and (not liars or sender in liars):
                liars.add(sender)
                message = encode(replace(decoded, data=decoded.data[:-1] + b"?"))
            deliver(sender, receiver, message)

        hub.deliver = bend
        for node in nodes:
            node.start()
        proposer = nodes[0].driver._electorate(1).proposer(1, 0)
        victim = next(node for node in nodes if node.signer.public_key != proposer)
        wanted = large(2)
        submit_all(nodes, wanted)
        await until(lambda: all(set(wanted) <= set(committed(node)) for node in nodes))
        reported = {peer for peer, _ in victim.port.reported}
        assert reported == liars
        assert {code for _, code in victim.port.reported} == {"CONSENSUS_MESSAGE_MALFORMED"}
        await finish(nodes)

    run(story())


def proposal_of(nodes, transactions, height=1, round_number=0, wrong_block=False):
    """A signed proposal of the round's proposer, head and parts, without any node taking part."""
    validators = nodes[0].application.set
    electorate = nodes[0].driver._electorate(height)
    key = electorate.proposer(height, round_number)
    proposer = next(node for node in nodes if node.signer.public_key == key)
    assert validators.index(key) is not None
    proposer.application.pool = list(transactions)
    block = proposer.application.build(height, key, 1_700_000_000_000)
    digest = block_hash(SUITE, block.header)
    encoded = block.encode() + (b"\0" if wrong_block else b"")
    parts = split(SUITE.hash, encoded)
    head = head_of(Proposal(height, round_number, -1, digest, encoded, key, b""), parts)
    statement = proposal_bytes(CHAIN, height, round_number, head.value)
    return proposer, replace(head, signature=proposer.signer.sign(statement)), parts


async def lonely(tmp_path):
    """One validator of four that hears only what the test says, and what it answers."""
    nodes = consortium(tmp_path, settings=PATIENT)
    sent = []
    hub = nodes[0].hub
    hub.lose = lambda sender, receiver, message: sent.append((receiver, decode(message))) or True
    for node in nodes:
        node.start()
    await asyncio.sleep(0.05)
    return nodes, sent


def test_parts_of_nobodys_block_are_ignored_and_wrong_ones_reported(tmp_path):
    async def story():
        nodes, _ = await lonely(tmp_path)
        proposer, head, parts = proposal_of(nodes, large(1))
        node = next(one for one in nodes if one is not proposer)
        tell = node.port.on_message
        peer = proposer.signer.public_key
        part = parts.part(1, 0)
        tell(peer, encode(part))  # no head yet
        tell(peer, encode(replace(head, height=5)))  # a height out of reach
        tell(peer, encode(replace(head, round=9)))  # a round out of reach
        await asyncio.sleep(0.05)
        assert node.port.reported == []
        tell(peer, encode(head))
        tell(peer, encode(replace(part, height=1, index=5)))
        tell(peer, encode(replace(head, round=1)))  # another round's, signature and all
        tell(peer, encode(replace(head, block_hash=b"x" * 32)))  # not what was signed
        await until(lambda: len(node.port.reported) >= 2)
        codes = [code for _, code in node.port.reported]
        assert codes == ["CONSENSUS_MESSAGE_MALFORMED", "CONSENSUS_SIGNATURE_INVALID"]
        for index in range(head.parts):
            tell(peer, encode(parts.part(1, index)))
        await until(lambda: node.driver.status().step == Step.PREVOTE.name)
        assert node.driver.status().prevotes[node.signer.public_key] == head.block_hash
        for each in nodes:
            each.kill()

    run(story())


def test_a_block_that_is_not_what_its_proposer_signed_is_the_proposers_fault(tmp_path):
    async def story():
        nodes, _ = await lonely(tmp_path)
        proposer, head, parts = proposal_of(nodes, [b"tx"], wrong_block=True)
        node, carrier = [one for one in nodes if one is not proposer][:2]
        node.port.on_message(carrier.signer.public_key, encode(head))
        node.port.on_message(carrier.signer.public_key, encode(parts.part(1, 0)))
        await until(lambda: node.port.reported)
        assert {peer for peer, _ in node.port.reported} == {proposer.signer.public_key}
        assert not node.driver.status().has_proposal
        for each in nodes:
            each.kill()

    run(story())


def test_two_heads_of_one_proposer_are_evidence(tmp_path):
    async def story():
        nodes, _ = await lonely(tmp_path)
        proposer, first, _ = proposal_of(nodes, [b"one"])
        _, second, _ = proposal_of(nodes, [b"two"])
        node = next(one for one in nodes if one is not proposer)
        for head in (first, second, second, first):
            node.port.on_message(proposer.signer.public_key, encode(head))
        await until(lambda: node.driver.status().double_votes == 1)
        await asyncio.sleep(0.05)
        assert node.driver.status().double_votes == 1
        assert node.port.reported == []
        for each in nodes:
            each.kill()

    run(story())


def test_what_makes_no_progress_is_asked_for_from_the_next_peer(tmp_path):
    async def story():
        nodes, sent = await lonely(tmp_path)
        proposer, head, parts = proposal_of(nodes, large(3))
        node = next(one for one in nodes if one is not proposer)
        sent.clear()
        node.port.on_message(proposer.signer.public_key, encode(head))

        def asked():
            return {who for who, message in sent if isinstance(message, PartRequest)}

        others = {one.signer.public_key for one in nodes if one is not node}
        await until(lambda: asked() == others)
        assert all(
            len(
                [
                    i
                    for i in range(message.parts)
                    if int.from_bytes(message.wanted, "little") >> i & 1
                ]
            )
            <= WINDOW
            for _, message in sent
            if isinstance(message, PartRequest)
        )
        for index in range(head.parts):
            node.port.on_message(proposer.signer.public_key, encode(parts.part(1, index)))
        await until(lambda: node.driver.status().has_proposal)
        sent.clear()
        everything = b"\xff" * 28
        request = PartRequest(1, head.parts_root, head.parts, everything)
        node.port.on_message(proposer.signer.public_key, encode(request))
        await until(lambda: any(isinstance(message, Part) for _, message in sent))
        answered = [message for _, message in sent if isinstance(message, Part)]
        assert [part.index for part in answered] == list(range(WINDOW))
        assert all(len(part.data) <= PART_BYTES for part in answered)
        for each in nodes:
            each.kill()

    run(story())


def test_a_whole_proposal_is_no_message_between_nodes(tmp_path):
    async def story():
        nodes, _ = await lonely(tmp_path)
        proposer, head, parts = proposal_of(nodes, [b"tx"])
        node = next(one for one in nodes if one is not proposer)
        whole = Proposal(1, 0, -1, head.block_hash, parts.block, head.proposer, head.signature)
        node.port.on_message(proposer.signer.public_key, encode(whole))
        await until(lambda: node.port.reported)
        assert not node.driver.status().has_proposal
        for each in nodes:
            each.kill()

    run(story())


def test_a_validator_that_heard_no_head_gets_head_and_parts_from_the_others(tmp_path):
    async def story():
        nodes = consortium(tmp_path, settings=PATIENT)

        def lose(sender, receiver, message):
            """Of the proposer itself only the one other with the smallest key hears."""
            decoded = decode(message)
            keys = sorted({node.signer.public_key for node in nodes} - {sender})
            if isinstance(decoded, ProposalHead) and sender == decoded.proposer:
                return receiver != keys[0]
            return False

        nodes[0].hub.lose = lose
        for node in nodes:
            node.start()
        wanted = large(3)
        submit_all(nodes, wanted)
        await until(lambda: all(set(wanted) <= set(committed(node)) for node in nodes))
        check_chains(nodes)
        assert min(heights(nodes)) >= 1
        await finish(nodes)

    run(story())
