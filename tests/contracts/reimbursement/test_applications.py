"""Applications come in, and are joined with the voucher and the bill that are really theirs."""

from typing import Any

import pytest

from documents.forms import PUBLIC_PATHS, REIMBURSEMENT
from tests.contracts.harness import PROVINCE, Chain, finding
from tests.contracts.reimbursement.support import (
    INDEX,
    OTHER_INDEX,
    SECOND,
    add_listed,
    application_form,
    approve,
    key,
    make_ready,
    of,
    receive,
    review,
    staffed,
    sync_bill,
    sync_voucher,
)
from tests.contracts.remote.support import (
    bill_of,
    note,
    red_remote_form,
    remote_bill,
    remote_form,
    remote_voucher,
    store_bill,
    store_both,
    store_voucher,
    voucher_form,
)

ACCOUNT = f"{1:032x}"


@pytest.fixture
def chain() -> Chain:
    return staffed(Chain(PROVINCE, "gm"))


def test_an_application_comes_to_its_owners_account(chain: Chain) -> None:
    chain.ok("bureau", "reimbursement.receive", receive(chain, account=1))
    application = of(chain)
    assert (application.state, application.account_id) == ("received", ACCOUNT)
    assert (application.origin_chain, application.origin_channel) == (PROVINCE, "")
    assert (application.applicant_index, application.public.care) == (INDEX, "outpatient")
    assert chain.account(ACCOUNT).item_count == 1
    chain.check_trace(key(), application.trace_count, application.trace_head)
    again = receive(chain, account=1)
    chain.refused("bureau", "reimbursement.receive", again, "APPLICATION_EXISTS")
    assert not chain.writes


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("application_id", ""),
        ("application_id", "a/b"),
        ("applied_date", "20240231"),
        ("insured_region", ""),
        ("treatment_region", "4301"),
        ("care", "spa"),
        ("issuer_code", "x-y"),
        ("settlement_id", "a b"),
        ("bill__code", ""),
        ("bill__number", "1"),
        ("claimed_fen", -1),
        ("claimed_fen", 10**13 + 1),
        ("claimed_fen", "1.5"),
        ("psn_no", "x"),
    ],
)
def test_public_fields_are_well_formed(chain: Chain, path: str, value: Any) -> None:
    request = receive(chain, **{path: value})
    chain.refused("bureau", "reimbursement.receive", request, "FORM_FIELDS_INVALID")
    assert not chain.writes


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"applicant_index": "ab"}, "MALFORMED_REQUEST"),
        ({"applicant_index": INDEX.upper()}, "MALFORMED_REQUEST"),
        ({"applicant_index": "g" * 64}, "MALFORMED_REQUEST"),
        ({"account_id": f"{9:032x}"}, "ACCOUNT_NOT_FOUND"),
        ({"account_id": ACCOUNT}, "PAYLOAD_RECIPIENT"),
        ({"form": remote_form()}, "FORM_FIELDS_INVALID"),
        ({"findings": [finding("bad code", "warn")]}, "MALFORMED_REQUEST"),
        ({"payload": None}, "PAYLOAD_INVALID"),
    ],
)
def test_what_is_received_is_well_formed(chain: Chain, changes: Any, code: str) -> None:
    request = receive(chain)
    for name, value in changes.items():
        request.ClearField(name)
        if value is not None:
            request.MergeFrom(type(request)(**{name: value}))
    chain.refused("bureau", "reimbursement.receive", request, code)
    assert not chain.writes


def test_who_is_blacklisted_is_received_and_the_trace_says_so(chain: Chain) -> None:
    chain.ok("bureau", "reimbursement.add_listed", add_listed("black", "index", INDEX))
    chain.ok("bureau", "reimbursement.receive", receive(chain))
    assert chain.trace(key())[0].details["blacklisted"] == "index"


# ---- voucher and bill


def test_voucher_and_bill_are_referenced_where_they_are_stored(chain: Chain) -> None:
    make_ready(chain)
    application = of(chain)
    assert (application.voucher, application.bill) == (remote_voucher(1), remote_bill(1))
    assert (application.voucher_version, application.state) == (1, "ready")
    for document, action in ((remote_voucher(1), "sync_voucher"), (remote_bill(1), "sync_bill")):
        assert chain.trace(document)[-1].details == {"reimbursement": key()}
        told = [one for one in chain.trace(key()) if one.action == action]
        assert [one.details["document"] for one in told] == [document]
    chain.check_trace(key(), application.trace_count, application.trace_head)


@pytest.mark.parametrize("method", ["sync_voucher", "sync_bill"])
def test_only_what_is_stored_is_synced(chain: Chain, method: str) -> None:
    chain.ok("bureau", "reimbursement.receive", receive(chain))
    request: Any = sync_voucher() if method == "sync_voucher" else sync_bill()
    missing = "OBJECT_NOT_FOUND" if method == "sync_voucher" else "BILL_NOT_FOUND"
    chain.refused("bureau", f"reimbursement.{method}", request, missing)
    assert of(chain).state == "received"
    field = method.removeprefix("sync_")
    for wrong in ("", "bill/46060124-0000000001", f"remote_{field}/a/b", key()):
        setattr(request, field, wrong)
        chain.refused("bureau", f"reimbursement.{method}", request, "MALFORMED_REQUEST")
    assert of(chain).state == "received"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"bill__number": "0000000002"}, "bill.number"),
        ({"bill__code": "43060125"}, "bill.code"),
        ({"settlement_id": "430000909999"}, "settlement_id"),
        ({"treatment_region": "440100"}, "treatment_region"),
    ],
)
def test_another_voucher_is_refused(chain: Chain, changes: dict[str, Any], field: str) -> None:
    store_both(chain)
    chain.ok("bureau", "reimbursement.receive", receive(chain, **changes))
    request = sync_voucher()
    result = chain.refused("bureau", "reimbursement.sync_voucher", request, "APPLICATION_MISMATCH")
    assert result.fields["field"] == field
    assert (of(chain).state, of(chain).voucher) == ("received", "")
    assert chain.trace(key())[-1].code == "APPLICATION_MISMATCH"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"bill__number": "0000000002"}, "bill.number"),
        ({"bill__code": "43060125"}, "bill.code"),
        ({"settlement_id": "430000909999"}, "settlement_id"),
        ({"issuer_code": "12460000TEST000002"}, "issuer_code"),
    ],
)
def test_another_bill_is_refused(chain: Chain, changes: dict[str, Any], field: str) -> None:
    store_both(chain)
    chain.ok("bureau", "reimbursement.receive", receive(chain, **changes))
    request = sync_bill()
    result = chain.refused("bureau", "reimbursement.sync_bill", request, "APPLICATION_MISMATCH")
    assert result.fields["field"] == field
    assert (of(chain).state, of(chain).bill) == ("received", "")


def test_what_the_application_leaves_out_contradicts_nothing(chain: Chain) -> None:
    make_ready(chain, settlement_id="", issuer_code="")
    assert of(chain).state == "ready"


def test_another_persons_documents_are_refused(chain: Chain) -> None:
    chain.open_account(2)
    store_both(chain, account=2)
    chain.ok("bureau", "reimbursement.receive", receive(chain, account=1))
    for name, request in (("sync_voucher", sync_voucher()), ("sync_bill", sync_bill())):
        method = f"reimbursement.{name}"
        result = chain.refused("bureau", method, request, "APPLICATION_MISMATCH")
        assert result.fields["field"] == "account"


def test_a_red_bill_is_nobodys_claim(chain: Chain) -> None:
    chain.ok("bureau", "voucher.store_bill", store_bill(chain, remote_form()))
    chain.ok("bureau", "voucher.store_bill", store_bill(chain, red_remote_form()))
    chain.ok("bureau", "reimbursement.receive", receive(chain, bill=901, settlement_id=""))
    chain.refused("bureau", "reimbursement.sync_bill", sync_bill(bill=901), "BILL_RED")
    assert of(chain).bill == ""


# ---- the first official


def test_a_new_document_undoes_the_review(chain: Chain) -> None:
    make_ready(chain)
    for again in (sync_bill(), sync_voucher()):
        chain.ok("bureau", "reimbursement.review", review())
        assert of(chain).reviewed_by
        method = "sync_bill" if again == sync_bill() else "sync_voucher"
        chain.ok("bureau", f"reimbursement.{method}", again)
        assert of(chain).reviewed_by == b""
        chain.refused(SECOND, "reimbursement.approve", approve(), "REVIEW_NEEDED")


def test_a_voucher_uploaded_anew_is_synced_again(chain: Chain) -> None:
    make_ready(chain)
    chain.ok("bureau", "reimbursement.review", review())
    newer = store_voucher(chain, voucher_form(fee_count=9))
    chain.ok("bureau", "voucher.store_voucher", newer)
    chain.refused("bureau", "reimbursement.review", review(), "DOCUMENT_CHANGED")
    chain.refused(SECOND, "reimbursement.approve", approve(), "DOCUMENT_CHANGED")
    chain.ok("bureau", "reimbursement.sync_voucher", sync_voucher())
    assert of(chain).voucher_version == 2
    chain.ok("bureau", "reimbursement.review", review())
    chain.ok(SECOND, "reimbursement.approve", approve())


def test_a_cancelled_voucher_is_not_reviewed(chain: Chain) -> None:
    make_ready(chain)
    chain.ok("bureau", "voucher.note_status", note(remote_voucher(1), red=True))
    chain.refused("bureau", "reimbursement.review", review(), "VOUCHER_RED")


def test_the_applicants_index_is_said_once(chain: Chain) -> None:
    store_both(chain)
    request = receive(chain)
    request.applicant_index = ""
    chain.ok("bureau", "reimbursement.receive", request)
    chain.ok("bureau", "reimbursement.sync_voucher", sync_voucher())
    chain.ok("bureau", "reimbursement.sync_bill", sync_bill())
    chain.ok("bureau", "reimbursement.review", review())
    chain.refused(SECOND, "reimbursement.approve", approve(), "APPLICANT_UNKNOWN")
    chain.refused("bureau", "reimbursement.review", review(index="x"), "MALFORMED_REQUEST")
    chain.ok("bureau", "reimbursement.review", review(index=INDEX))
    other = review(index=OTHER_INDEX)
    chain.refused("bureau", "reimbursement.review", other, "APPLICATION_MISMATCH")
    chain.ok(SECOND, "reimbursement.approve", approve(index=INDEX))
    assert of(chain).applicant_index == INDEX and bill_of(chain).used_by == key()


def test_forms_of_applications_have_the_documents_paths() -> None:
    shown = tuple(one.path for one in application_form().fields)
    assert shown == PUBLIC_PATHS[REIMBURSEMENT]
