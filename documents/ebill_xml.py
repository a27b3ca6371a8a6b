"""Fiscal medical e-bills: the `<EInvoice>` XML of the finance department, blue and red, to ebill/1.

Structure, identity and signs are refused when wrong; arithmetic is not looked at here
(documents.findings). The original bytes stay as they came: the signatures and the hash are
over them.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from crypto import sm2_verify_der
from documents.codes import (
    EBILL_SIGNATURE,
    ELEMENT_DUPLICATED,
    ELEMENT_INVALID,
    ELEMENT_MISSING,
)
from documents.ebill_fields import CONTAINERS, LEAVES, REQUIRED, ROWS, Leaf, Row
from documents.ebill_rules import Extra, check_payer, check_signs, ebill_form, known_name
from documents.forms import StandardForm
from documents.text import canonical_text
from documents.xml_strict import XmlNode, parse_xml
from faults import Misuse, Rejected

_SECTIONS = ("Header", "EInvoiceData", "EInvoiceSignature")
_SIGNED_FROM = re.compile(rb"<[Hh]eader(?=[\s>/])")
_SIGNED_TO = re.compile(rb"</[Ee]InvoiceData\s*>")
_SETTLEMENT_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,63}")
_ALGORITHMS = ("", "SM2", "SM3withSM2", "SM2withSM3", "1.2.156.10197.1.501")
_RELATED = (
    "EInvoiceData/Main/MainExt/RelatedInvoiceCode",
    "EInvoiceData/Main/MainExt/RelatedInvoiceNumber",
)


@dataclass(frozen=True)
class SettlementIdRule:
    """Where a bill carries its settlement id: no public source fixes it, so it is configured.

    `paths` are element paths below the root ("EInvoiceData/Main/MainExt/Custom3"), first
    non-empty one wins. `remark` is searched in Remark; its first group is the id. Two
    different ids in one remark give none, and a finding.
    """

    paths: tuple[str, ...] = ()
    remark: str = r"医保结算号[:：](\d+)"

    def __post_init__(self) -> None:
        if re.compile(self.remark).groups < 1:
            raise Misuse("the remark pattern needs a group for the settlement id")


DEFAULT_RULE = SettlementIdRule()


@dataclass(frozen=True, repr=False)
class Ebill:
    """A parsed bill: its standard form, its original bytes and the slice of them that is signed."""

    form: StandardForm
    document: bytes
    signed: bytes

    def __repr__(self) -> str:
        return f"<Ebill {self.code}-{self.number}>"

    @property
    def code(self) -> str:
        """The bill code (票据代码), eight digits."""
        return self.form.public["code"]

    @property
    def number(self) -> str:
        """The bill number (票据号码), ten digits."""
        return self.form.public["number"]

    @property
    def is_red(self) -> bool:
        """Whether it cancels a blue bill, which it then names."""
        return self.form.public["color"] == "red"


@dataclass
class _Reading:
    """What one walk over the tree collects."""

    values: dict[str, str] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)  # every leaf's text by element path
    extra: Extra = field(default_factory=Extra)
    rows: dict[str, int] = field(default_factory=dict)  # how many of each prefix


def parse_ebill(xml: bytes, rule: SettlementIdRule = DEFAULT_RULE) -> Ebill:
    """A bill from its XML bytes.

    Rejected: the limits and forbidden constructs of documents.xml_strict; ELEMENT_MISSING,
    ELEMENT_DUPLICATED, ELEMENT_INVALID, AMOUNT_INVALID, AMOUNT_SIGN or IDENTIFIER_INVALID
    naming the element. Nothing else is ever raised for any bytes.
    """
    root = parse_xml(xml)
    if known_name(root.name) != "EInvoice":
        raise Rejected(ELEMENT_MISSING, element="EInvoice")
    _check_sections(root)
    reading = _Reading()
    _walk(root, "", reading)
    for path in REQUIRED:
        if not reading.raw.get(path):
            raise Rejected(ELEMENT_MISSING, element=path)
    check_payer(reading.values, "EInvoiceData/Main/PayerParty/PayerPartyCode")
    check_signs(reading.values, *_RELATED)
    signed = _signed_bytes(xml)
    settlement_ids = _settlement_ids(reading.raw, rule)
    form = ebill_form(reading.values, reading.extra.values, settlement_ids, xml)
    return Ebill(form, xml, signed)


def verify_signatures(
    ebill: Ebill, hospital_key: bytes | None, finance_key: bytes | None
) -> tuple[str, ...]:
    """Check the SM2 signatures over the original bytes from `<Header>` to `</EInvoiceData>`.

    Keys are 65 bytes (04‖x‖y); a key that is None leaves that signature unchecked. Gives the
    parties whose signature was verified. Rejected EBILL_SIGNATURE: missing, undecodable,
    unknown algorithm or wrong; the field "party" says whose.
    """
    verified = []
    for party, key in (("issuer", hospital_key), ("supervisor", finance_key)):
        if key is not None:
            _verify(ebill, party, key)
            verified.append(party)
    return tuple(verified)


def _verify(ebill: Ebill, party: str, key: bytes) -> None:
    private = ebill.form.private
    if private.get(f"signature.{party}.algorithm", "") not in _ALGORITHMS:
        raise Rejected(EBILL_SIGNATURE, party=party, reason="algorithm")
    text = "".join(private.get(f"signature.{party}.value", "").split())
    if not text:
        raise Rejected(EBILL_SIGNATURE, party=party, reason="missing")
    try:
        signature = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Rejected(EBILL_SIGNATURE, party=party, reason="encoding") from None
    if not sm2_verify_der(key, ebill.signed, signature):
        raise Rejected(EBILL_SIGNATURE, party=party, reason="wrong")


def _check_sections(root: XmlNode) -> None:
    """The root holds its sections in order and once, so the signed slice is exactly two of them."""
    names = [known_name(child.name) for child in root.children]
    for name in _SECTIONS:
        if names.count(name) > 1:
            raise Rejected(ELEMENT_DUPLICATED, element=name)
    for name in _SECTIONS[:2]:
        if name not in names:
            raise Rejected(ELEMENT_MISSING, element=name)
    if names not in (list(_SECTIONS), list(_SECTIONS[:2])):
        raise Rejected(ELEMENT_INVALID, element="EInvoice", reason="order")


def _signed_bytes(xml: bytes) -> bytes:
    starts = list(_SIGNED_FROM.finditer(xml))
    ends = list(_SIGNED_TO.finditer(xml))
    if len(starts) != 1 or len(ends) != 1 or starts[0].start() >= ends[0].start():
        raise Rejected(ELEMENT_DUPLICATED, element="Header", reason="signed text is ambiguous")
    return xml[starts[0].start() : ends[0].end()]


def _walk(node: XmlNode, path: str, reading: _Reading) -> None:
    reading.extra.keep_attributes(node, path)
    seen: set[str] = set()
    for child in node.children:
        name = known_name(child.name)
        child_path = f"{path}/{name}" if path else name
        if child_path in ROWS:
            _read_row(child, child_path, ROWS[child_path], reading)
        elif child_path in LEAVES or child_path in CONTAINERS:
            if name in seen:
                raise Rejected(ELEMENT_DUPLICATED, element=child_path)
            seen.add(name)
            if child_path in LEAVES:
                _read_leaf(child, child_path, LEAVES[child_path], reading)
            else:
                _check_container(child, child_path)
                _walk(child, child_path, reading)
        else:
            _keep_unknown(child, f"{path}/{child.name}" if path else child.name, reading)


def _check_container(node: XmlNode, path: str) -> None:
    if not node.children and node.text.strip():
        raise Rejected(ELEMENT_INVALID, element=path, reason="elements expected")


def _read_leaf(node: XmlNode, path: str, leaf: Leaf, reading: _Reading) -> None:
    value = _leaf_value(node, path, leaf)
    reading.extra.keep_attributes(node, path)
    reading.raw[path] = value
    if value:
        reading.values[leaf.path] = value


def _leaf_value(node: XmlNode, path: str, leaf: Leaf) -> str:
    if node.children:
        raise Rejected(ELEMENT_INVALID, element=path, reason="text expected")
    return leaf.read(canonical_text(node.text, path, 8192), path)


def _read_row(node: XmlNode, path: str, row: Row, reading: _Reading) -> None:
    index = reading.rows[row.prefix] = reading.rows.get(row.prefix, 0) + 1
    shown = f"{path}[{index}]"
    _check_container(node, shown)
    reading.extra.keep_attributes(node, shown)
    values: dict[str, str] = {}
    _read_row_part(node, "", shown, row, values, reading)
    if not values.get("amount_fen"):
        raise Rejected(ELEMENT_MISSING, element=f"{shown}/{row.amount}")
    for name, value in values.items():
        if value:
            reading.values[f"{row.prefix}.{index}.{name}"] = value


def _read_row_part(
    node: XmlNode,
    below: str,
    shown: str,
    row: Row,
    values: dict[str, str],
    reading: _Reading,
) -> None:
    for child in node.children:
        name = below + known_name(child.name)
        path = f"{shown}/{name}"
        if name in row.leaves:
            leaf = row.leaves[name]
            if leaf.path in values:
                raise Rejected(ELEMENT_DUPLICATED, element=path)
            values[leaf.path] = _leaf_value(child, path, leaf)
        elif not below and any(known.startswith(f"{name}/") for known in row.leaves):
            _read_row_part(child, f"{name}/", shown, row, values, reading)
        else:
            _keep_unknown(child, f"{shown}/{below}{child.name}", reading)


def _keep_unknown(node: XmlNode, path: str, reading: _Reading) -> None:
    """Unknown elements stay with the bill; their names are the sender's: no refusal shows them."""
    reading.extra.keep_attributes(node, path)
    text = canonical_text(node.text, "unknown element")
    if node.children:
        for child in node.children:
            _keep_unknown(child, f"{path}/{child.name}", reading)
    else:
        reading.raw.setdefault(path, text)
        reading.extra.keep(path, text)


def _settlement_ids(raw: Mapping[str, str], rule: SettlementIdRule) -> list[str]:
    """None, the one, or several. In a free text, what cannot be an id counts as several."""
    for path in rule.paths:
        found = raw.get(path, "")
        if found:
            if _SETTLEMENT_ID.fullmatch(found) is None:
                raise Rejected(ELEMENT_INVALID, element=path, reason="settlement id")
            return [found]
    remark = raw.get("EInvoiceData/Main/Remark", "")
    ids = sorted({match[1] or "" for match in re.finditer(rule.remark, remark)})
    if any(_SETTLEMENT_ID.fullmatch(found) is None for found in ids):
        return ["", *ids]
    return ids
