"""`yilian submit`: bring a document, a policy or a catalogue on the chain (人工导入)."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.access import key_option, node_option, passphrase
from cli.errors import Usage
from cli.output import json_flag, show

if TYPE_CHECKING:
    from node.client import Client

SUMMARY = "bring a document on the chain: a bill, settlement, archive, payment file, catalogue …"
EXAMPLE = (
    "yilian submit settlement.upload setl_2207.json --key hospital.key\n"
    "  yilian submit catalogue.publish items.csv --set edition=3 --set issued_date=20241001 "
    '--set title="2024 edition" --key bureau.key'
)
FILE_BYTES_MAX = 64 * 1024 * 1024
EDITION = ("edition", "title", "document_number", "issued_date")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "kind", help="a kind of docs/preparing.md, policy.publish or catalogue.publish"
    )
    parser.add_argument("file", nargs="?", type=Path, help="the document; some kinds need none")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an option of the kind, e.g. dialect=national_einvoice; may be repeated",
    )
    key_option(parser)
    node_option(parser)
    json_flag(parser)


def run(options: argparse.Namespace) -> int:
    """Submit; exit code 1 when the custodian or the contract refused."""
    from cli.connection import connect
    from crypto.keystore import load_key

    named = _named(options.set)
    document = _read(options.file) if options.file else b""
    suite, private_key = load_key(options.key, passphrase())
    with connect(options.node, suite.signer(private_key)) as client:
        show(options, _submit(client, options.kind, document, named))
    return 0


def _submit(client: "Client", kind: str, document: bytes, named: dict[str, str]) -> dict[str, Any]:
    from node.client import importing

    if kind == "policy.publish":
        done = importing.import_policy(client, document)
        return {"object": done.object, "tx_hash": done.tx_hash, "height": done.height}
    if kind == "catalogue.publish":
        done = importing.import_catalogue(client, document, _edition(named), _progress)
        return {"object": done.object, "tx_hash": done.tx_hash, "height": done.height}
    recorded = client.bring(kind, document, named)
    return {
        "object": recorded.object,
        "account": recorded.account_id,
        "attribution": recorded.attribution,
        "reason": recorded.attribution_reason,
        "transactions": [one.tx_hash for one in recorded.receipts],
        "findings": [f"{one.grade} {one.code} {one.field}" for one in recorded.findings],
    }


def _edition(named: dict[str, str]) -> Any:
    from node.client.importing import Edition

    unknown = sorted(named.keys() - set(EDITION))
    if unknown or not named.get("edition", "").isascii() or not named.get("edition", "").isdigit():
        raise Usage(f"a catalogue is published with --set of {', '.join(EDITION)}")
    texts = [named.get(name, "") for name in EDITION[1:]]
    return Edition(int(named["edition"]), *texts)


def _named(settings: list[str]) -> dict[str, str]:
    named: dict[str, str] = {}
    for one in settings:
        name, equals, value = one.partition("=")
        if not equals or not name or name in named:
            raise Usage(f"--set {one!r}: NAME=VALUE is expected, each name once")
        named[name] = value
    return named


def _read(file: Path) -> bytes:
    with file.open("rb") as opened:
        content = opened.read(FILE_BYTES_MAX + 1)
    if len(content) > FILE_BYTES_MAX:
        raise Usage(f"{file} is larger than {FILE_BYTES_MAX // 2**20} MiB")
    return content


def _progress(done: int, total: int) -> None:
    """Say on a terminal how far an import is."""
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        sys.stderr.write(f"\r{done} of {total} chunks{end}")
        sys.stderr.flush()
