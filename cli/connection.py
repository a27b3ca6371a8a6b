"""A node client whose errors the command line can turn into sentences."""

from collections.abc import Iterator
from contextlib import contextmanager

from crypto.ports import Signer
from faults import Code, Rejected
from node.client import Client, ClientError
from node.codes import NODE_UNREACHABLE


@contextmanager
def connect(address: str, signer: Signer | None = None) -> Iterator[Client]:
    """A client of the node, which signs with `signer` if one is given.

    Its errors become Rejected, or ConnectionError if nobody answers.
    """
    with Client(address, signer=signer) as client:
        try:
            yield client
        except ClientError as error:
            if error.code == NODE_UNREACHABLE.name:
                raise ConnectionError(
                    f"nobody answers at {address}: is the node started, and is --node right?"
                ) from None
            raise Rejected(Code(error.code, error.zh, error.en), **error.fields) from None
