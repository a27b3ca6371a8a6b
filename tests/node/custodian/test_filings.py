"""Filings: always of somebody who has an account, and never of another person than before."""

from functools import partial

from proto.filing_pb2 import RegisterFilingRequest
from tests.node.custodian import papers
from tests.node.custodian.papers import ONE, TWO
from tests.node.custodian.stage import (
    Chain,
    body_of,
    check_nothing_personal,
    methods,
    refused,
    sample,
)

KEY = "filing/BA460100202401010001"


def opened(chain: Chain) -> str:
    return chain.do("desk", "account.open", sample("archive_01_record.json")).account_id


def test_a_filing_is_registered_for_its_person(province: Chain) -> None:
    account = opened(province)
    reply = province.do("clerk", "filing.register", papers.filing())
    assert (methods(reply), reply.object) == (["filing.register"], KEY)
    assert (reply.attribution, reply.account_id) == ("certificate", account)
    assert province.owned(KEY).account_id == account
    request = RegisterFilingRequest.FromString(body_of(reply.bodies[0]).operations[0])
    public = {one.path: one.value for one in request.form.fields}
    assert (public["begin_date"], public["treatment_region"]) == ("20231201", "430100")
    found = province.custodian._desk.payloads
    assert found.open(found.find(KEY)).document == papers.filing()
    check_nothing_personal(province, reply)


def test_the_insured_number_alone_leads_to_the_account(province: Chain) -> None:
    account = opened(province)
    bare = papers.filing({"psn_name": ONE["psn_name"], "psn_no": ONE["psn_no"]})
    reply = province.do("desk", "filing.register", bare)
    assert (reply.attribution, reply.account_id) == ("insured_number", account)


def test_a_filing_opens_no_account(province: Chain) -> None:
    call = partial(province.prepare, "desk", "filing.register")
    refused(province, "CUSTODIAN_ACCOUNT_MISSING", partial(call, papers.filing()))
    province.prepare("desk", "account.open", sample("archive_01_record.json"))
    # An account that is only prepared is none.
    refused(province, "CUSTODIAN_ACCOUNT_MISSING", partial(call, papers.filing()))
    opened(province)
    mixed = papers.filing({**ONE, "certno": TWO["certno"]})
    refused(province, "CUSTODIAN_ACCOUNT_MISSING", partial(call, mixed))
    masked = papers.filing({"psn_name": "测试甲", "certno": "469900********9992"})
    refused(province, "CUSTODIAN_ACCOUNT_MISSING", partial(call, masked))
    assert province.prepare("desk", "filing.register", papers.filing()).bodies


def test_a_change_is_the_owners_and_says_from_which_version(province: Chain) -> None:
    account = opened(province)
    province.do("desk", "filing.register", papers.filing())
    changed = papers.filing(enddate="20250630")
    reply = province.do("desk", "filing.change", changed, supersedes="1")
    assert (methods(reply), reply.account_id) == (["filing.change"], account)
    (receipt,) = province.submit(
        "desk", province.prepare("desk", "filing.change", changed, supersedes="1").bodies
    )
    assert receipt.code == "FILING_VERSION_STALE"
    check_nothing_personal(province, reply)


def test_a_change_names_nobody_else(province: Chain) -> None:
    opened(province)
    province.do("desk", "filing.register", papers.filing())
    strangers = (
        TWO,
        {**ONE, "certno": TWO["certno"]},
        {"psn_name": "测试甲", "psn_no": TWO["psn_no"]},
        {"psn_name": "测试甲", "certno": "469900********9985"},
    )
    for person in strangers:
        refused(
            province,
            "CUSTODIAN_IDENTITY_CONFLICT",
            partial(
                province.prepare, "desk", "filing.change", papers.filing(person), supersedes="1"
            ),
        )
    refused(
        province,
        "FILING_NOT_FOUND",
        partial(
            province.prepare,
            "desk",
            "filing.change",
            papers.filing(filing_id="BA-other"),
            supersedes="1",
        ),
    )


def test_findings_go_along_and_malformed_filings_are_refused(province: Chain) -> None:
    opened(province)
    referral = papers.filing(
        kind="referral", reflin_medins_no="H43010500001", hosp_agre_refl_flag="0"
    )
    reply = province.do("desk", "filing.register", referral)
    assert [one.code for one in reply.findings] == [
        "FILING_REFERRAL_NOT_AGREED",
        "FILING_DIAGNOSIS_ABSENT",
    ]
    cases = [
        ("ELEMENT_INVALID", papers.filing(kind="holiday")),
        ("ELEMENT_MISSING", papers.filing(kind="referral")),
        ("PERIOD_INVALID", papers.filing(enddate="20231130")),
        ("ELEMENT_UNKNOWN", papers.filing(colour="blue")),
        ("IDENTIFIER_INVALID", papers.filing({**ONE, "certno": "469900198403129993"})),
        ("IDENTIFIER_INVALID", papers.filing(insu_optins="990000")),
        ("ELEMENT_MISSING", papers.filing({"psn_name": "测试甲"})),
    ]
    for code, document in cases:
        refused(province, code, partial(province.prepare, "desk", "filing.register", document))


def test_only_a_custodian_of_persons_prepares_filings(finance: Chain) -> None:
    finance.actors["bureau"] = ("finance", ("bureau",))
    finance.__post_init__()
    finance.begin(finance.genesis())
    for kind, options in (("filing.register", {}), ("filing.change", {"supersedes": "1"})):
        refused(
            finance,
            "CUSTODIAN_NO_PERSONS",
            partial(finance.prepare, "bureau", kind, papers.filing(), **options),
        )
