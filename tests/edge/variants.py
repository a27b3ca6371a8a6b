"""The sample bill with one thing wrong, signed again where the check lies behind the signature.

The keys are the published examples of GB/T 32918.5 that signed the samples (docs/formats.md 6.2).
"""

import base64
import re

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from crypto.suites import GM
from tests.crypto import standard
from tests.documents.support import edit, sample

BLUE = sample("ebill_out_01.xml")
_KEYS = (("InvoicingParty", standard.PRIVATE), ("SupervisorParty", standard.OTHER_PRIVATE))


def bill(*edits: tuple[str, str], number: str = "") -> bytes:
    """Bill 01 with texts replaced, under another number if wanted, with good signatures."""
    xml = BLUE
    for old, new in edits:
        xml = edit(xml, old, new)
    if number:
        xml = edit(xml, "<EInvoiceNumber>0000000101", f"<EInvoiceNumber>{number}")
        xml = edit(xml, "1010000000-42106064", f"{number[::-1]}-42106064")
    return signed_again(xml)


def signed_part(xml: bytes) -> bytes:
    """What the signatures are over."""
    end = b"</EInvoiceData>"
    return xml[xml.index(b"<Header>") : xml.index(end) + len(end)]


def signed_again(xml: bytes) -> bytes:
    """The same bytes with both signatures made anew over `<Header>` to `</EInvoiceData>`."""
    message = signed_part(xml)
    for party, private_key in _KEYS:
        pair = GM.signer(private_key).sign(message)
        der = encode_dss_signature(int.from_bytes(pair[:32]), int.from_bytes(pair[32:]))
        pattern = rf"(<{party}Signature>.*?<SignatureValue>)[^<]+".encode()
        value = base64.b64encode(der)
        xml, count = re.subn(pattern, rb"\g<1>" + value, xml, flags=re.DOTALL)
        assert count == 1
    return xml


def without(element: str) -> bytes:
    """Bill 01 without this element, its text and what it holds."""
    xml, count = re.subn(rf"<{element}>.*?</{element}>".encode(), b"", BLUE, flags=re.DOTALL)
    assert count == 1
    return xml


def doubled(element: str) -> bytes:
    """Bill 01 with this element twice, the second time with another text."""
    found = re.search(rf"<{element}>.*?</{element}>".encode(), BLUE, re.DOTALL)
    assert found is not None
    return BLUE.replace(found[0], found[0] * 2, 1)
