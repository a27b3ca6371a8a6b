"""Key files: one private key under a passphrase, for software signers.

The file is JSON in exactly one form. The key is encrypted with SM4-GCM under scrypt(passphrase),
and whatever else can vary in the file is associated data, so no byte can be changed unnoticed. A
key file appears complete or not at all, is its owner's alone, and is never overwritten.
"""

import contextlib
import os
import secrets
import stat
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from crypto.aead import SM4_KEY_SIZE, sm4_gcm_open, sm4_gcm_seal
from crypto.codes import (
    KEY_FILE_EXISTS,
    KEY_FILE_MALFORMED,
    KEY_FILE_PERMISSIONS,
    KEY_FILE_UNAVAILABLE,
    KEY_PASSPHRASE_UNFIT,
    KEY_PASSPHRASE_WRONG,
    CryptoError,
)
from crypto.digest import sm3
from crypto.domain import tagged
from crypto.ports import NONCE_SIZE, PRIVATE_KEY_SIZE, PUBLIC_KEY_SIZE, TAG_SIZE
from crypto.suites import Suite, suite
from faults import Rejected, StorageFault, failpoint

PASSPHRASE_SIZE_MIN = 8
PASSPHRASE_SIZE_MAX = 1024
FILE_SIZE_MAX = 4096
_VERSION = 1
_SALT_SIZE = 16
# 16 MiB and about 50 ms an attempt. The file names the cost, but only this one is accepted: a file
# from elsewhere must not choose how much memory we use.
_COST = {"n": 2**14, "r": 8, "p": 1}


class _Kdf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    n: int
    r: int
    p: int
    salt: str


class _KeyFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    suite: str
    public_key: str
    kdf: _Kdf
    cipher: str
    nonce: str
    ciphertext: str


def create_key(path: str | os.PathLike[str], suite: Suite, passphrase: bytes) -> bytes:
    """Generate a key pair, write its file (mode 0600, synced) and return the public key, 65 bytes.

    Raises:
        Rejected: KEY_FILE_EXISTS, KEY_FILE_UNAVAILABLE (the directory), KEY_PASSPHRASE_UNFIT.
        StorageFault: the disk did not take it.
    """
    _check_passphrase(passphrase)
    target = Path(path)
    if os.path.lexists(target):
        raise Rejected(KEY_FILE_EXISTS, path=str(target))
    private_key = suite.generate_private_key()
    public_key = suite.public_key(private_key)
    _create_file(target, _encode(_encrypt(suite, public_key, private_key, passphrase)))
    return public_key


def load_key(path: str | os.PathLike[str], passphrase: bytes) -> tuple[Suite, bytes]:
    """The suite and the private key, 32 bytes, of a key file.

    Raises:
        Rejected: KEY_FILE_UNAVAILABLE, KEY_FILE_PERMISSIONS, KEY_FILE_MALFORMED, UNKNOWN_SUITE,
            KEY_PASSPHRASE_WRONG.
        StorageFault: the disk did not give it.
    """
    target = Path(path)
    content = _decode(_read_file(target), target)
    ciphers = suite(content.suite)
    try:
        public_key = _unhex(content.public_key, PUBLIC_KEY_SIZE)
        salt = _unhex(content.kdf.salt, _SALT_SIZE)
        nonce = _unhex(content.nonce, NONCE_SIZE)
        ciphertext = _unhex(content.ciphertext, PRIVATE_KEY_SIZE + TAG_SIZE)
    except ValueError:
        raise Rejected(KEY_FILE_MALFORMED, path=str(target)) from None
    aad = _aad(ciphers, public_key, salt)
    try:
        private_key = sm4_gcm_open(_stretch(passphrase, salt), nonce, ciphertext, aad)
    except CryptoError:
        raise Rejected(KEY_PASSPHRASE_WRONG, path=str(target)) from None
    if ciphers.public_key(private_key) != public_key:
        raise Rejected(KEY_FILE_MALFORMED, path=str(target))
    return ciphers, private_key


def _encrypt(suite: Suite, public_key: bytes, private_key: bytes, passphrase: bytes) -> _KeyFile:
    salt = secrets.token_bytes(_SALT_SIZE)
    nonce = secrets.token_bytes(NONCE_SIZE)
    key = _stretch(passphrase, salt)
    return _KeyFile(
        version=_VERSION,
        suite=suite.name,
        public_key=public_key.hex(),
        kdf=_Kdf(name="scrypt", salt=salt.hex(), **_COST),
        cipher="sm4-gcm",
        nonce=nonce.hex(),
        ciphertext=sm4_gcm_seal(key, nonce, private_key, _aad(suite, public_key, salt)).hex(),
    )


def _stretch(passphrase: bytes, salt: bytes) -> bytes:
    # Hashed first: scrypt's inner HMAC pads short keys with zero bytes, so that a passphrase and
    # the same with zero bytes behind it would be one.
    secret = sm3(tagged("yilian/passphrase/v1", passphrase))
    return Scrypt(salt=salt, length=SM4_KEY_SIZE, **_COST).derive(secret)


def _aad(suite: Suite, public_key: bytes, salt: bytes) -> bytes:
    return tagged("yilian/keystore/v1", suite.name.encode("ascii"), public_key, salt)


def _encode(content: _KeyFile) -> bytes:
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"


def _decode(raw: bytes, path: Path) -> _KeyFile:
    try:
        content = msgspec.json.decode(raw, type=_KeyFile)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise Rejected(KEY_FILE_MALFORMED, path=str(path)) from None
    fixed = (content.version, content.kdf.name, content.cipher) == (_VERSION, "scrypt", "sm4-gcm")
    cost = {"n": content.kdf.n, "r": content.kdf.r, "p": content.kdf.p}
    if not fixed or cost != _COST or _encode(content) != raw:
        raise Rejected(KEY_FILE_MALFORMED, path=str(path))
    return content


def _unhex(text: str, size: int) -> bytes:
    """Bytes of lower-case hexadecimal of exactly this size; ValueError otherwise."""
    value = bytes.fromhex(text)
    if len(value) != size or value.hex() != text:
        raise ValueError("not lower-case hexadecimal of the size it must have")
    return value


def _check_passphrase(passphrase: bytes) -> None:
    if not PASSPHRASE_SIZE_MIN <= len(passphrase) <= PASSPHRASE_SIZE_MAX:
        raise Rejected(KEY_PASSPHRASE_UNFIT)


def _read_file(path: Path) -> bytes:
    try:
        # Non-blocking, so that a pipe in the file's place cannot hold us up.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):  # ValueError: a zero byte in the path
        raise Rejected(KEY_FILE_UNAVAILABLE, path=str(path)) from None
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise Rejected(KEY_FILE_UNAVAILABLE, path=str(path))
        if stat.S_IMODE(mode) & 0o077:
            raise Rejected(KEY_FILE_PERMISSIONS, path=str(path))
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            raw = file.read(FILE_SIZE_MAX + 1)
    except OSError as error:
        raise StorageFault(f"the key file could not be read: {error.strerror}") from error
    finally:
        os.close(descriptor)
    if len(raw) > FILE_SIZE_MAX:
        raise Rejected(KEY_FILE_MALFORMED, path=str(path))
    return raw


def _create_file(path: Path, content: bytes) -> None:
    """Write a synced temporary file, then give it its name, which fails if the name is taken."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        descriptor = os.open(temporary, flags, 0o600)
    except (OSError, ValueError):  # ValueError: a zero byte in the path
        raise Rejected(KEY_FILE_UNAVAILABLE, path=str(path)) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        failpoint("keystore-before-link")
        os.link(temporary, path)
        failpoint("keystore-after-link")
    except FileExistsError:
        raise Rejected(KEY_FILE_EXISTS, path=str(path)) from None
    except OSError as error:
        raise StorageFault(f"the key file could not be written: {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
    _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise StorageFault(f"the key directory could not be synced: {error.strerror}") from error
