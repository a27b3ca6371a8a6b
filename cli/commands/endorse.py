"""`yilian endorse`: a transaction that several organisations sign, carried as a file."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.access import key_option, node_option, passphrase
from cli.commands.tx import read_request
from cli.errors import Usage
from cli.output import hint, json_flag, show

if TYPE_CHECKING:
    from proto.transaction_pb2 import TxBody

SUMMARY = "have several organisations sign one transaction: begin, look, add, submit"
EXAMPLE = "yilian endorse add register.body --key governance.key"
WAIT_MS = 20_000


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    begin = actions.add_parser("begin", help="write what is to be endorsed; nothing is sent")
    begin.add_argument("contract", help="e.g. region")
    begin.add_argument("method", help="e.g. assign")
    begin.add_argument("request", help="the request message as JSON")
    begin.add_argument("--signer", required=True, metavar="KEY", help="who will submit: hex key")
    begin.add_argument("--out", required=True, type=Path, metavar="FILE")
    look = actions.add_parser("look", help="what the file says, and who endorsed it")
    add = actions.add_parser("add", help="endorse it: consent to exactly what `look` shows")
    send = actions.add_parser("submit", help="sign it as the one who submits, and send it")
    for sub in (look, add, send):
        sub.add_argument("file", type=Path)
    for sub in (add, send):
        key_option(sub)
    for sub in (begin, send):
        node_option(sub)
    for sub in (begin, look, add, send):
        json_flag(sub)


def run(options: argparse.Namespace) -> int:
    """Do what the action says; exit code 1 when the contract refused."""
    if options.action == "begin":
        return _begin(options)
    raw = _read(options.file)
    if options.action == "submit":
        return _submit(options, raw)
    if options.action == "add":
        raw = _add(options, raw)
    show(options, _facts(raw))
    return 0


def _begin(options: argparse.Namespace) -> int:
    from cli.connection import connect
    from node.bodies import VALID_FOR_BLOCKS, build_body

    request = read_request(options.contract, options.method, options.request)
    try:
        signer = bytes.fromhex(options.signer)
    except ValueError:
        raise Usage("--signer is a public key in hex, as `yilian keys show` prints it") from None
    with connect(options.node) as client:
        status = client.status()
    body = build_body(
        status.chain_id,
        options.contract,
        options.method,
        [request],
        signer,
        last_height=status.height + VALID_FOR_BLOCKS,
    )
    try:
        with options.out.open("xb") as file:
            file.write(body)
    except FileExistsError:
        raise Usage(f"{options.out} exists; nothing was written") from None
    show(options, _facts(body))
    hint(f"next: each endorser runs yilian endorse add {options.out} --key FILE")
    return 0


def _add(options: argparse.Namespace, raw: bytes) -> bytes:
    from crypto.keystore import load_key
    from ledger.endorsement import check_endorsements, endorse

    _facts(raw)  # nobody consents to what can't be shown
    suite, private_key = load_key(options.key, passphrase())
    endorsed = endorse(suite.signer(private_key), raw)
    check_endorsements(_body(endorsed))
    fresh = options.file.with_name(options.file.name + ".new")
    fresh.write_bytes(endorsed)
    fresh.replace(options.file)  # whole or not at all: others' signatures are in it
    return endorsed


def _submit(options: argparse.Namespace, raw: bytes) -> int:
    from cli.connection import connect
    from crypto.keystore import load_key

    suite, private_key = load_key(options.key, passphrase())
    signer = suite.signer(private_key)
    if _body(raw).signer != signer.public_key:
        raise Usage("--key is not the key of the signer that the file names")
    with connect(options.node) as client:
        receipt = client.sign_and_submit([raw], signer, WAIT_MS)[0]
    operation = receipt.operations[0]
    facts = {
        "tx_hash": receipt.tx_hash.hex(),
        "height": receipt.height,
        "code": operation.code,
        **dict(operation.fields),
    }
    show(options, facts | {"result": json.loads(operation.result) if operation.result else {}})
    return 0 if operation.code == "OK" else 1


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Usage(f"{file} can't be read: {error.strerror}") from None


def _body(raw: bytes) -> "TxBody":
    """The body; Rejected(MALFORMED) or a sentence ends the command when it is none."""
    from google.protobuf.message import DecodeError

    from ledger.endorsement import endorsed_part
    from proto.transaction_pb2 import TxBody

    endorsed_part(raw)
    try:
        return TxBody.FromString(raw)
    except DecodeError:
        raise Usage("the file holds no transaction to endorse") from None


def _facts(raw: bytes) -> dict[str, Any]:
    """What an endorser consents to, in words; personal data in it stays sealed."""
    from google.protobuf.json_format import MessageToDict

    from contracts.known import newest_method
    from contracts.registry import decode_request

    body = _body(raw)
    declared = newest_method(body.contract, body.method)
    if declared is None:
        raise Usage(f"there is no method {body.contract}.{body.method}")
    requests = [decode_request(declared.request, one) for one in body.operations]
    return {
        "chain_id": body.chain_id,
        "call": f"{body.contract}.{body.method}",
        "requests": [MessageToDict(one, preserving_proto_field_name=True) for one in requests],
        "signer": body.signer.hex(),
        "last_height": body.last_height,
        "endorsed_by": [one.public_key.hex() for one in body.endorsements],
    }
