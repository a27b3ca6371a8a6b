"""The in-memory store keeps the port's promises."""

from ledger.kv import MemoryKeyValue


def store() -> MemoryKeyValue:
    kv = MemoryKeyValue()
    kv.write({b"a/2": b"2", b"a/1": b"1", b"b": b"x", b"a/3": b"3", b"a": b"0"})
    return kv


def test_get() -> None:
    assert store().get(b"a/1") == b"1"
    assert store().get(b"none") is None
    assert store().get_many([b"b", b"none", b"a"]) == [b"x", None, b"0"]


def test_scan() -> None:
    kv = store()
    assert [k for k, _ in kv.scan(b"a/")] == [b"a/1", b"a/2", b"a/3"]
    assert [k for k, _ in kv.scan(b"a/", start=b"a/2")] == [b"a/2", b"a/3"]
    assert [k for k, _ in kv.scan(b"a/", start=b"a/11", limit=1)] == [b"a/2"]
    assert [k for k, _ in kv.scan(b"a/", reverse=True)] == [b"a/3", b"a/2", b"a/1"]
    assert [k for k, _ in kv.scan(b"a/", reverse=True, start=b"a/2")] == [b"a/2", b"a/1"]
    assert list(kv.scan(b"", limit=0)) == []
    assert len(list(kv.scan(b""))) == 5


def test_write_removes_and_a_scan_keeps_its_moment() -> None:
    kv = store()
    pairs = kv.scan(b"a/")
    kv.write({b"a/1": None, b"a/9": b"9", b"none": None})
    assert [k for k, _ in pairs] == [b"a/1", b"a/2", b"a/3"]
    assert [k for k, _ in kv.scan(b"a/")] == [b"a/2", b"a/3", b"a/9"]
