"""XML for documents from outside: small, plain, and free of everything a bill does not need.

Refused before the parser sees a byte: size, encoding, number of tags and attributes, DTD and
entity declarations, CDATA. Refused afterwards: namespaces, comments and instructions inside
the root, depth. What remains is elements with text. The parser neither resolves entities nor
opens files or the network.
"""

import re
from dataclasses import dataclass

from lxml import etree

from documents.codes import DOCUMENT_ENCODING, DOCUMENT_TOO_LARGE, XML_FORBIDDEN, XML_MALFORMED
from documents.text import decode_utf8
from faults import Rejected

MAX_XML_BYTES = 4 * 1024 * 1024
MAX_ELEMENTS = 20_000
MAX_ATTRIBUTES = 2_000  # in the whole document; the known formats have none
MAX_DEPTH = 12
MAX_NAME = 64

_DECLARATION = re.compile(rb"<\?xml\s[^>]*\?>")
_ENCODING = re.compile(rb"""\sencoding\s*=\s*["']([^"']*)["']""")
_FORBIDDEN = (
    (re.compile(rb"<!\s*DOCTYPE", re.IGNORECASE), "doctype"),
    (re.compile(rb"<!\s*(ENTITY|ELEMENT|ATTLIST|NOTATION)", re.IGNORECASE), "declaration"),
    (re.compile(rb"<!\[", re.IGNORECASE), "cdata"),
)


@dataclass(frozen=True, slots=True, repr=False)
class XmlNode:
    """An element: its name as written, its own text, its attributes and its child elements."""

    name: str
    text: str
    attributes: tuple[tuple[str, str], ...]
    children: tuple["XmlNode", ...]


def parse_xml(raw: bytes) -> XmlNode:
    """The root element of a document.

    Time and memory are bounded by MAX_XML_BYTES and MAX_ELEMENTS whatever the input is.
    Rejected DOCUMENT_TOO_LARGE, DOCUMENT_ENCODING, XML_FORBIDDEN or XML_MALFORMED.
    """
    _check_raw(raw)
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        no_network=True,
        huge_tree=False,
        recover=False,
        strip_cdata=False,
    )
    try:
        root = etree.fromstring(raw, parser)
    except (etree.LxmlError, ValueError):
        raise Rejected(XML_MALFORMED) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise Rejected(XML_FORBIDDEN, reason="doctype")
    for sibling in (*root.itersiblings(preceding=True), *root.itersiblings()):
        if sibling.tag is not etree.Comment:
            raise Rejected(XML_FORBIDDEN, reason="instruction")
    return _node(root, 1)


def _check_raw(raw: bytes) -> None:
    if len(raw) > MAX_XML_BYTES:
        raise Rejected(DOCUMENT_TOO_LARGE, limit=MAX_XML_BYTES, reason="bytes")
    decode_utf8(raw)
    declared = _DECLARATION.match(raw)
    encoding = _ENCODING.search(declared[0]) if declared else None
    if encoding is not None and encoding[1].lower() not in (b"utf-8", b"utf8"):
        raise Rejected(DOCUMENT_ENCODING, reason="declared")
    if raw.count(b"<") > 2 * MAX_ELEMENTS + 16:
        raise Rejected(DOCUMENT_TOO_LARGE, limit=MAX_ELEMENTS, reason="elements")
    # A quoted attribute needs its equals sign; base64 padding needs a few more.
    if raw.count(b"=") > MAX_ATTRIBUTES:
        raise Rejected(DOCUMENT_TOO_LARGE, limit=MAX_ATTRIBUTES, reason="attributes")
    for pattern, reason in _FORBIDDEN:
        if pattern.search(raw):
            raise Rejected(XML_FORBIDDEN, reason=reason)


def _node(element: etree._Element, depth: int) -> XmlNode:
    if depth > MAX_DEPTH:
        raise Rejected(DOCUMENT_TOO_LARGE, limit=MAX_DEPTH, reason="depth")
    name = _name(element.tag)
    if element.nsmap:
        raise Rejected(XML_FORBIDDEN, reason="namespace")
    attributes = tuple((_name(key), str(value)) for key, value in element.attrib.items())
    children = tuple(_node(child, depth + 1) for child in element)
    text = element.text or ""
    if children and (text + "".join(child.tail or "" for child in element)).strip():
        raise Rejected(XML_MALFORMED, reason="text beside elements")
    return XmlNode(name, text, attributes, children)


def _name(tag: object) -> str:
    """A plain name (comments, instructions and entities have a function in its place)."""
    if not isinstance(tag, str):
        raise Rejected(XML_FORBIDDEN, reason="comment, instruction or entity")
    if "{" in tag or ":" in tag:
        raise Rejected(XML_FORBIDDEN, reason="namespace")
    if len(tag) > MAX_NAME:
        raise Rejected(DOCUMENT_TOO_LARGE, limit=MAX_NAME, reason="name")
    return tag
