"""The store's check finds any byte that was changed behind the node's back."""

from pathlib import Path

import pytest

from faults import Rejected
from ledger.kv import MemoryKeyValue
from ledger.state_tree import VALUE_PREFIX
from node.fsck import check_store, fsck, replay_store
from tests.node.chains import Keys, committed, decide, genesis_file, open_executor, registration

KEYS = Keys()
FILE = genesis_file(KEYS)


def chain() -> MemoryKeyValue:
    kv = MemoryKeyValue()
    executor = open_executor(kv, KEYS)
    for number in range(3):
        executor.submit(registration(KEYS, number))
        block = decide(executor, KEYS)
        executor.attach_committed(block.header.height, committed(KEYS, block))
    executor.close()
    return kv


def test_an_intact_store_passes() -> None:
    kv = chain()
    assert check_store(kv, FILE) == 3
    assert len(replay_store(kv, FILE)) == 32


@pytest.mark.parametrize(
    "prefix", [b"B/", b"H/", b"C/P/", b"C/C/", b"R/", b"T/", b"E/", b"L/", VALUE_PREFIX, b"M/log"]
)
@pytest.mark.covers(row=19)
def test_a_changed_byte_is_found(prefix: bytes) -> None:
    kv = chain()
    for key, value in list(kv.scan(prefix))[-3:]:
        changed = value[:-1] + bytes([value[-1] ^ 1])
        kv.write({key: changed})
        with pytest.raises(Rejected) as refused:
            check_store(kv, FILE)
        assert refused.value.code.name in {"STORE_DAMAGED", "MALFORMED"}
        kv.write({key: value})
    assert check_store(kv, FILE) == 3


@pytest.mark.parametrize("prefix", [b"B/", b"H/", b"R/", b"T/", b"E/", b"L/", b"N/", VALUE_PREFIX])
@pytest.mark.covers(row=19)
def test_a_missing_entry_is_found(prefix: bytes) -> None:
    kv = chain()
    key, value = next(iter(kv.scan(prefix)))
    kv.write({key: None})
    with pytest.raises(Rejected, match="STORE_DAMAGED"):
        check_store(kv, FILE)
    kv.write({key: value})


def test_a_store_without_a_chain_or_of_another_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="STORE_DAMAGED"):
        fsck(tmp_path / "none", FILE)
    with pytest.raises(Rejected, match="STORE_FOREIGN"):
        check_store(chain(), genesis_file(KEYS, org="other"))
