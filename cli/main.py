"""Entry point of `yilian`: picks the verb, runs it, turns errors into sentences and exit codes.

Exit codes: 0 done, 1 refused or a check failed, 2 wrong usage, 69 nobody answers, 70 broken,
130 Ctrl-C, 141 whoever read our output closed it.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from cli.errors import Usage
from cli.signals import Ended
from faults import InvariantBroken, Rejected, StorageFault

VERBS = (
    "init",
    "start",
    "keys",
    "tx",
    "submit",
    "endorse",
    "query",
    "trace",
    "evidence",
    "verify",
    "why",
    "validators",
    "fsck",
    "demo",
    "testnet",
)

EXIT_OK = 0
EXIT_REFUSED = 1
EXIT_USAGE = 2
EXIT_UNAVAILABLE = 69
EXIT_BROKEN = 70
EXIT_INTERRUPTED = 130
EXIT_PIPE = 141


def build_parser() -> argparse.ArgumentParser:
    """The whole command line; every verb's --help ends with an example."""
    parser = argparse.ArgumentParser(
        prog="yilian",
        description="医链 Yilian: a ledger node and cross-chain router for medical insurance.",
        epilog="yilian VERB --help shows a verb's options and an example; first look: yilian demo",
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name in VERBS:
        module = importlib.import_module(f"cli.commands.{name}")
        sub = verbs.add_parser(
            name,
            help=module.SUMMARY,
            description=module.SUMMARY,
            epilog=f"example:\n  {module.EXAMPLE}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.arguments(sub)
        sub.set_defaults(run=module.run)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code."""
    options = build_parser().parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except (KeyboardInterrupt, Ended):
        return EXIT_INTERRUPTED
    except Rejected as refusal:
        return _explain(refusal)
    except Usage as usage:
        return _say(str(usage), EXIT_USAGE)
    except (InvariantBroken, StorageFault) as broken:
        return _say(f"stopped, because something that must hold does not: {broken}", EXIT_BROKEN)
    except BrokenPipeError:
        # Whatever is still buffered must not fail once more when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_PIPE
    except ConnectionError as unreachable:
        return _say(str(unreachable), EXIT_UNAVAILABLE)
    except OSError as error:
        return _explain_file(error)
    return code


def _explain(refusal: Rejected) -> int:
    about = "".join(f"\n  {name}: {value}" for name, value in refusal.fields.items())
    sys.stderr.write(f"{refusal.code.name}\n  {refusal.code.zh}\n  {refusal.code.en}{about}\n")
    return EXIT_REFUSED


def _explain_file(error: OSError) -> int:
    if isinstance(error, FileExistsError):
        sentence = f"{error.filename} exists and is never overwritten; choose another path"
        return _say(sentence, EXIT_REFUSED)
    named = isinstance(
        error, FileNotFoundError | PermissionError | IsADirectoryError | NotADirectoryError
    )
    return _say(
        f"{error.filename or 'a file'}: {error.strerror}", EXIT_USAGE if named else EXIT_BROKEN
    )


def _say(sentence: str, code: int) -> int:
    sys.stderr.write(f"yilian: {sentence}\n")
    return code


def run_process() -> None:
    """End the process with the verb's exit code, even when its last words can't be written."""
    code = main()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # a full disk: the interpreter would end with 120 and hide the reason
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    run_process()
