"""A node that lost what it knew of its signatures follows and is silent until it is admitted."""

import shutil
from pathlib import Path

import pytest

from consensus.guard import FIRST, SigningGuard
from consensus.signing import Notary
from contracts.governance import requests
from crypto.suites import GM
from faults import Rejected, StorageFault
from node.first_start import mark_never_signed, take_first_start
from tests.node.consortium import CHAIN, SUITE, Consortium, Member, run, until, validator


async def began_anew(house: Consortium, member: Member) -> None:
    """The member's process is killed, its data is deleted, it starts again."""
    member.kill()
    member.lose_data()
    house.said[member.key] = []
    member.start()


@pytest.mark.slow
@pytest.mark.covers(row=20)
def test_silent_until_readmitted(tmp_path: Path) -> None:
    async def story() -> None:
        house = Consortium(tmp_path, first=4)
        house.start()
        lost, rest = house.members[3], house.members[:3]
        await house.grow(3)
        await began_anew(house, lost)
        await house.grow(house.top + 4)
        assert lost.height >= 5
        assert house.said[lost.key] == []
        assert "not admitted" in lost.driver.status().not_signing
        assert lost.driver.signing_record != FIRST
        assert all(one.driver.status().not_signing == "" for one in rest)
        again = requests.readmit(
            CHAIN, lost.signer, house.top, epoch=2, signing_record=lost.driver.signing_record
        )
        height = await house.change(again)
        await house.grow(height + 3)
        assert min(house.said[lost.key]) >= height
        assert house.top in house.said[lost.key]
        assert lost.driver.status().not_signing == ""
        house.check()
        await lost_again(house, lost, height)
        await house.stop()

    run(story())


async def lost_again(house: Consortium, lost: Member, height: int) -> None:
    """The old admission, met on the way, is no permission for the next record."""
    await began_anew(house, lost)
    await house.grow(house.top + 3)
    assert lost.height > height
    assert house.said[lost.key] == []
    # A restart with the new record changes nothing about it.
    record = lost.driver.signing_record
    lost.kill()
    lost.start()
    await house.grow(house.top + 2)
    assert (lost.driver.signing_record, house.said[lost.key]) == (record, [])


@pytest.mark.covers(row=20)
def test_only_the_signing_record_lost_is_as_bad(tmp_path: Path) -> None:
    async def story() -> None:
        house = Consortium(tmp_path, first=4)
        house.start()
        lost = house.members[0]
        await house.grow(2)
        lost.kill()
        shutil.rmtree(lost.directory)
        house.said[lost.key] = []
        lost.start()
        await house.grow(house.top + 3)
        assert house.said[lost.key] == []
        await house.stop()

    run(story())


@pytest.mark.slow
@pytest.mark.covers(row=20)
def test_an_older_copy_of_the_data_is_noticed(tmp_path: Path) -> None:
    """A restored backup: its record is admitted, but certificates hold later signatures of it."""

    async def story() -> None:
        house = Consortium(tmp_path, first=4)
        house.start()
        lost = house.members[0]
        await house.grow(2)
        lost.kill()
        backup = tmp_path / "backup"
        shutil.copytree(lost.directory, backup)
        data = dict(lost.kv._data)
        lost.start()
        # With one other down, every certificate needs the signature of each of the three.
        house.members[3].kill()
        house.running.remove(house.members[3])
        await house.grow(house.top + 4)
        lost.kill()
        shutil.rmtree(lost.directory)
        shutil.copytree(backup, lost.directory)
        lost.kv._data, lost.kv._order = data, None
        top = house.top
        house.members[3].start()
        house.running.append(house.members[3])
        house.running.remove(lost)
        await house.grow(top + 1)
        lost.start()
        house.running.append(lost)
        await until(lambda: lost.height > top)
        assert lost.driver.signing_record != FIRST
        house.said[lost.key] = []
        await house.grow(house.top + 2)
        assert house.said[lost.key] == []
        await house.stop()

    run(story())


def test_a_lost_key_is_replaced_by_rotation(tmp_path: Path) -> None:
    """The other way back: a new key, which has never signed, takes the place of the old one."""

    async def story() -> None:
        house = Consortium(tmp_path, first=4, more=1)
        house.start()
        await house.grow(2)
        old, new = house.members[3], house.members[4]
        old.kill()
        house.running.remove(old)
        height = await house.change(requests.rotate(CHAIN, old.key, new.signer, house.top))
        await house.grow(height + 2)
        assert min(house.said[new.key]) >= height
        assert len(house.members[0].executor.validators(height)) == 4
        house.check()
        await house.stop()

    run(story())


def test_a_mark_is_good_for_one_start_of_its_own_key(tmp_path: Path) -> None:
    key_file, data = tmp_path / "node.key", tmp_path / "data"
    signer = validator(1)
    assert not take_first_start(key_file, signer.public_key, data)
    mark_never_signed(key_file, signer.public_key)
    with pytest.raises(StorageFault):
        mark_never_signed(key_file, signer.public_key)
    assert not take_first_start(key_file, validator(2).public_key, data)
    assert not data.exists()
    assert take_first_start(key_file, signer.public_key, data)
    assert SigningGuard.open(data, signer, SUITE).record_id == FIRST
    assert not take_first_start(key_file, signer.public_key, data)
    shutil.rmtree(data)
    other = SigningGuard.open(data, signer, SUITE)
    assert len(other.record_id) == 16
    other.close()
    assert SigningGuard.open(data, signer, SUITE).record_id == other.record_id


def test_a_crash_between_record_and_mark_keeps_the_record(tmp_path: Path) -> None:
    signer, data = GM.signer((7).to_bytes(32, "big")), tmp_path / "data"
    mark_never_signed(tmp_path / "node.key", signer.public_key)
    SigningGuard.begin_first(data)
    notary = Notary("c", GM, signer, data)
    notary.sign_committed(7, bytes(32))
    notary.close()
    assert take_first_start(tmp_path / "node.key", signer.public_key, data)
    again = Notary("c", GM, signer, data)
    with pytest.raises(Rejected):
        again.sign_committed(7, bytes([1]) * 32)


@pytest.mark.parametrize("offset", [25, 37, 38, 41, 100, 511])
def test_a_damaged_head_stops_the_node(tmp_path: Path, offset: int) -> None:
    signer = validator(1)
    SigningGuard.begin_first(tmp_path)
    content = bytearray((tmp_path / "last-signed").read_bytes())
    content[offset] ^= 4
    (tmp_path / "last-signed").write_bytes(content)
    with pytest.raises(StorageFault):
        SigningGuard.open(tmp_path, signer, SUITE)


def test_renewing_keeps_what_is_known_to_be_signed(tmp_path: Path) -> None:
    admitted = {"record": FIRST}
    SigningGuard.begin_first(tmp_path)
    signer = validator(1)
    notary = Notary("c", SUITE, signer, tmp_path, admitted=lambda key, height: admitted["record"])
    notary.sign_committed(5, bytes(32))
    assert notary.saw_own_signature(5)
    assert notary.signing_record == FIRST
    assert not notary.saw_own_signature(6)
    assert len(notary.signing_record) == 16
    with pytest.raises(Rejected) as refused:
        notary.sign_committed(9, bytes(32))
    assert refused.value.code.name == "CONSENSUS_NOT_ADMITTED"
    assert notary.saw_own_signature(7)  # of the time before this record
    admitted["record"] = notary.signing_record
    notary.sign_committed(9, bytes(32))
    notary.close()
    again = Notary("c", SUITE, signer, tmp_path)
    assert again.signing_record == admitted["record"]
    with pytest.raises(Rejected):
        again.sign_committed(8, bytes(32))
