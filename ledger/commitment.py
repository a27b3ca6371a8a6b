"""Field commitments: a standard form's fields as two salted Merkle trees under one hash, `pcommit`.

Public fields can be checked by a contract against `pcommit` without seeing a private one, and a
single field can be disclosed later. Always SM3, on every chain, because the commitment travels
between chains.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from crypto.digest import hmac_sm3, sm3
from crypto.domain import tagged
from faults import Misuse, Rejected
from ledger import merkle
from ledger.codec import Reader, Writer
from ledger.codes import BAD_FORM
from ledger.limits import (
    FIELD_PATH_BYTES_MAX,
    FIELD_VALUE_BYTES_MAX,
    FORM_FIELDS_MAX,
    HASH_BYTES,
    NAME_BYTES_MAX,
)
from proto.transaction_pb2 import CommittedForm, Field

SALT_BYTES = 16
SECRET_BYTES = 32
PUBLIC, PRIVATE = 0, 1


@dataclass(frozen=True, slots=True)
class Committed:
    """A form's commitment: what the public half of the form is made of."""

    schema: str
    fields: tuple[tuple[str, str], ...]  # public, ascending by path bytes
    public_salt: bytes
    public_root: bytes
    private_root: bytes
    pcommit: bytes

    def to_form(self) -> CommittedForm:
        """The protobuf message that carries the public half."""
        return CommittedForm(
            schema=self.schema,
            fields=[Field(path=path, value=value) for path, value in self.fields],
            public_salt=self.public_salt,
            private_root=self.private_root,
        )


def commit_form(
    schema: str, public: Mapping[str, str], private: Mapping[str, str], secret: bytes
) -> Committed:
    """Commit to a form under 32 secret bytes. Rejected(BAD_FORM) on limits or shared paths."""
    if len(secret) != SECRET_BYTES:
        raise Misuse("a commitment secret has 32 bytes")
    public_salt, private_salt = _salts(secret)
    public_fields, private_fields = _ordered(public), _ordered(private)
    if not public.keys().isdisjoint(private.keys()):
        raise Rejected(BAD_FORM, reason="a path is both public and private")
    _check_schema(schema)
    public_root = section_root(public_salt, public_fields)
    private_root = section_root(private_salt, private_fields)
    commitment = pcommit(schema, public_root, private_root)
    return Committed(schema, public_fields, public_salt, public_root, private_root, commitment)


def verify_form(
    schema: str,
    public: Mapping[str, str],
    private: Mapping[str, str],
    secret: bytes,
    pcommit: bytes,
) -> bool:
    """Whether `pcommit` commits to exactly these fields; false for what cannot be committed."""
    try:
        return commit_form(schema, public, private, secret).pcommit == pcommit
    except (Rejected, Misuse):
        return False


def pcommit_of(form: CommittedForm) -> bytes:
    """Recompute `pcommit` from the public half. Rejected(BAD_FORM): order, duplicates, limits."""
    _check_schema(form.schema)
    if len(form.public_salt) != SALT_BYTES:
        raise Rejected(BAD_FORM, field="public_salt", reason="16 bytes expected")
    if len(form.private_root) != HASH_BYTES:
        raise Rejected(BAD_FORM, field="private_root", reason="32 bytes expected")
    fields = [(field.path, field.value) for field in form.fields]
    _check_fields(fields)
    return pcommit(form.schema, section_root(form.public_salt, fields), form.private_root)


def section_root(section_salt: bytes, fields: Sequence[tuple[str, str]]) -> bytes:
    """Root over one section's fields, which ascend by path bytes."""
    return merkle.root(sm3, [_leaf(section_salt, path, value) for path, value in fields])


def pcommit(schema: str, public_root: bytes, private_root: bytes) -> bytes:
    """The commitment of a form from its two section roots."""
    return sm3(tagged("yilian/pcommit/v1", schema.encode(), public_root, private_root))


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """One field with what is needed to check it against `pcommit`, and nothing about the others.

    section is PUBLIC or PRIVATE; salt is this field's own; other_root is the other section's root.
    """

    schema: str
    section: int
    path: str
    value: str
    salt: bytes
    index: int
    size: int
    siblings: tuple[bytes, ...]
    other_root: bytes

    def encode(self) -> bytes:
        """Canonical bytes, in the order of the fields."""
        writer = Writer().text(self.schema).u8(self.section).text(self.path).text(self.value)
        writer.fixed(self.salt, SALT_BYTES).u32(self.index).u32(self.size)
        writer.u32(len(self.siblings))
        for sibling in self.siblings:
            writer.fixed(sibling, HASH_BYTES)
        return writer.fixed(self.other_root, HASH_BYTES).done()

    @staticmethod
    def decode(data: bytes) -> "Disclosure":
        """Read `encode`'s bytes; MALFORMED otherwise."""
        reader = Reader(data, "disclosure", limit=2 * FIELD_VALUE_BYTES_MAX)
        disclosure = Disclosure(
            schema=reader.text(NAME_BYTES_MAX),
            section=reader.u8(),
            path=reader.text(FIELD_PATH_BYTES_MAX),
            value=reader.text(FIELD_VALUE_BYTES_MAX),
            salt=reader.fixed(SALT_BYTES),
            index=reader.u32(),
            size=reader.u32(),
            siblings=tuple(reader.fixed(HASH_BYTES) for _ in range(reader.count(64))),
            other_root=reader.fixed(HASH_BYTES),
        )
        reader.end()
        if disclosure.section not in (PUBLIC, PRIVATE):
            raise reader.refusal("unknown section")
        return disclosure


def disclose(
    schema: str,
    public: Mapping[str, str],
    private: Mapping[str, str],
    secret: bytes,
    path: str,
) -> Disclosure:
    """The disclosure of the field at `path`; whoever holds the whole form makes it."""
    committed = commit_form(schema, public, private, secret)
    public_salt, private_salt = _salts(secret)
    if path in public:
        section, section_salt, fields = PUBLIC, public_salt, _ordered(public)
        other_root = committed.private_root
    elif path in private:
        section, section_salt, fields = PRIVATE, private_salt, _ordered(private)
        other_root = committed.public_root
    else:
        raise Misuse("the form has no such field")
    index = [name for name, _ in fields].index(path)
    leaves = [_leaf(section_salt, name, value) for name, value in fields]
    return Disclosure(
        schema=schema,
        section=section,
        path=path,
        value=fields[index][1],
        salt=_field_salt(section_salt, path),
        index=index,
        size=len(fields),
        siblings=merkle.path(sm3, leaves, index),
        other_root=other_root,
    )


def verify_disclosure(disclosure: Disclosure, pcommit: bytes) -> bool:
    """Whether `pcommit` commits to the disclosed field with this path and value."""
    root = _disclosed_root(disclosure)
    if root is None or len(disclosure.other_root) != HASH_BYTES:
        return False
    roots = (root, disclosure.other_root)
    public_root, private_root = roots if disclosure.section == PUBLIC else roots[::-1]
    return _same(disclosure.schema, public_root, private_root, pcommit)


def _same(schema: str, public_root: bytes, private_root: bytes, expected: bytes) -> bool:
    return pcommit(schema, public_root, private_root) == expected


def _disclosed_root(disclosure: Disclosure) -> bytes | None:
    """The section root that the disclosed leaf and its siblings give, or None."""
    if disclosure.section not in (PUBLIC, PRIVATE) or len(disclosure.salt) != SALT_BYTES:
        return None
    path, value = disclosure.path.encode(), disclosure.value.encode()
    leaf = sm3(tagged("yilian/field/v1", path, disclosure.salt, value))
    return merkle.root_from_path(sm3, leaf, disclosure.index, disclosure.size, disclosure.siblings)


def _leaf(section_salt: bytes, path: str, value: str) -> bytes:
    salt = _field_salt(section_salt, path)
    return sm3(tagged("yilian/field/v1", path.encode(), salt, value.encode()))


def _field_salt(section_salt: bytes, path: str) -> bytes:
    return hmac_sm3(section_salt, path.encode())[:SALT_BYTES]


def _salts(secret: bytes) -> tuple[bytes, bytes]:
    return hmac_sm3(secret, b"public")[:SALT_BYTES], hmac_sm3(secret, b"private")


def _ordered(section: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    fields = tuple(sorted(section.items(), key=lambda field: field[0].encode()))
    _check_fields(fields)
    return fields


def _check_schema(schema: str) -> None:
    if not 1 <= len(schema.encode()) <= NAME_BYTES_MAX:
        raise Rejected(BAD_FORM, field="schema", reason="1 to 64 bytes expected")


def _check_fields(fields: Iterable[tuple[str, str]]) -> None:
    previous = b""
    for count, (path, value) in enumerate(fields, start=1):
        encoded = path.encode()
        if count > FORM_FIELDS_MAX:
            raise Rejected(BAD_FORM, reason="too many fields", limit=FORM_FIELDS_MAX)
        if not 1 <= len(encoded) <= FIELD_PATH_BYTES_MAX:
            raise Rejected(BAD_FORM, reason="a path has 1 to 128 bytes", number=count)
        if encoded <= previous:
            raise Rejected(BAD_FORM, reason="paths do not ascend", number=count)
        if len(value.encode()) > FIELD_VALUE_BYTES_MAX:
            raise Rejected(BAD_FORM, field=path, reason="a value has at most 8,192 bytes")
        previous = encoded
