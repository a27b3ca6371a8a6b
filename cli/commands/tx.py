"""`yilian tx`: build, sign and submit one operation that needs no custodian."""

import argparse
import json
from typing import Any

from cli.access import key_option, node_option, passphrase
from cli.errors import Usage
from cli.output import json_flag, show

SUMMARY = "sign and submit one operation of a contract, and wait for its receipt"
EXAMPLE = (
    "yilian tx bill unlock --key bureau.key "
    '\'{"bill": {"code": "46060124", "number": "0000000101"}, "reason": "by phone"}\''
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("contract", help="e.g. bill")
    parser.add_argument("method", help="e.g. lock")
    parser.add_argument("request", help="the request message as JSON (proto/contracts.proto)")
    key_option(parser)
    node_option(parser)
    parser.add_argument(
        "--wait-ms", type=int, default=20_000, help="how long to wait for the block (default 20000)"
    )
    json_flag(parser)


def run(options: argparse.Namespace) -> int:
    """Submit; exit code 1 when the contract refused."""
    from cli.connection import connect
    from crypto.keystore import load_key

    request = read_request(options.contract, options.method, options.request)
    suite, private_key = load_key(options.key, passphrase())
    with connect(options.node) as client:
        receipt = client.call(
            options.contract, options.method, [request], suite.signer(private_key), options.wait_ms
        )
    operation = receipt.operations[0]
    show(
        options,
        {
            "tx_hash": receipt.tx_hash.hex(),
            "height": receipt.height,
            "code": operation.code,
            **dict(operation.fields),
            "result": json.loads(operation.result) if operation.result else {},
        },
    )
    return 0 if operation.code == "OK" else 1


def read_request(contract: str, method: str, text: str) -> Any:
    """The request message from its JSON; a wrong name or field ends the command with a sentence."""
    from cli.request import NotThisRequest, read_request
    from contracts.registry import CONTRACTS

    known = {one.name: one for one in CONTRACTS}
    if contract not in known:
        raise Usage(f"there is no contract {contract!r}; there are: {', '.join(sorted(known))}")
    methods = known[contract].methods()
    if method not in methods:
        raise Usage(f"{contract} has no method {method!r}; it has: {', '.join(methods)}")
    message = methods[method].request()
    try:
        return read_request(text, message)
    except NotThisRequest as error:
        fields = f"the fields of {message.DESCRIPTOR.name} are: {_fields(message)}"
        raise Usage(f"the request does not fit: {error}\n  {fields}") from None


def _fields(message: Any) -> str:
    return ", ".join(field.name for field in message.DESCRIPTOR.fields)
