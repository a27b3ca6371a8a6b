"""Applications for remote reimbursement: owners, blind indexes, and forwarding unopened."""

from functools import partial

from google.protobuf.message import Message

from proto.reimbursement_pb2 import (
    ApprovedAmounts,
    ApproveRequest,
    ReceiveApplicationRequest,
    ReviewRequest,
    SyncBillRequest,
    SyncVoucherRequest,
)
from tests.node.custodian import papers
from tests.node.custodian.papers import ONE, TWO
from tests.node.custodian.stage import (
    Chain,
    body_of,
    check_nothing_personal,
    joined,
    methods,
    national_chain,
    province_chain,
    refused,
    sample,
)

KEY = "reimbursement/BX460100202401010001"


def request_of(chain: Chain, document: bytes) -> ReceiveApplicationRequest:
    reply = chain.prepare("desk", "reimbursement.receive", document)
    return ReceiveApplicationRequest.FromString(body_of(reply.bodies[0]).operations[0])


def test_an_application_goes_to_its_persons_account(province: Chain) -> None:
    opened = province.do("desk", "account.open", sample("archive_01_record.json"))
    reply = province.do("clerk", "reimbursement.receive", papers.application())
    assert (methods(reply), reply.object) == (["reimbursement.receive"], KEY)
    assert (reply.attribution, reply.account_id) == ("certificate", opened.account_id)
    record = province.owned(KEY)
    assert (record.account_id, record.public.claimed_fen) == (opened.account_id, 126_050)
    check_nothing_personal(province, reply)


def test_an_application_without_an_account_waits_for_one(province: Chain) -> None:
    reply = province.do("desk", "reimbursement.receive", papers.application())
    assert (reply.attribution, province.owned(KEY).account_id) == ("unbound", "")
    assert province.owned(KEY).applicant_index != ""
    opened = province.do("desk", "account.open", sample("archive_01_record.json"))
    assert methods(opened) == ["account.open", "account.attach"]
    assert province.owned(KEY).account_id == opened.account_id
    check_nothing_personal(province, reply, opened)


def test_a_blind_index_is_the_persons_whatever_names_them(province: Chain) -> None:
    by_card = request_of(province, papers.application()).applicant_index
    assert len(by_card) == 64
    assert by_card == request_of(province, papers.application(bill_no="0000000778")).applicant_index
    bare = {"psn_name": "测试甲", "psn_no": ONE["psn_no"]}
    before = request_of(province, papers.application(bare)).applicant_index
    assert before not in ("", by_card)
    # Once the vault knows whose number it is, the number gives no second index.
    province.do("desk", "account.open", sample("archive_01_record.json"))
    assert request_of(province, papers.application(bare)).applicant_index == by_card
    assert request_of(province, papers.application(TWO)).applicant_index != by_card
    masked = {"psn_name": "测试甲", "certno": "469900********9992"}
    assert request_of(province, papers.application(masked)).applicant_index == ""
    province.custodian = province.open_custodian()
    assert request_of(province, papers.application()).applicant_index == by_card


def test_another_vault_makes_other_indexes(province: Chain) -> None:
    other = province_chain()
    other.master = bytes(32)
    other.begin(other.genesis())
    document = papers.application()
    assert (
        request_of(other, document).applicant_index
        != request_of(province, document).applicant_index
    )


def test_a_review_says_whose_an_application_is(province: Chain) -> None:
    province.do("desk", "reimbursement.receive", papers.application())
    options = {"application_id": "BX460100202401010001"}
    reply = province.prepare("desk", "reimbursement.review", **options)
    request = ReviewRequest.FromString(body_of(reply.bodies[0]).operations[0])
    assert request.applicant_index == province.owned(KEY).applicant_index
    refused(
        province,
        "OBJECT_NOT_FOUND",
        lambda: province.prepare("desk", "reimbursement.review", application_id="BX-none"),
    )


def test_an_application_is_forwarded_without_an_owner() -> None:
    national = national_chain()
    national.actors["desk"] = ("national", ("bureau",))
    national.__post_init__()
    joined(national, province_chain(), ("REIMBURSEMENT_APPLY",))
    reply = national.do("desk", "reimbursement.forward", papers.application(), channel="channel-1")
    assert (reply.attribution, reply.account_id, reply.object) == ("none", "", KEY)
    assert national.owned(KEY).destination == "yl-province"
    check_nothing_personal(national, reply)


def test_findings_go_into_the_record_and_faults_are_refused(province: Chain) -> None:
    odd = papers.application(
        claimed_amt=None,
        mdtrtarea_admvs="460105",
        acct_name="测试乙",
        bank_acct="6299990000000000013",
    )
    reply = province.do("desk", "reimbursement.receive", odd)
    codes = [one.code for one in reply.findings]
    assert codes == [
        "REIMBURSEMENT_NOT_REMOTE",
        "REIMBURSEMENT_CLAIM_ABSENT",
        "REIMBURSEMENT_ACCOUNT_NAME",
        "REIMBURSEMENT_ACCOUNT_CHECK",
    ]
    assert [one.code for one in province.owned(KEY).findings] == codes
    cases = [
        ("AMOUNT_INVALID", papers.application(claimed_amt="1e3")),
        ("ELEMENT_INVALID", papers.application(claimed_amt=-1)),
        ("ELEMENT_INVALID", papers.application(bill_code=43060124)),
        ("ELEMENT_INVALID", papers.application(format="reimbursement/2")),
        ("ELEMENT_MISSING", papers.application(bill_no="")),
        ("IDENTIFIER_INVALID", papers.application(uscc="12460105999999015X")),
        ("JSON_DUPLICATE_KEY", papers.application().replace(b'"care"', b'"setl_id"')),
        ("REQUEST_TOO_LARGE", papers.application(memo="x" * (5 * 1024 * 1024))),
    ]
    for code, document in cases:
        for kind, options in (
            ("reimbursement.receive", {}),
            ("reimbursement.forward", {"channel": "channel-1"}),
        ):
            call = partial(province.prepare, "desk", kind, document, **options)
            refused(province, code, call)


def test_the_samples_go_from_fetch_to_approval() -> None:
    """The Hunan bill, its voucher and the application for it belong to one person and agree."""
    chain = province_chain()
    chain.actors["second"] = ("bureau", ("bureau",))
    chain.__post_init__()
    chain.begin(chain.genesis())
    fetch = {"source": "national", "source_reference": "FETCH-7"}
    account = chain.do("desk", "settlement.upload", sample("setl_2207_bill02.json")).account_id
    bill = chain.do(
        "desk",
        "voucher.store_bill",
        sample("remote_bill_07_hunan.xml"),
        dialect="national_einvoice",
        **fetch,
    )
    voucher = chain.do(
        "desk",
        "voucher.store_voucher",
        sample("voucher_4901_bill07.json"),
        region="430100",
        **fetch,
    )
    made = chain.do("desk", "reimbursement.receive", sample("application_bill07.json"))
    assert [reply.account_id for reply in (bill, voucher, made)] == [account] * 3
    application_id = made.object.removeprefix("reimbursement/")
    steps: list[tuple[str, str, Message]] = [
        ("desk", "sync_voucher", SyncVoucherRequest(voucher=voucher.object)),
        ("desk", "sync_bill", SyncBillRequest(bill=bill.object)),
    ]
    for who, method, request in steps:
        request.application_id = application_id  # type: ignore[attr-defined]
        assert chain.call(who, "reimbursement", method, request).code == "OK"
    chain.do("desk", "reimbursement.review", application_id=application_id)
    amounts = ApprovedAmounts(pooled_fund_fen=17_820)
    approve = ApproveRequest(application_id=application_id, amounts=amounts)
    receipt = chain.call("second", "reimbursement", "approve", approve)
    assert receipt.code == "OK", receipt.fields
    assert chain.owned(made.object).state == "approved"
    check_nothing_personal(chain, bill, voucher, made)


def test_an_account_that_is_only_prepared_attributes_nothing(province: Chain) -> None:
    province.prepare("desk", "account.open", sample("archive_01_record.json"))
    reply = province.do("desk", "reimbursement.receive", papers.application())
    assert (reply.attribution, reply.account_id) == ("unbound", "")
    opened = province.do("desk", "account.open", sample("archive_01_record.json"))
    assert province.owned(KEY).account_id == opened.account_id
