"""`yilian validators`: who decides blocks, and changing it."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.access import key_option, node_option, passphrase
from cli.errors import Usage
from cli.output import hint, json_flag, show

if TYPE_CHECKING:
    from node.client import Client
    from proto.contracts_pb2 import ValidatorChange
    from proto.services_pb2 import ValidatorsReply

SUMMARY = "show who decides blocks; propose and approve changes of it"
EXAMPLE = "yilian validators propose --key governance.key --admission readmit.json"
WAIT_MS = 20_000
CHANGE_BYTES_MAX = 4096


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    look = actions.add_parser("show", help="members, powers, and whom the node hears")
    node_option(look)
    json_flag(look)
    _admission_arguments(actions.add_parser("admission", help="have a node's key ask to sign"))
    new = actions.add_parser("propose", help="propose changes, all or none of them")
    new.add_argument("--admission", type=Path, action="append", default=[], metavar="FILE")
    new.add_argument("--remove", action="append", default=[], metavar="KEY")
    new.add_argument("--power", action="append", default=[], metavar="KEY=POWER")
    new.add_argument("--reason", default="")
    yes = actions.add_parser("approve", help="approve a proposal for this organisation")
    yes.add_argument("proposal", type=int)
    for sub in (new, yes):
        key_option(sub)
        node_option(sub)
        json_flag(sub)


def _admission_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, required=True, help="the running node's TOML file")
    parser.add_argument("--for", dest="what", choices=("add", "rotate", "readmit"), required=True)
    parser.add_argument("--voting-power", type=int, default=0, help="to add: the power proposed")
    parser.add_argument("--replaces", default="", metavar="KEY", help="to rotate: the old key")
    node_option(parser)


def run(options: argparse.Namespace) -> int:
    """Do what the action says."""
    from cli.connection import connect

    with connect(options.node) as client:
        if options.action == "show":
            return _show(options, client.validators())
        if options.action == "admission":
            return _admission(options, client)
        return _submit(options, client)


def _show(options: argparse.Namespace, reply: "ValidatorsReply") -> int:
    from ledger.validators import short_name

    members = {
        short_name(one.public_key): {
            "power": one.power,
            "pending_power": one.pending_power,
            "live": one.live,
            "public_key": one.public_key.hex(),
        }
        for one in reply.validators
    }
    if options.json:
        show(
            options,
            {
                "height": reply.height,
                "version": reply.version,
                "next_height": reply.next_height,
                "node": short_name(reply.node_key),
                "admitted": reply.admitted,
                "validators": members,
            },
        )
        return 0
    print(f"height {reply.height}, set {reply.version} in force from {reply.next_height}")
    for name, one in members.items():
        state = "live" if one["live"] else "silent"
        print(f"{name}  power {one['power']:>10}  then {one['pending_power']:>10}  {state}")
    return 0


def _admission(options: argparse.Namespace, client: "Client") -> int:
    """What a node's own key signs to be let in, as JSON on standard output."""
    from contracts.governance import requests
    from node.config import load_config
    from node.files import load_signer

    signer = load_signer(load_config(options.config))[1]
    reply, chain_id = client.validators(), client.status().chain_id
    if reply.node_key != signer.public_key:
        raise Usage("--node must be the node of --config: only it knows its signing record")
    admitted_before = next(
        (one.epoch for one in reply.validators if one.public_key == signer.public_key), 0
    )
    epoch, record = admitted_before + 1, reply.signing_record
    at = (chain_id, signer)
    if options.what == "add":
        power = options.voting_power
        made = requests.add(*at, power, reply.height, epoch=epoch, signing_record=record)
    elif options.what == "rotate":
        old = _member(reply, options.replaces)
        made = requests.rotate(
            chain_id, old, signer, reply.height, epoch=epoch, signing_record=record
        )
    else:
        made = requests.readmit(*at, reply.height, epoch=epoch, signing_record=record)
    print(json.dumps({name.name: _shown(value) for name, value in made.ListFields()}, indent=2))
    hint("next: give this to an organisation that governs: yilian validators propose --admission")
    return 0


def _submit(options: argparse.Namespace, client: "Client") -> int:
    from crypto.keystore import load_key
    from node.preflight import check_change, silent_after
    from proto.contracts_pb2 import ApproveValidatorsRequest, ProposeValidatorsRequest

    reply = client.validators()
    request: Any
    if options.action == "propose":
        changes = _changes(options, reply)
        request = ProposeValidatorsRequest(
            changes=changes, absent=check_change(reply, changes), reason=options.reason
        )
    else:
        absent = silent_after(reply, [])
        request = ApproveValidatorsRequest(proposal=options.proposal, absent=absent)
    suite, private_key = load_key(options.key, passphrase())
    method = f"{options.action}_validators"
    receipt = client.call(
        "governance", method, [request], suite.signer(private_key), wait_ms=WAIT_MS
    )
    operation = receipt.operations[0]
    facts = {"height": receipt.height, "code": operation.code, **dict(operation.fields)}
    show(options, facts | (json.loads(operation.result) if operation.result else {}))
    return 0 if operation.code == "OK" else 1


def _changes(options: argparse.Namespace, reply: "ValidatorsReply") -> list["ValidatorChange"]:
    from contracts.governance import requests

    changes = [read_admission(path) for path in options.admission]
    changes += [requests.remove(_member(reply, name)) for name in options.remove]
    for text in options.power:
        name, _, power = text.rpartition("=")
        if not power.isascii() or not power.isdigit() or len(power) > 10:
            raise Usage(f"--power {text!r} is not KEY=POWER with a whole number")
        changes.append(requests.set_power(_member(reply, name), int(power)))
    if not changes:
        raise Usage("say what to change: --admission, --remove or --power")
    return changes


def read_admission(path: Path) -> "ValidatorChange":
    """The change in a file that `yilian validators admission` printed; Usage if it is none."""
    from proto.contracts_pb2 import ValidatorChange

    with path.open("rb") as file:
        raw = file.read(CHANGE_BYTES_MAX + 1)
    try:
        fields: dict[str, Any] = json.loads(raw)
        for name in ("public_key", "new_public_key", "signing_record", "possession"):
            if name in fields:
                fields[name] = bytes.fromhex(fields[name])
        return ValidatorChange(**fields)
    except (ValueError, TypeError, RecursionError):
        raise Usage(f"{path} is not what `yilian validators admission` printed") from None


def _member(reply: "ValidatorsReply", name: str) -> bytes:
    """A member's key by its whole or its short name."""
    from ledger.validators import short_name

    for one in reply.validators:
        if name and name in (one.public_key.hex(), short_name(one.public_key)):
            return one.public_key
    raise Usage(f"{name!r} is no validator's key; `yilian validators show` lists them")


def _shown(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value
