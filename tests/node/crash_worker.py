"""A process for the crash tests: commits blocks of one transaction each, and says so on stdout.

python -m tests.node.crash_worker FOLDER BLOCKS; what was committed before is skipped.
"""

import sys
from pathlib import Path

from faults import failpoint
from tests.node.chains import Keys, committed, decide, open_rocks, registration


def main(folder: Path, blocks: int) -> None:
    keys = Keys()
    store, executor = open_rocks(folder)
    while executor.height() < blocks:
        number = executor.height() + 1
        tx_hash, _ = executor.submit(registration(keys, 10 * number, operations=3))
        block = decide(executor, keys)
        executor.attach_committed(number, committed(keys, block))
        sys.stdout.write(f"{number} {tx_hash.hex()} {block.header.state_root.hex()}\n")
        sys.stdout.flush()
        failpoint("test.told")
    executor.close()
    store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
