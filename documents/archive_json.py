"""Insured persons' archives: a metadata record (DA/T 94 elements M1–M95 by entity) and its
content file.

The record fixes the content by its SM3 digest and size; both are checked before anything else is
believed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from crypto import sm3
from documents.codes import (
    ARCHIVE_CONTENT,
    ARCHIVE_OWNER,
    DOCUMENT_TOO_LARGE,
    ELEMENT_DUPLICATED,
    ELEMENT_INVALID,
    ELEMENT_MISSING,
    IDENTIFIER_INVALID,
    PAYLOAD_MALFORMED,
)
from documents.forms import ARCHIVE, MAX_PATH, StandardForm, make_form
from documents.identifiers import (
    is_masked,
    is_organisation_code,
    is_resident_id,
    is_uscc,
    looks_like_resident_id,
)
from documents.json_strict import (
    JsonNumber,
    JsonObject,
    JsonValue,
    object_at,
    objects_at,
    parse_json_object,
    scalar_text,
)
from documents.text import canonical_date
from faults import Rejected

MAX_CONTENT_BYTES = 4 * 1024 * 1024

_ELEMENT = re.compile(r"M([1-9][0-9]?)\D.*|M([1-9][0-9]?)", re.DOTALL)
_FILE = "文件实体"
_OWNER_PATHS = {
    "姓名": "person.name",
    "证件类型": "person.id_type",
    "证件号码": "person.id_number",
    "手机号": "person.phone",
    "人员编号": "person.psn_no",
    "险种": "person.insured_type",
    "参保地区划": "person.insured_region",
    "单位名称": "enterprise.name",
    "统一社会信用代码": "enterprise.uscc",
}
# Public fields: path, element, form. A title (M22) names persons and is never among them.
_PUBLIC: tuple[tuple[str, str, str], ...] = (
    ("file_number", "M7", r"[0-9A-Za-z][0-9A-Za-z_.-]{0,63}"),
    ("archive_code", "M8", r"[0-9A-Za-z][0-9A-Za-z_.·-]{0,63}"),
    ("fonds_code", "M9", r"[0-9A-Za-z_.-]{0,32}"),
    ("year", "M11", r"([12][0-9]{3})?"),
    ("retention", "M12", r"(永久|长期|短期|(定期)?[0-9]{1,3}年?)?"),
    ("category", "M14", r"[0-9A-Za-z_.-]{0,32}"),
    ("format", "M54", r"[0-9A-Za-z+._-]{0,20}"),
)
_COUNTS: tuple[tuple[str, str], ...] = (
    ("item_count", "M49"),
    ("page_count", "M50"),
    ("content_bytes", "M56"),
)
_COUNT = re.compile("0|[1-9][0-9]{0,9}")


@dataclass(frozen=True, repr=False)
class Archive:
    """A parsed archive: its standard form, and its record and content file as they came."""

    form: StandardForm
    record: bytes
    content: bytes

    def __repr__(self) -> str:
        return f"<Archive {self.file_number}>"

    @property
    def file_number(self) -> str:
        """The electronic file number (电子文件号, M7)."""
        return self.form.public["file_number"]

    @property
    def document(self) -> bytes:
        """Both files as one for the payload: u32 length of the record, record, content."""
        return join_archive(self.record, self.content)


def join_archive(record: bytes, content: bytes) -> bytes:
    """Both files as one document (see split_archive)."""
    return len(record).to_bytes(4, "big") + record + content


def split_archive(document: bytes) -> tuple[bytes, bytes]:
    """Record and content of a joined document. Rejected PAYLOAD_MALFORMED when it is not one."""
    end = 4 + int.from_bytes(document[:4], "big")
    if len(document) < 4 or end > len(document):
        raise Rejected(PAYLOAD_MALFORMED, reason="archive")
    return document[4:end], document[end:]


def parse_archive(record: bytes, content: bytes) -> Archive:
    """An archive from its two files.

    Rejected: ARCHIVE_CONTENT (digest or size), ARCHIVE_OWNER (record and content name different
    persons), ELEMENT_MISSING, ELEMENT_INVALID, IDENTIFIER_INVALID, or the limits of
    documents.json_strict.
    """
    if len(content) > MAX_CONTENT_BYTES:
        raise Rejected(DOCUMENT_TOO_LARGE, limit=MAX_CONTENT_BYTES, reason="bytes")
    message = parse_json_object(record)
    private: dict[str, str] = {}
    _read_entities(message, private)
    public = _public(private)
    _check_content(message, public, content, private)
    public["owner_kind"] = _read_owner(message, private)
    if public["format"].upper() == "JSON":
        _read_content(content, private)
    private["record.sm3"] = sm3(record).hex()
    private["content.sm3"] = sm3(content).hex()
    private["document.sm3"] = sm3(join_archive(record, content)).hex()
    kept = {path: value for path, value in private.items() if value and path not in public}
    return Archive(make_form(ARCHIVE, public, kept), record, content)


def _read_entities(message: JsonObject, private: dict[str, str]) -> None:
    _read_entity(object_at(message, _FILE, _FILE), "file", private)
    _read_entity(object_at(message, "机构人员实体", "机构人员实体"), "agent", private)
    for prefix, name in (("business", "业务实体"), ("relation", "实体关系")):
        for index, entity in enumerate(objects_at(message, name, name), 1):
            _read_entity(entity, f"{prefix}.{index}", private)
    organisation = private.get("agent.M85", "")
    if organisation and not is_organisation_code(organisation):
        raise Rejected(IDENTIFIER_INVALID, element="M85", reason="organisation code")
    known = (_FILE, "机构人员实体", "业务实体", "实体关系", "档案归属", "固化信息", "_note")
    for key, value in message.items():
        if key not in known:
            for path, text in _flatten(value, f"extra.{key}"):
                _keep(private, path, text)


def _read_entity(entity: JsonObject, prefix: str, private: dict[str, str]) -> None:
    """Elements by their number ("M22题名" is file.M22); others stay under their own name."""
    for key, value in entity.items():
        numbered = _ELEMENT.fullmatch(key)
        if numbered is None:
            for path, text in _flatten(value, f"{prefix}.extra.{key}"):
                _keep(private, path, text)
            continue
        element = f"M{numbered[1] or numbered[2]}"
        path = f"{prefix}.{element}"
        if path in private:
            raise Rejected(ELEMENT_DUPLICATED, element=element)
        private[path] = scalar_text(value, element)


def _public(private: dict[str, str]) -> dict[str, str]:
    public = {}
    for path, element, form in _PUBLIC:
        text = private.pop(f"file.{element}", "")
        if re.fullmatch(form, text) is None:
            code = ELEMENT_INVALID if text else ELEMENT_MISSING
            raise Rejected(code, element=element)
        public[path] = text
    for path, element in _COUNTS:
        text = private.pop(f"file.{element}", "") or "0"
        if _COUNT.fullmatch(text) is None:
            raise Rejected(ELEMENT_INVALID, element=element, reason="count")
        public[path] = text
    public["filed_date"] = canonical_date(private.pop("file.M33", ""), "M33")
    return public


def _check_content(
    message: JsonObject, public: dict[str, str], content: bytes, private: dict[str, str]
) -> None:
    fixity = object_at(message, "固化信息", "固化信息")
    algorithm = scalar_text(fixity.get("摘要算法"), "摘要算法")
    digest = scalar_text(fixity.get("摘要值"), "摘要值").lower()
    if not digest:
        raise Rejected(ELEMENT_MISSING, element="摘要值")
    if algorithm.upper() != "SM3":
        raise Rejected(ELEMENT_INVALID, element="摘要算法", reason="SM3 expected")
    if digest != sm3(content).hex():
        raise Rejected(ARCHIVE_CONTENT, element="摘要值")
    if int(public["content_bytes"]) != len(content):
        raise Rejected(ARCHIVE_CONTENT, element="M56")
    private.update({"fixity.algorithm": "SM3", "fixity.digest": digest})


def _read_owner(message: JsonObject, private: dict[str, str]) -> str:
    """Whose the archive is: "person", or "enterprise" when a company and no person is named."""
    owner = object_at(message, "档案归属", "档案归属")
    _read_person(owner, private, "档案归属")
    uscc = private.get("enterprise.uscc", "")
    if uscc and not is_uscc(uscc):
        raise Rejected(IDENTIFIER_INVALID, element="档案归属.统一社会信用代码", reason="uscc")
    if uscc and not any(private.get(path) for path in ("person.name", "person.id_number")):
        if not private.get("enterprise.name"):
            raise Rejected(ELEMENT_MISSING, element="档案归属.单位名称")
        return "enterprise"
    if not private.get("person.name"):
        raise Rejected(ELEMENT_MISSING, element="档案归属.姓名")
    if not (private.get("person.id_number") or private.get("person.psn_no")):
        raise Rejected(ELEMENT_MISSING, element="档案归属.证件号码")
    number = private.get("person.id_number", "")
    is_card = private.get("person.id_type", "") in ("", "01") and not is_masked(number)
    if is_card and looks_like_resident_id(number) and not is_resident_id(number):
        raise Rejected(IDENTIFIER_INVALID, element="档案归属.证件号码", reason="resident id")
    return "person"


def _read_person(person: JsonObject, private: dict[str, str], element: str) -> None:
    """Person fields; what an earlier part has said already may not be contradicted."""
    for key, value in person.items():
        path = _OWNER_PATHS.get(key)
        if path is None:
            for extra, text in _flatten(value, f"extra.{element}.{key}"):
                _keep(private, extra, text)
            continue
        text = scalar_text(value, f"{element}.{key}")
        if text and private.get(path) and private[path] != text:
            raise Rejected(ARCHIVE_OWNER, element=f"{element}.{key}")
        private[path] = private.get(path) or text


def _read_content(content: bytes, private: dict[str, str]) -> None:
    for key, value in parse_json_object(content).items():
        if key == "参保人" and isinstance(value, dict):
            _read_person(value, private, "参保人")
        else:
            for path, text in _flatten(value, f"content.{key}"):
                _keep(private, path, text)


def _flatten(value: JsonValue, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _flatten(member, f"{path}.{key}")
    elif isinstance(value, list):
        for index, member in enumerate(value, 1):
            yield from _flatten(member, f"{path}.{index}")
    elif isinstance(value, bool):
        yield path, str(value).lower()
    elif isinstance(value, JsonNumber):
        yield path, value.text
    else:
        yield path, scalar_text(value, "unknown element")


def _keep(private: dict[str, str], path: str, text: str) -> None:
    if len(path.encode()) > MAX_PATH:
        raise Rejected(DOCUMENT_TOO_LARGE, limit=MAX_PATH, reason="path of an unknown element")
    if path in private or path.endswith("_fen"):
        raise Rejected(ELEMENT_DUPLICATED, element="unknown element")
    private[path] = text
