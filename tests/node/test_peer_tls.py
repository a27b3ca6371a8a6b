"""The TLS between peers: what is in it, and who can't stand in the middle of it."""

import asyncio
import contextlib
import socket
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from crypto.suites import suite as suite_named
from faults import PeerFault
from node.peer_link import PeerIdentity, shake_hands
from node.peer_tls import (
    _NAME,
    _NOT_AFTER,
    _NOT_BEFORE,
    TlsKey,
    _opening,
    public_key_of,
    secure,
)

GENESIS = b"g" * 32


def identity(suite="gm"):
    suite = suite_named(suite)
    return PeerIdentity("yl-test", GENESIS, suite, suite.signer(suite.generate_private_key()))


def pair():
    ends = socket.socketpair()
    for end in ends:
        end.setblocking(False)
    return ends


async def channels(ours, theirs):
    one, two = pair()
    return await asyncio.gather(secure(one, ours, dialing=True), secure(two, theirs, dialing=False))


def close(*both):
    for channel in both:
        channel.writer.transport.abort()


def run(story):
    asyncio.run(asyncio.wait_for(story, 10))


@pytest.mark.parametrize("suite", ["gm", "intl"])
def test_both_ends_prove_their_keys_over_tls_1_3_only(suite):
    async def story():
        keys = TlsKey(), TlsKey()
        both = await channels(*keys)
        assert [one.writer.get_extra_info("ssl_object").version() for one in both] == [
            "TLSv1.3",
            "TLSv1.3",
        ]
        assert [(one.own_key, one.peer_key) for one in both] == [
            (keys[0].public_key, keys[1].public_key),
            (keys[1].public_key, keys[0].public_key),
        ]
        who = identity(suite), identity(suite)
        seen = await asyncio.gather(
            shake_hands(both[0], who[0], dialing=True), shake_hands(both[1], who[1], dialing=False)
        )
        assert seen == [who[1].signer.public_key, who[0].signer.public_key]
        close(*both)

    run(story())


def test_no_older_tls_and_no_missing_certificate():
    keys = TlsKey(), TlsKey()
    for dialing in (True, False):
        context = keys[0].context(keys[1].certificate, dialing=dialing)
        assert context.minimum_version == context.maximum_version == ssl.TLSVersion.TLSv1_3
        assert context.verify_mode == ssl.CERT_REQUIRED
        assert len(context.get_ca_certs(binary_form=True)) <= 1

    async def story():
        one, two = pair()
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(one, _opening(keys[0].certificate))
        serving = asyncio.create_task(secure(two, keys[1], dialing=False))
        await asyncio.sleep(0.05)
        await loop.sock_recv(one, 4096)
        bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        bare.check_hostname, bare.verify_mode = False, ssl.CERT_NONE
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection(sock=one, ssl=bare, server_hostname="")
        with pytest.raises(OSError):
            await serving
        writer.transport.abort()

    run(story())


def test_showing_a_certificate_without_its_key_is_not_enough():
    """Whoever copies a certificate seen in clear can't finish TLS with it."""

    async def story():
        victim, thief, server = TlsKey(), TlsKey(), TlsKey()
        thief.certificate = victim.certificate
        for first, second in ((thief, server), (server, thief)):
            one, two = pair()
            ends = await asyncio.gather(
                secure(one, first, dialing=True),
                secure(two, second, dialing=False),
                return_exceptions=True,
            )
            honest = ends[0] if first is server else ends[1]
            assert isinstance(honest, OSError)
            close(*(end for end in ends if not isinstance(end, BaseException)))

    run(story())


def test_a_man_in_the_middle_passes_tls_but_not_the_signatures():
    """He ends both TLS connections himself and copies all bytes between them."""

    async def copy(reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(4096):
                writer.write(data)

    async def story():
        one, left = pair()
        right, two = pair()
        middle = TlsKey()
        alice, m_left, m_right, bob = await asyncio.gather(
            secure(one, TlsKey(), dialing=True),
            secure(left, middle, dialing=False),
            secure(right, middle, dialing=True),
            secure(two, TlsKey(), dialing=False),
        )
        copies = [
            asyncio.create_task(copy(m_left.reader, m_right.writer)),
            asyncio.create_task(copy(m_right.reader, m_left.writer)),
        ]
        results = await asyncio.gather(
            shake_hands(alice, identity(), dialing=True),
            shake_hands(bob, identity(), dialing=False),
            return_exceptions=True,
        )
        assert [type(one) for one in results] == [PeerFault, PeerFault]
        assert all("signature" in str(one) for one in results)
        for task in copies:
            task.cancel()
        close(alice, m_left, m_right, bob)

    run(story())


def large_rsa_certificate():
    key = rsa.generate_private_key(65537, 2048)
    builder = x509.CertificateBuilder().subject_name(_NAME).issuer_name(_NAME)
    builder = builder.public_key(key.public_key()).serial_number(1)
    builder = builder.not_valid_before(_NOT_BEFORE).not_valid_after(_NOT_AFTER)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"\x00",
        b"\x00\x00",
        b"\xff\xff" + b"x" * 100,
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x00\x06\x00\x01\x00\x00\x00\x00",
        b"\x00\x0a\x00\x02\x00\x00\x00\x04junk",
        b"\x00\x0a\x00\x02\x00\x00\x00\x05junk",
        _opening(TlsKey().certificate)[:-1],
        _opening(TlsKey().certificate[:-1]),
        _opening(TlsKey().certificate + b"x"),
        _opening(large_rsa_certificate()),
        _opening(TlsKey().certificate) + b"no TLS at all, whatever the length of this may be",
    ],
)
def test_garbage_instead_of_an_opening_ends_the_connection(first):
    async def story():
        for dialing in (False, True):
            one, two = pair()
            one.setblocking(True)
            one.sendall(first)
            one.shutdown(socket.SHUT_WR)
            with pytest.raises((PeerFault, OSError, EOFError)):
                await secure(two, TlsKey(), dialing=dialing)
            one.close()

    run(story())


def test_the_key_is_in_no_file_and_the_certificate_names_nobody():
    key = TlsKey()
    certificate = x509.load_der_x509_certificate(key.certificate)
    assert certificate.subject.rfc4514_string() == "CN=yilian-peer"
    assert certificate.not_valid_after_utc.year == 9999
    assert public_key_of(key.certificate) == key.public_key
    assert TlsKey().public_key != key.public_key
    key.close()
    with pytest.raises(OSError):
        key.context(TlsKey().certificate, dialing=True)
