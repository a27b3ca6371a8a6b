"""The vault: nothing personal in clear, every change noticed, one master only."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from crypto.suites import GM
from faults import Rejected, StorageFault
from ledger.kv import MemoryKeyValue
from node.custodian.people import Identity, People, Waiting
from node.custodian.vault import CHECK_TEXT, Row, Table, Vault, open_vault

MASTER = bytes(range(32))
CERTIFICATE = "469900198403129992"
NAME = "测试甲"
INSURED = "46000000000000009900000001"


def people(store: MemoryKeyValue) -> People:
    return People(Vault(store, MASTER), GM)


def full_vault(store: MemoryKeyValue) -> People:
    kept = people(store)
    person = kept.find_or_create(Identity("01", CERTIFICATE, INSURED, "310"))
    kept.link_settlement("300000900001", person.account_id, ("46060124", "0000000101"))
    kept.queue(
        Waiting(
            object="bill/46060124-0000000102",
            reason="NO_ACCOUNT",
            code="46060124",
            number="0000000102",
            payer_code=CERTIFICATE,
            payer_name=NAME,
            insured_number=INSURED,
            settlement_id="300000900002",
        )
    )
    kept.use_nonce(b"\x04" * 65, b"n" * 16, 1)
    return kept


def test_nothing_personal_is_in_clear() -> None:
    store = MemoryKeyValue()
    kept = full_vault(store)
    person = kept.by_certificate("01", CERTIFICATE)
    assert person is not None
    stored = b"".join(key + b"|" + value + b"|" for key, value in store.scan(b""))
    canaries = [
        CERTIFICATE,
        CERTIFICATE[6:14],
        NAME,
        INSURED,
        "300000900001",
        "46060124",
        "0000000102",
        person.account_id,
    ]
    for canary in canaries:
        assert canary.encode() not in stored
    assert person.private_key not in stored
    assert person.public_key not in stored
    assert CHECK_TEXT not in stored


def test_rows_survive_reopening_and_are_found() -> None:
    store = MemoryKeyValue()
    account = full_vault(store).by_insured_number(INSURED)
    again = people(store)
    assert again.by_certificate("01", CERTIFICATE.lower()) == account
    assert again.settlement_of_bill("46060124", "0000000101") == "300000900001"
    assert account is not None
    assert again.settlement_account("300000900001") == account.account_id
    assert GM.public_key(account.private_key) == account.public_key


def test_another_master_is_refused_and_changes_nothing() -> None:
    store = MemoryKeyValue()
    full_vault(store)
    before = dict(store.scan(b""))
    with pytest.raises(Rejected) as refused:
        Vault(store, bytes(32))
    assert refused.value.code.name == "CUSTODIAN_VAULT_LOCKED"
    assert dict(store.scan(b"")) == before


def test_a_foreign_store_is_not_taken_for_a_new_vault() -> None:
    store = MemoryKeyValue()
    store.write({b"\x02something": b"else"})
    with pytest.raises(Rejected):
        Vault(store, MASTER)


def test_a_short_master_is_refused() -> None:
    with pytest.raises(Rejected):
        Vault(MemoryKeyValue(), b"short")


def test_every_flipped_byte_of_a_value_is_noticed() -> None:
    store = MemoryKeyValue()
    vault = Vault(store, MASTER)
    vault.write([Row(Table.INSURED, ("x",), b"account")])
    key, sealed = next(iter(store.scan(bytes([Table.INSURED]))))
    for position in range(len(sealed)):
        damaged = bytearray(sealed)
        damaged[position] ^= 1
        store.write({key: bytes(damaged)})
        with pytest.raises(StorageFault):
            vault.get(Table.INSURED, "x")


def test_truncated_and_empty_values_are_noticed() -> None:
    store = MemoryKeyValue()
    vault = Vault(store, MASTER)
    vault.write([Row(Table.INSURED, ("x",), b"account")])
    key, sealed = next(iter(store.scan(bytes([Table.INSURED]))))
    for damaged in (b"", sealed[:5], sealed[:12], sealed[:20], sealed + b"\0"):
        store.write({key: damaged})
        with pytest.raises(StorageFault):
            vault.get(Table.INSURED, "x")


def test_a_value_moved_to_another_row_is_noticed() -> None:
    store = MemoryKeyValue()
    vault = Vault(store, MASTER)
    vault.write([Row(Table.INSURED, ("a",), b"1"), Row(Table.INSURED, ("b",), b"2")])
    (first, one), (second, two) = store.scan(bytes([Table.INSURED]))
    store.write({first: two, second: one})
    with pytest.raises(StorageFault):
        vault.get(Table.INSURED, "a")


def test_parts_do_not_run_together() -> None:
    vault = Vault(MemoryKeyValue(), MASTER)
    vault.write([Row(Table.BILL_LINK, ("ab", "c"), b"1")])
    assert vault.get(Table.BILL_LINK, "a", "bc") is None
    assert vault.get(Table.BILL_LINK, "ab", "c") == b"1"


def test_the_same_value_is_never_sealed_alike() -> None:
    store = MemoryKeyValue()
    vault = Vault(store, MASTER)
    seen = set()
    for _ in range(20):
        vault.write([Row(Table.INSURED, ("x",), b"account")])
        seen.add(next(iter(store.scan(bytes([Table.INSURED]))))[1])
    assert len(seen) == 20


class Recorder(MemoryKeyValue):
    """Counts the batches, which are what a crash falls between."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[Mapping[bytes, bytes | None]] = []

    def write(self, batch: Mapping[bytes, bytes | None]) -> None:
        self.batches.append(dict(batch))
        super().write(batch)


def test_a_person_is_written_with_all_identity_rows_in_one_batch() -> None:
    store = Recorder()
    kept = people(store)
    store.batches.clear()
    kept.find_or_create(Identity("01", CERTIFICATE, INSURED, "310"))
    assert [len(batch) for batch in store.batches] == [3]
    kept.find_or_create(Identity("01", CERTIFICATE, INSURED, "310"))
    assert len(store.batches) == 1


def test_the_queue_is_idempotent() -> None:
    store = Recorder()
    kept = full_vault(store)
    count = len(store.batches)
    waiting = kept.waiting("bill/46060124-0000000102")
    assert waiting is not None
    kept.queue(waiting)
    assert len(store.batches) == count
    assert kept.waiting_for(settlement_id="300000900002") == [waiting.object]
    assert kept.waiting_for(certificate=CERTIFICATE) == [waiting.object]
    kept.unqueue(waiting.object)
    kept.unqueue(waiting.object)
    assert kept.all_waiting() == []
    assert kept.waiting_for(insured_number=INSURED) == []


def test_identities_that_disagree_are_refused() -> None:
    kept = people(MemoryKeyValue())
    kept.find_or_create(Identity("01", CERTIFICATE, INSURED, ""))
    kept.find_or_create(Identity("01", "469900195607189985", "2", ""))
    conflicts = [
        Identity("01", CERTIFICATE, "2", ""),
        Identity("01", "439900197909299964", INSURED, ""),
    ]
    for identity in conflicts:
        with pytest.raises(Rejected) as refused:
            kept.find_or_create(identity)
        assert refused.value.code.name == "CUSTODIAN_IDENTITY_CONFLICT"
        assert CERTIFICATE not in str(refused.value)
    with pytest.raises(Rejected):
        kept.find_or_create(Identity("01", "", "", ""))


def test_a_second_insured_number_leads_to_the_same_person() -> None:
    kept = people(MemoryKeyValue())
    first = kept.find_or_create(Identity("01", CERTIFICATE, INSURED, ""))
    second = kept.find_or_create(Identity("01", CERTIFICATE, "430000", ""))
    assert first.account_id == second.account_id
    found = kept.by_insured_number("430000")
    assert found is not None
    assert found.account_id == first.account_id


def test_a_certificate_completes_a_person_known_by_number() -> None:
    kept = people(MemoryKeyValue())
    first = kept.find_or_create(Identity("", "", INSURED, ""))
    second = kept.find_or_create(Identity("01", CERTIFICATE, INSURED, ""))
    assert first.account_id == second.account_id
    assert kept.by_certificate("01", CERTIFICATE) == second


def test_the_key_file_is_sealed_by_the_passphrase(tmp_path: Path) -> None:
    store = MemoryKeyValue()
    key_file = tmp_path / "vault.key"
    open_vault(store, key_file, b"correct horse").write([Row(Table.INSURED, ("x",), b"account")])
    assert open_vault(store, key_file, b"correct horse").get(Table.INSURED, "x") == b"account"
    with pytest.raises(Rejected):
        open_vault(store, key_file, b"wrong battery")
    key_file.unlink()
    with pytest.raises(Rejected):
        open_vault(store, key_file, b"correct horse")


def test_what_is_derived_is_the_masters_and_its_parts() -> None:
    vault = Vault(MemoryKeyValue(), MASTER)
    derived = vault.derive("applicant", "01", CERTIFICATE)
    assert derived == Vault(MemoryKeyValue(), MASTER).derive("applicant", "01", CERTIFICATE)
    others = [
        vault.derive("applicant", "01" + CERTIFICATE),
        vault.derive("applicant", "0", "1" + CERTIFICATE),
        vault.derive("fund part", "01", CERTIFICATE),
        vault.derive("applicant01", CERTIFICATE),
        Vault(MemoryKeyValue(), bytes(32)).derive("applicant", "01", CERTIFICATE),
    ]
    assert len({derived, *others}) == 6
    assert len(derived) == 32
