"""`yilian init`: a chain of one validator, ready to start: the default for a first look."""

import argparse
import errno
import shutil
import time
from pathlib import Path

from cli.access import PASSPHRASE_VARIABLE, passphrase
from cli.output import hint, json_flag, show

SUMMARY = (
    "make a folder with a key, a genesis file and a configuration for a chain of one validator"
)
EXAMPLE = "yilian init /srv/yilian --chain-id first-look --org bureau"

ALL_ROLES_OF_A_FIRST_LOOK = ("bureau", "custodian", "finance", "governance")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("home", type=Path, help="folder to make; must not exist, or be empty")
    parser.add_argument(
        "--chain-id", default="first-look", help="a-z, 0-9 and - (default first-look)"
    )
    parser.add_argument("--suite", choices=("gm", "intl"), default="gm")
    parser.add_argument("--org", default="bureau", help="organisation responsible for the chain")
    json_flag(parser)


def run(options: argparse.Namespace) -> int:
    """Write key, genesis, configuration, and the key of a first desk that may sign transactions."""
    home: Path = options.home.resolve()
    is_new = not home.exists()
    if not is_new and (not home.is_dir() or any(home.iterdir())):
        raise FileExistsError(errno.EEXIST, "exists", str(home))
    secret = passphrase(confirm=True)
    try:
        facts = _write(options, home, secret)
    except BaseException:
        _take_back(home, is_new)
        raise
    show(options, facts)
    hint(f"next: {PASSPHRASE_VARIABLE}=... yilian start --config {facts['config']}")
    return 0


def _write(options: argparse.Namespace, home: Path, secret: bytes) -> dict[str, str]:
    from crypto.keystore import create_key
    from crypto.suites import suite
    from ledger.genesis import Genesis, GenesisIdentity, GenesisValidator, dump_genesis
    from node import provision

    kind = suite(options.suite)
    node_key = provision.make_node_key(home, kind, secret)
    provision.make_custodian_key(home, kind, secret)
    desk = create_key(home / "desk.key", kind, secret)
    genesis = home / "genesis.json"
    with genesis.open("xb") as file:
        file.write(
            dump_genesis(
                Genesis(
                    chain_id=options.chain_id,
                    suite=kind.name,
                    time_ms=time.time_ns() // 1_000_000,
                    org=options.org,
                    validators=(GenesisValidator(public_key=node_key.hex(), power=1),),
                    identities=(
                        GenesisIdentity(
                            public_key=desk.hex(),
                            org=options.org,
                            roles=ALL_ROLES_OF_A_FIRST_LOOK,
                            label="desk",
                        ),
                    ),
                )
            )
        )
    config = provision.write_node_config(
        provision.NodePlan(
            name="node",
            home=home,
            genesis=genesis,
            listens=provision.Listens(),
            passphrase_env=PASSPHRASE_VARIABLE,
            custodian=provision.CustodianPlan(options.org, "persons"),
        )
    )
    return {
        "chain_id": options.chain_id,
        "genesis": str(genesis),
        "config": str(config),
        "desk_key": str(home / "desk.key"),
    }


def _take_back(home: Path, is_new: bool) -> None:
    """Remove what was begun, in a folder that was not there or empty."""
    if is_new:
        shutil.rmtree(home, ignore_errors=True)
        return
    for path in home.iterdir():
        path.unlink()
