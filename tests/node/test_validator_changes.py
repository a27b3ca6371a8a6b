"""Who decides changes under load: added, removed, weighed anew, rotated, and two heights later."""

from collections.abc import Callable
from pathlib import Path

import pytest

from consensus.messages import Vote, VoteKind, decode, encode, vote_bytes
from contracts.governance import requests
from faults import Misuse, Rejected
from ledger.block import block_hash
from ledger.certificate import PRECOMMIT, Certificate, precommit_bytes, verify_header
from ledger.evidence import StateEvidence, make_checkpoint, verify_evidence
from ledger.genesis import load_genesis
from ledger.light_client import LightClientState, initial_client, read_proved, update
from ledger.validators import Validator, ValidatorSet
from node.block_store import VALIDATORS, BlockStore, u64
from node.evidence_file import evidence_file
from node.executor import Executor
from node.fsck import check_store, replay_store
from node.mempool import Pool, PoolLimits
from node.reader import Reader
from node.validator_history import ValidatorHistory
from tests.node.consortium import CHAIN, GOVERNOR, SUITE, Consortium, Member, run, until, validator

KEY = f"identity/{GOVERNOR.public_key.hex()}"


def powers(executor: Executor, height: int) -> dict[bytes, int]:
    return {one.public_key: one.power for one in executor.validators(height).validators}


async def five_changes(house: Consortium) -> list[int]:
    """Add a fifth, change a power, rotate a key, remove one, add it again, all under load."""
    house.start()
    await house.grow(2)
    old, new = house.members[3].key, validator(5)
    made = [await house.change(requests.add(CHAIN, house.members[4].signer, 10, house.top))]
    await house.grow(made[-1] + 1)
    made.append(await house.change(requests.set_power(house.members[0].key, 15)))
    made.append(await house.change(requests.rotate(CHAIN, old, new, house.top)))
    await house.grow(made[-1] + 2)
    made.append(await house.change(requests.remove(house.members[4].key)))
    await house.grow(made[-1] + 1)
    again = requests.add(CHAIN, house.members[4].signer, 20, house.top, epoch=2)
    made.append(await house.change(again))
    await house.grow(made[-1] + 2)
    return made


@pytest.mark.slow
@pytest.mark.covers(row=11)
def test_five_changes_under_load(tmp_path: Path) -> None:
    async def story() -> None:
        house = Consortium(tmp_path, first=4, more=2)
        made = await five_changes(house)
        house.check()
        executor, members = house.members[0].executor, house.members
        keys = [member.key for member in members]
        first = dict.fromkeys(keys[:4], 10)
        for height, before, after in (
            (made[0], first, first | {keys[4]: 10}),
            (made[1], first | {keys[4]: 10}, first | {keys[4]: 10, keys[0]: 15}),
        ):
            assert powers(executor, height - 1) == before
            assert powers(executor, height) == after
        rotated = {keys[0]: 15, keys[1]: 10, keys[2]: 10, keys[5]: 10}
        assert powers(executor, made[2]) == rotated | {keys[4]: 10}
        assert powers(executor, made[3]) == rotated
        assert powers(executor, made[4]) == rotated | {keys[4]: 20}
        # The new ones sign, and nobody signs for a height that is not theirs.
        assert min(house.said[keys[4]]) == made[0]
        assert max(house.said[keys[3]]) == made[2] - 1
        assert min(house.said[keys[5]]) == made[2]
        assert not set(range(made[3], made[4])) & set(house.said[keys[4]])
        assert executor.height() in house.said[keys[4]]
        await restarted_and_checked(house)
        await house.stop()

    run(story())


async def restarted_and_checked(house: Consortium) -> None:
    """The history of sets is the store's: another executor over it, and fsck, agree."""
    member = house.members[1]
    executor = Executor(BlockStore(member.kv), house.genesis, Pool(PoolLimits()))
    assert executor.validator_history == member.executor.validator_history
    assert len(executor.validator_history.changes) == 6
    with pytest.raises(Misuse):
        executor.validators(executor.height() + 3)
    executor.close()
    assert check_store(member.kv, house.genesis) == member.height
    root = replay_store(member.kv, house.genesis)
    assert root == member.executor.tree.root(member.height)
    place = VALIDATORS + u64(executor.validator_history.changes[2][0])
    kept = member.kv.get(place)
    member.kv.write({place: None})
    with pytest.raises(Rejected) as refused:
        check_store(member.kv, house.genesis)
    assert refused.value.code.name == "STORE_DAMAGED"
    member.kv.write({place: kept})


@pytest.mark.slow
def test_light_client_and_evidence_across_five_changes(tmp_path: Path) -> None:
    async def story() -> None:
        house = Consortium(tmp_path, first=4, more=2)
        made = await five_changes(house)
        await house.stop()
        executor, reader = house.members[0].executor, house.reader()
        genesis = load_genesis(house.genesis)
        client = initial_client(CHAIN, SUITE.name, executor.genesis_hash, genesis.validator_set)
        evidence = StateEvidence.decode(reader.state(KEY, 0).proof)
        assert [step.header.height + 1 for step in evidence.lineage] == made
        proved = read_proved(client, evidence.encode(), KEY)
        assert (proved.client.height, proved.client.frozen) == (executor.height(), False)
        # Who is up to date needs nothing; without the lineage the newcomer can't follow.
        plain = reader.state(KEY).proof
        assert StateEvidence.decode(plain).lineage == ()
        assert read_proved(proved.client, plain, KEY).value == proved.value
        assert read_proved(proved.client, evidence.encode(), KEY).client == proved.client
        with pytest.raises(Rejected) as refused:
            read_proved(client, plain, KEY)
        assert refused.value.code.name == "UNKNOWN_VALIDATORS"
        check_every_start(house, reader, client)
        file = evidence_file(executor, reader, KEY)
        report = verify_evidence(file, house.genesis)
        assert "; 5 changes of the set" in report.checks[1].detail
        later_checkpoints(house, file, made)

    run(story())


def later_checkpoints(house: Consortium, file: bytes, made: list[int]) -> None:
    """One file serves every checkpoint of the chain; a file for a late one only that and later."""
    executor, reader = house.members[0].executor, house.reader()
    for height in (1, made[0] - 2, made[0] - 1, made[0], made[2], executor.height()):
        found = executor.store.header(height)
        assert found is not None
        checkpoint = make_checkpoint(SUITE, found[1], found[0], executor.validators(height + 1))
        passed = sum(one - 1 > height for one in made)
        for one in (file, evidence_file(executor, reader, KEY, height)):
            report = verify_evidence(one, checkpoint)
            assert f"; {passed} changes of the set" in report.checks[1].detail
    with pytest.raises(Rejected) as refused:
        verify_evidence(evidence_file(executor, reader, KEY, made[0]), house.genesis)
    assert refused.value.fields["check"] == "2 certificate quorum"
    stranger = ValidatorSet.of(Validator(validator(9).public_key, 1))
    wrong = make_checkpoint(SUITE, found[1], found[0], stranger)
    with pytest.raises(Rejected) as refused:
        verify_evidence(file, wrong)
    assert refused.value.fields["check"] == "2 certificate quorum"


def check_every_start(house: Consortium, reader: Reader, client: LightClientState) -> None:
    """A client that stands at any height of the chain is led to the newest one."""
    executor = house.members[0].executor
    state = client
    for height in range(1, executor.height() + 1):
        found, certificate = executor.store.header(height), executor.store.certificate(height)
        assert found is not None
        assert certificate is not None
        proof = reader.state(KEY, height - 1).proof
        read_proved(state, proof, KEY)
        state = update(state, found[1], certificate, executor.validators(height))


@pytest.mark.covers(row=11)
def test_a_removed_validator_s_votes_do_not_count(tmp_path: Path) -> None:
    async def story() -> None:
        house = Consortium(tmp_path, first=4)
        house.start()
        await house.grow(1)
        gone = house.members[3]
        height = await house.change(requests.remove(gone.key))
        await house.grow(height)
        executor = house.members[0].executor
        found = executor.block(height)
        assert found is not None
        header = found[0].header
        digest = block_hash(SUITE, header)
        # Two of the three that are left, and the one that left: no quorum, and no index for it.
        after = executor.validators(height)
        assert after.index(gone.key) is None
        before = executor.validators(height - 1)
        voters = [house.members[0], house.members[1], gone]
        forged = certificate(before, voters, height, digest)
        with pytest.raises(Rejected):
            verify_header(SUITE, before, header, forged)
        with pytest.raises(Rejected):
            verify_header(SUITE, after, header, forged)
        # Its vote is refused as a stranger's, and its connection with it.
        await inject(house, gone, height + 1)
        await house.stop()

    run(story())


def certificate(
    validators: ValidatorSet, voters: list[Member], height: int, digest: bytes
) -> Certificate:
    message = precommit_bytes(CHAIN, height, 0, digest)
    return Certificate.assemble(
        kind=PRECOMMIT,
        chain_id=CHAIN,
        height=height,
        round=0,
        block_hash=digest,
        validators=validators,
        signatures={
            validators.index(voter.key) or 0: voter.signer.sign(message) for voter in voters
        },
    )


async def inject(house: Consortium, gone: Member, height: int) -> None:
    target = house.members[0]
    await until(lambda: target.driver.status().height == height)
    statement = vote_bytes(CHAIN, VoteKind.PREVOTE, height, 0, b"")
    vote = Vote(VoteKind.PREVOTE, height, 0, b"", gone.key, gone.signer.sign(statement))
    assert decode(encode(vote)) == vote
    target.port.on_message(gone.key, encode(vote))
    await until(lambda: bool(target.port.reported))
    assert target.port.reported == [(gone.key, "CONSENSUS_SIGNATURE_INVALID")]
    assert gone.key not in target.driver.status().prevotes
    target.port.reported.clear()


@pytest.mark.slow
@pytest.mark.covers(row=11)
def test_the_old_set_decides_until_the_very_height(tmp_path: Path) -> None:
    """At h + 1 the removed one's vote still decides; from h + 2 the added one's is needed."""

    async def story() -> None:
        house = Consortium(tmp_path, first=4, more=1)
        house.start()
        await house.grow(1)
        added = house.members[4]
        # With power 30 of 70 nothing is decided without the new one.
        height = await house.change(requests.add(CHAIN, added.signer, 30, house.top))
        house.hub.unplug(added.port)
        rest = house.members[:4]
        await house.grow(height - 1, rest)
        house.load()
        with pytest.raises(TimeoutError):
            await until_height(rest, height)
        house.hub.plug(added.port)
        await until_height(house.members, height)
        house.check()
        await house.stop()

    run(story())


async def until_height(members: list[Member], height: int) -> None:
    reached: Callable[[], bool] = lambda: min(one.height for one in members) >= height  # noqa: E731
    await until(reached, 1.5 if len(members) == 4 else 60.0)


def test_a_set_of_one_grows_to_four_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        house = Consortium(tmp_path, first=1, more=3)
        house.start()
        await house.grow(1)
        changes = [
            requests.add(CHAIN, member.signer, 10, house.top) for member in house.members[1:]
        ]
        height = await house.change(*changes)
        await house.grow(height + 2)
        house.check()
        assert len(house.members[0].executor.validators(height)) == 4
        assert all(height in house.said[member.key] for member in house.members)
        await house.stop()

    run(story())


def test_history_answers_by_height() -> None:
    sets = [ValidatorSet.of(Validator(validator(n).public_key, 1)) for n in range(3)]
    history = ValidatorHistory.of([(1, sets[0]), (5, sets[1])]).with_change(6, sets[2])
    assert [history.at(h) for h in (1, 4, 5, 6, 99)] == [sets[0], sets[0], *sets[1:], sets[2]]
    assert list(history.announced(0, 99)) == [(4, sets[1]), (5, sets[2])]
    assert list(history.announced(4, 5)) == [(4, sets[1])]
    assert list(history.announced(5, 99)) == [(5, sets[2])]
    assert list(history.announced(6, 99)) == []
    with pytest.raises(Misuse):
        history.at(0)
