"""The signatures of the sample bills: raw SM2 in DER over `<Header>` to `</EInvoiceData>`."""

import base64
import re
from pathlib import Path

import pytest

from crypto import sm2_public_key, sm2_verify_der
from tests.crypto import standard
from tests.tidy.source import ROOT

BILLS = sorted((ROOT / "testnet" / "samples").glob("ebill_*.xml"))


def signed_part(xml: bytes) -> bytes:
    end = b"</EInvoiceData>"
    return xml[xml.index(b"<Header>") : xml.index(end) + len(end)]


def signature(xml: bytes, party: str) -> bytes:
    pattern = rf"<{party}Signature>.*?<SignatureValue>([^<]+)</SignatureValue>"
    found = re.search(pattern.encode(), xml, re.DOTALL)
    assert found is not None
    return base64.b64decode(found[1], validate=True)


def test_there_are_bills() -> None:
    assert len(BILLS) == 6


@pytest.mark.parametrize("path", BILLS, ids=lambda path: path.stem)
def test_both_seals_of_a_bill_hold(path: Path) -> None:
    xml = path.read_bytes()
    message = signed_part(xml)
    hospital, finance = standard.PUBLIC, sm2_public_key(standard.OTHER_PRIVATE)
    assert sm2_verify_der(hospital, message, signature(xml, "InvoicingParty"))
    assert sm2_verify_der(finance, message, signature(xml, "SupervisorParty"))
    assert not sm2_verify_der(finance, message, signature(xml, "InvoicingParty"))
    assert not sm2_verify_der(hospital, message + b"\n", signature(xml, "InvoicingParty"))
    changed = message.replace(b"<TotalAmount>", b"<TotalAmount>1", 1)
    assert changed != message
    assert not sm2_verify_der(hospital, changed, signature(xml, "InvoicingParty"))
