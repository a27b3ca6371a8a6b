"""The custodian's disk: small encrypted tables over a key-value store of its own.

The store is a separate instance of the ledger's key-value port (in a node: RocksDB in
`<home>/custodian`): it has the synced atomic batches the crash tests already cover, needs no second
storage engine beside the node's, and being apart from the chain's store it never enters a chain
snapshot and can be backed up and erased by itself.

At rest nothing personal is in clear. A value is SM4-GCM under a key derived from the master, with
its store key as associated data, so that no value can be moved to another key. A store key is a
table's byte and the HMAC-SM3 of the identity it stands for: without the master the numbers of an
identity card can't be guessed against it. The master is the private key of a key file sealed by the
node's passphrase.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from crypto import GM, CryptoError, create_key, hmac_sm3, load_key
from crypto.codes import CANNOT_DECRYPT
from crypto.ports import NONCE_SIZE
from faults import Rejected, StorageFault, failpoint
from ledger.kv import KeyValue
from node.custodian.codes import VAULT_LOCKED

INDEX_BYTES = 32
VALUE_TAG = b"yilian/custodian-vault/v1\0"
CHECK_TEXT = b"yilian custodian vault 1"
MASTER_BYTES_MIN = 32

FAILPOINTS = ("custodian.vault.before", "custodian.vault.after")
"""Around every write of the vault, for the kill matrix (faults/failpoint.py)."""


class Table(IntEnum):
    """What a row is about; the first byte of its store key. A number is never used again."""

    CHECK = 1
    PERSON = 2  # account id -> the person's key pair and identity
    CERTIFICATE = 3  # certificate type and number -> account id
    INSURED = 4  # insured number (psn_no) -> account id
    SETTLEMENT = 5  # settlement id -> account id
    BILL_LINK = 6  # bill code and number -> settlement id
    UNBOUND = 7  # object key -> facts by which it may be attributed later
    WAITING = 8  # an identifier -> object keys of the unbound queue that bear it
    NONCE = 9  # requester and nonce -> when it was used


@dataclass(frozen=True, slots=True)
class Row:
    """One change: `value` None deletes. `parts` identify the row inside its table."""

    table: Table
    parts: tuple[str | bytes, ...]
    value: bytes | None


class Vault:
    """Encrypted rows in a key-value store. Safe to call from any thread; a write is synced."""

    def __init__(self, store: KeyValue, master: bytes) -> None:
        """Open the vault; an empty store becomes a new vault under this master.

        Raises Rejected(CUSTODIAN_VAULT_LOCKED) when the store was written under another master.
        """
        if len(master) < MASTER_BYTES_MIN:
            raise Rejected(VAULT_LOCKED, reason="master key too short")
        self._store = store
        self._value_key = hmac_sm3(master, b"yilian/custodian-vault/values/v1")[: GM.key_size]
        self._index_key = hmac_sm3(master, b"yilian/custodian-vault/index/v1")
        self._derive_key = hmac_sm3(master, b"yilian/custodian-vault/derive/v1")
        self._check_master()

    def get(self, table: Table, *parts: str | bytes) -> bytes | None:
        """The row's value, or None. Raises StorageFault when it was damaged or tampered with."""
        key = self._key(table, parts)
        sealed = self._store.get(key)
        return None if sealed is None else self._unseal(key, sealed)

    def write(self, rows: Sequence[Row]) -> None:
        """Write all rows or none; durable when this returns."""
        if not rows:
            return
        batch: dict[bytes, bytes | None] = {}
        for row in rows:
            key = self._key(row.table, row.parts)
            batch[key] = None if row.value is None else self._seal(key, row.value)
        self._commit(batch)

    def values(self, table: Table) -> Iterator[bytes]:
        """Every value of a table, in no meaningful order."""
        for key, sealed in self._store.scan(bytes([table])):
            yield self._unseal(key, sealed)

    def derive(self, purpose: str, *parts: str | bytes) -> bytes:
        """32 bytes that are the same for the same parts, and that nobody can make or guess without
        the master: blind indexes, and secrets that a document prepared again must have again."""
        return hmac_sm3(self._derive_key, _prefixed(purpose, *parts))

    def _check_master(self) -> None:
        """A known value tells a wrong passphrase or a mixed-up directory from damage."""
        key = self._key(Table.CHECK, ())
        sealed = self._store.get(key)
        if sealed is not None:
            try:
                fits = self._open(key, sealed) == CHECK_TEXT
            except CryptoError:
                fits = False
            if not fits:
                raise Rejected(VAULT_LOCKED)
            return
        if next(iter(self._store.scan(b"", limit=1)), None) is not None:
            raise Rejected(VAULT_LOCKED)
        self._commit({key: self._seal(key, CHECK_TEXT)})

    def _commit(self, batch: Mapping[bytes, bytes | None]) -> None:
        failpoint("custodian.vault.before")
        self._store.write(batch)
        failpoint("custodian.vault.after")

    def _key(self, table: Table, parts: tuple[str | bytes, ...]) -> bytes:
        """Table byte, then a keyed hash of the length-prefixed parts: rows never run together."""
        message = bytes([table]) + _prefixed(*parts)
        return bytes([table]) + hmac_sm3(self._index_key, message)[:INDEX_BYTES]

    def _seal(self, key: bytes, value: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_SIZE)
        return nonce + GM.seal(self._value_key, nonce, value, VALUE_TAG + key)

    def _open(self, key: bytes, sealed: bytes) -> bytes:
        nonce, ciphertext = sealed[:NONCE_SIZE], sealed[NONCE_SIZE:]
        if len(nonce) != NONCE_SIZE:
            raise CryptoError(CANNOT_DECRYPT)
        return GM.open(self._value_key, nonce, ciphertext, VALUE_TAG + key)

    def _unseal(self, key: bytes, sealed: bytes) -> bytes:
        try:
            return self._open(key, sealed)
        except CryptoError as error:
            # Going on with a changed row could bind a bill to the wrong person.
            raise StorageFault("a row of the custodian's vault does not open") from error


def _prefixed(*parts: str | bytes) -> bytes:
    raws = [part.encode() if isinstance(part, str) else part for part in parts]
    return b"".join(len(raw).to_bytes(4, "big") + raw for raw in raws)


def open_vault(store: KeyValue, key_file: Path, passphrase: bytes) -> Vault:
    """The vault in `store` under the master key in `key_file`, which is created on first use.

    The key file is durable before anything is written under it. Raises Rejected for a wrong
    passphrase, CUSTODIAN_VAULT_LOCKED when file and store do not belong together.
    """
    if not key_file.exists():
        create_key(key_file, GM, passphrase)
    _, master = load_key(key_file, passphrase)
    return Vault(store, master)
