"""A client of a node over gRPC: for business systems, adapters, routers, the command line, tests.

    with Client("127.0.0.1:9101", signer=key) as client:
        receipt = client.bills.lock(
            "46060124", "0000000101", purpose="reimbursement", expires_ms=until
        )
        bill = client.bills.get("46060124", "0000000101").record

Each contract is an attribute (`bills`, `settlements` …) whose methods have the contract's names.
A method that writes has the node prepare the body, checks that it says what was asked, signs it
with `signer`, submits it and waits for its receipt; one that reads answers with record and proof.
"""

from node.bodies import build_body
from node.client.client import Client
from node.client.outcome import Receipt, Recorded, Refused
from node.grpc_errors import ClientError

__all__ = ["Client", "ClientError", "Receipt", "Recorded", "Refused", "build_body"]
