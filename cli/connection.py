"""A node client whose errors the command line can turn into sentences."""

from collections.abc import Iterator
from contextlib import contextmanager

from faults import Code, Rejected
from node.client import Client, ClientError
from node.codes import NODE_UNREACHABLE


@contextmanager
def connect(address: str) -> Iterator[Client]:
    """A client of the node; its errors become Rejected, or ConnectionError if nobody answers."""
    with Client(address) as client:
        try:
            yield client
        except ClientError as error:
            if error.code == NODE_UNREACHABLE.name:
                raise ConnectionError(
                    f"nobody answers at {address}: is the node started, and is --node right?"
                ) from None
            raise Rejected(Code(error.code, error.zh, error.en), **error.fields) from None
