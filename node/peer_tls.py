"""TLS 1.3 between peers, with certificates nobody signed: two keys, each shown to the other.

Before TLS each side sends its self-signed certificate in clear, the dialer first. Then both begin
TLS 1.3 with exactly that certificate as the only one they trust and require, so that each proves to
the other that it holds the key it showed. Who it *is*, the handshake inside says: the node key
signs the hashes of both TLS keys (`peer_link.shake_hands`). docs/decisions/0008 has the reasons.
"""

import asyncio
import datetime
import os
import socket
import ssl
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from faults import PeerFault, Rejected
from ledger.codec import Reader, Writer
from node.peer_codes import PEER_FRAME, PEER_HANDSHAKE

PROTOCOL_VERSION = 2
OPENING_BYTES_MAX = 1024
READ_AHEAD_BYTES = 512 * 1024

# A certificate here only carries a key: it is as old as the process and trusted for one connection,
# so its dates say nothing, and a node whose clock is wrong must still be let in.
_NOT_BEFORE = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
_NOT_AFTER = datetime.datetime(9999, 12, 31, 23, 59, 59, tzinfo=datetime.UTC)
_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "yilian-peer")])


@dataclass(frozen=True, slots=True)
class Channel:
    """An encrypted connection whose two ends have proved that they hold these TLS keys."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    own_key: bytes
    """Our TLS public key (SubjectPublicKeyInfo, DER)."""
    peer_key: bytes
    """The TLS public key of the other end of this very connection."""


class TlsKey:
    """A P-256 key made for one run of the process, with its self-signed certificate.

    `ssl` reads keys from files only: this one is in an anonymous file in memory and never on disk.
    """

    def __init__(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            x509.CertificateBuilder()
            .subject_name(_NAME)
            .issuer_name(_NAME)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_NOT_BEFORE)
            .not_valid_after(_NOT_AFTER)
            .sign(key, hashes.SHA256())
        )
        self.certificate = certificate.public_bytes(serialization.Encoding.DER)
        """What the other side is shown, DER."""
        self.public_key = public_key_of(self.certificate)
        """SubjectPublicKeyInfo, DER."""
        self._descriptor = os.memfd_create("yilian-peer-tls", os.MFD_CLOEXEC)
        with open(self._descriptor, "wb", closefd=False) as file:
            file.write(
                key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
            )
            file.write(certificate.public_bytes(serialization.Encoding.PEM))

    def context(self, peer_certificate: bytes, *, dialing: bool) -> ssl.SSLContext:
        """TLS 1.3 alone, both ends certified, and `peer_certificate` the only one accepted."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT if dialing else ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_3
        context.check_hostname = False  # names mean nothing here: the certificate itself is pinned
        context.verify_mode = ssl.CERT_REQUIRED
        context.verify_flags = ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        if not dialing:
            context.num_tickets = 0  # every connection proves its keys anew
        context.load_cert_chain(f"/proc/self/fd/{self._descriptor}")
        context.load_verify_locations(cadata=peer_certificate)
        return context

    def close(self) -> None:
        """Forget the key; no connection can be secured afterwards."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def public_key_of(certificate: bytes) -> bytes:
    """The P-256 key in a certificate, as SubjectPublicKeyInfo; PeerFault for anything else."""
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
    except Exception:  # hostile bytes: the parser has many ways of saying that they are none
        raise PeerFault(PEER_HANDSHAKE, "not a certificate") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise PeerFault(PEER_HANDSHAKE, "a TLS key that is not on P-256")
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


async def secure(connection: socket.socket, key: TlsKey, *, dialing: bool) -> Channel:
    """Exchange certificates, then TLS; takes `connection` over, and the caller bounds the time.

    The listener shows its certificate only to who has shown one. Raises PeerFault, OSError (of
    which ssl.SSLError is one), EOFError; the connection is then closed.
    """
    try:
        theirs = await _exchange(connection, key.certificate, dialing=dialing)
        peer_key = public_key_of(theirs)
        context = key.context(theirs, dialing=dialing)
    except BaseException:
        connection.close()
        raise
    reader, writer = await _begin_tls(connection, context, dialing=dialing)
    presented = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    if presented != theirs:
        writer.transport.abort()
        raise PeerFault(PEER_HANDSHAKE, "another certificate than the one shown")
    return Channel(reader, writer, key.public_key, peer_key)


async def _exchange(connection: socket.socket, certificate: bytes, *, dialing: bool) -> bytes:
    loop = asyncio.get_running_loop()
    if dialing:
        await loop.sock_sendall(connection, _opening(certificate))
    theirs = await _read_opening(connection)
    if not dialing:
        await loop.sock_sendall(connection, _opening(certificate))
    return theirs


async def _begin_tls(
    connection: socket.socket, context: ssl.SSLContext, *, dialing: bool
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Streams over TLS on a socket of which nothing beyond the opening was read."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=READ_AHEAD_BYTES, loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    if dialing:
        transport, _ = await loop.create_connection(
            lambda: protocol, sock=connection, ssl=context, server_hostname=""
        )
    else:
        transport, _ = await loop.connect_accepted_socket(lambda: protocol, connection, ssl=context)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


def _opening(certificate: bytes) -> bytes:
    """What goes over the wire in clear: u16 length, u16 version, the certificate."""
    content = Writer().u16(PROTOCOL_VERSION).lp(certificate).done()
    return len(content).to_bytes(2, "big") + content


async def _read_opening(connection: socket.socket) -> bytes:
    """The certificate the other side shows; not a byte more is read."""
    length = int.from_bytes(await _read(connection, 2), "big")
    if length > OPENING_BYTES_MAX:
        raise PeerFault(PEER_FRAME, f"{length} bytes")
    try:
        reader = Reader(await _read(connection, length), "peer opening", limit=OPENING_BYTES_MAX)
        if reader.u16() != PROTOCOL_VERSION:
            raise PeerFault(PEER_HANDSHAKE, "another protocol version")
        certificate = reader.lp(OPENING_BYTES_MAX)
        reader.end()
    except Rejected:
        raise PeerFault(PEER_HANDSHAKE, "a malformed opening") from None
    return certificate


async def _read(connection: socket.socket, count: int) -> bytes:
    loop = asyncio.get_running_loop()
    content = b""
    while len(content) < count:
        piece = await loop.sock_recv(connection, count - len(content))
        if not piece:
            raise EOFError
        content += piece
    return content
