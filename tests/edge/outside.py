"""A chain as its users see it from outside: what they hand in, and that nothing came of it."""

import contextlib
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from google.protobuf.message import Message

from ledger.transaction import sign_body
from node.client import Client, ClientError, build_body
from proto.services_pb2 import OperationReceipt, StatusReply
from proto.transaction_pb2 import Transaction
from testnet.actors import Actor
from testnet.journey.world import World
from tests.documents.support import shows_a_person

WAIT_MS = 10_000
GROWTH_BYTES_MAX = 64 * 1024 * 1024
"""What a node may be larger after a test than before it: caches warm up, input isn't kept."""


@dataclass(frozen=True)
class Outside:
    """One chain's first node, and the desk that asks things of it."""

    world: World
    chain: str
    desk: str

    @property
    def client(self) -> Client:
        return self.world.client(self.chain)

    @property
    def actor(self) -> Actor:
        return self.world.stage.actors[self.desk]

    @property
    def pid(self) -> int:
        running = self.world.stage.nodes[self.chain][0].running
        assert running is not None
        return running.pid

    def refuses(
        self, code: str, kind: str, document: bytes, options: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """Preparing the document is refused with this code; what the refusal is about."""
        with pytest.raises(ClientError) as caught:
            self.client.prepare(kind, document, self.actor.public_key, options)
        return checked(caught.value, code)

    def body(
        self,
        contract: str,
        method: str,
        *requests: Message,
        ahead: int = 100,
        nonce: bytes | None = None,
        chain: str | None = None,
    ) -> bytes:
        """A body the desk might sign."""
        height = self.client.status().height
        return build_body(
            self.chain if chain is None else chain,
            contract,
            method,
            requests,
            self.actor.public_key,
            nonce=nonce,
            last_height=height + ahead,
        )

    def signed(self, body: bytes) -> Transaction:
        return sign_body(self.actor.signer, body)

    def commit(self, body: bytes) -> list[OperationReceipt]:
        """Sign, submit, await: the receipts of its operations."""
        reply = self.client.submit(self.signed(body), WAIT_MS)
        assert reply.HasField("receipt")
        return list(reply.receipt.operations)

    def not_taken(self, code: str, transaction: Transaction) -> dict[str, str]:
        """Submitting the transaction is refused with this code; what the refusal is about."""
        with pytest.raises(ClientError) as caught:
            self.client.submit(transaction, WAIT_MS)
        return checked(caught.value, code)

    @contextlib.contextmanager
    def untouched(self, seconds: float = 10.0, growth: int = GROWTH_BYTES_MAX) -> Iterator[None]:
        """Inside the block no transaction is committed and no state changes; it ends in time, and
        the node hasn't grown."""
        before, resident, began = self.client.status(), memory(self.pid), time.monotonic()
        yield
        assert time.monotonic() - began < seconds
        assert memory(self.pid) - resident < growth
        after = self.client.status()
        assert (after.state_root, after.pool) == (before.state_root, 0)
        assert self._transactions(before, after) == 0

    def _transactions(self, before: StatusReply, after: StatusReply) -> int:
        heights = range(before.height + 1, after.height + 1)
        return sum(len(self.client.block(height).transactions) for height in heights)


def checked(error: ClientError, code: str) -> dict[str, str]:
    """The error has this code, a sentence in both languages, and shows nothing of a person."""
    assert error.code == code, f"{error} instead of {code}"
    assert re.search("[\u4e00-\u9fff]", error.zh)
    assert error.en
    assert not shows_a_person(str(error)), "a refusal shows personal data"
    return error.fields


def memory(pid: int) -> int:
    """Resident bytes of a process."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found[1]) * 1024


def peak_memory(pid: int) -> int:
    """The most resident bytes the process ever had."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found[1]) * 1024
