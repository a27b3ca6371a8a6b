"""What the simulator puts in place of mathematics and threads. Hashes, trees and proofs are real.

A signature is the hash of key and message: whoever holds a key can make it, and the simulator's
adversary makes only those of its own keys. That is the same assumption as for a real signature.
"""

from concurrent.futures import Future
from hashlib import blake2b, sha256
from types import SimpleNamespace

from crypto.suites import INTL, Suite

NAME = "intl"


def signature_of(public_key: bytes, message: bytes) -> bytes:
    return blake2b(public_key + message).digest()


class FakeSigner:
    def __init__(self, public_key: bytes) -> None:
        self.public_key = public_key

    def sign(self, message: bytes) -> bytes:
        return signature_of(self.public_key, message)


def _verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    return signature == signature_of(public_key, message)


SUITE = Suite(
    NAME,
    INTL.key_size,
    lambda data: sha256(data).digest(),
    SimpleNamespace(verify=_verify),
    INTL._seal,
    INTL._open,
)


class NoThreads:
    """In place of a thread pool: the same results, at once."""

    def map(self, function, *iterables):
        return map(function, *iterables)

    def submit(self, function, *args) -> Future:
        future: Future = Future()
        try:
            future.set_result(function(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def shutdown(self, wait: bool = True, cancel_futures: bool = False) -> None:
        pass


def validator_key(number: int) -> bytes:
    return b"\x04" + b"validator-%03d" % number + bytes(51)
