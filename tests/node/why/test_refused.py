"""A validator that is kept out by the handshake, or can't be reached, is known with the reason."""

from crypto.suites import INTL
from node.peers import PeerNetwork
from tests.node.test_peers import QUICK, Listener, identity, networks, run, until


def test_another_genesis_is_told_by_both_sides_and_a_healthy_peer_has_no_trouble():
    async def story():
        same, other = identity(), identity(genesis=b"x" * 32)
        async with networks(identity(), same, other) as (net, good, wrong):
            Listener(net)
            wrong_key, our_key = other.signer.public_key, net._identity.signer.public_key
            await until(lambda: net.troubles.of(wrong_key) and net.troubles.of(wrong_key).code)
            trouble = net.troubles.of(wrong_key)
            assert (trouble.code, trouble.detail) == ("PEER_HANDSHAKE", "another chain or genesis")
            await until(lambda: wrong.troubles.of(our_key) and wrong.troubles.of(our_key).code)
            await until(lambda: net.connected() == 1 and good.connected() == 1)
            assert net.troubles.of(same.signer.public_key) is None

    run(story())


def test_a_stranger_is_counted_and_a_dead_address_is_told_in_words():
    async def story():
        mine, stranger = identity(), identity()
        dead = INTL.public_key(INTL.generate_private_key())
        async with networks(mine) as (net,):
            place = ("127.0.0.1", net.port)
            uninvited = PeerNetwork(
                stranger, {mine.signer.public_key: place, dead: ("127.0.0.1", 1)}, QUICK
            )
            await uninvited.start("127.0.0.1", 0)
            await until(lambda: dict(net.troubles.strangers()).get("PEER_UNKNOWN"))
            await until(lambda: uninvited.troubles.of(dead))
            assert "nobody answers" in uninvited.troubles.of(dead).detail
            await until(lambda: uninvited.troubles.of(mine.signer.public_key))
            assert uninvited.connected() == 0
            await uninvited.stop()

    run(story())
