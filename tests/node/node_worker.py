"""A node as a process of its own: python -m tests.node.node_worker CONFIG."""

import sys
from pathlib import Path

from faults import Rejected
from node.config import load_config
from node.runtime import serve

if __name__ == "__main__":
    try:
        sys.exit(serve(load_config(Path(sys.argv[1]))))
    except Rejected as refused:
        sys.exit(f"{refused.code.name} {refused.fields}")
