"""Payment files to fund batches and the bank's returns of them, on the fund contract."""

import json
from functools import partial

import pytest

from contracts.fund.records import BatchRecord, LineRecord, batch_key, line_key
from documents import parse_fund_file
from ledger.records import decode
from node.custodian.preparing import fund_results, funds
from proto.fund_pb2 import (
    AddFundLinesRequest,
    AddFundSettlementsRequest,
    AuditFundBatchRequest,
    RecordFundResultRequest,
    SendFundBatchRequest,
)
from tests.node.custodian import papers
from tests.node.custodian.stage import (
    Chain,
    body_of,
    check_nothing_personal,
    methods,
    refused,
    sample,
)

BATCH = "YB460000202408300001"
SENT = sample("6131_460000_20240830_0001.txt")
RETURNED = sample("6131_460000_20240830_0001_RET.txt")
OWED = 11_544  # what the fund owes for the sample settlement, in fen


def batch(chain: Chain, number: str = BATCH) -> BatchRecord:
    raw = chain.view.state(batch_key(number))
    assert raw is not None
    return decode(BatchRecord, raw)


def line(chain: Chain, number: int) -> LineRecord:
    raw = chain.view.state(line_key(BATCH, number))
    assert raw is not None
    return decode(LineRecord, raw)


def sent_to_bank(chain: Chain, document: bytes = SENT) -> None:
    chain.do("centre", "fund.submit", document)
    number = parse_fund_file(document).batch_number
    audit = AuditFundBatchRequest(batch_number=number, accepted=True)
    assert chain.call("clerk", "fund", "audit", audit).code == "OK"
    seen = batch(chain, number).warnings + batch(chain, number).errors
    send = SendFundBatchRequest(batch_number=number, bank_org="bank", warnings_seen=seen)
    assert chain.call("centre", "fund", "send", send).code == "OK"


def test_a_file_becomes_a_submitted_batch(province: Chain) -> None:
    reply = province.do("centre", "fund.submit", SENT)
    assert methods(reply) == ["fund.submit", "fund.add_lines"]
    assert (reply.object, reply.attribution) == (f"fund/{BATCH}", "none")
    record = batch(province)
    assert (record.state, record.header.total_fen) == ("submitted", 1_930_075)
    assert (record.header.insurance_type, record.header.direction) == ("", "payout")
    request = AddFundLinesRequest.FromString(body_of(reply.bodies[1]).operations[0])
    own = province.suite.public_key(province.own_key)
    assert [key.recipient for key in request.payload.keys] == [own]
    check_nothing_personal(province, reply)


def test_an_account_is_shown_to_nobody_and_equal_ones_look_different(province: Chain) -> None:
    province.do("centre", "fund.submit", SENT)
    one, two = line(province, 1), line(province, 2)
    file = parse_fund_file(SENT)
    assert file.lines[0].account_number == file.lines[1].account_number
    assert one.account_commitment != two.account_commitment
    stored = b"".join(value for _, value in province.executor.store.kv.scan(b""))
    for detail in file.lines:
        for text in (detail.account_number, detail.name, detail.id_number):
            assert text.encode() not in stored


def test_the_same_file_again_is_the_same_batch(province: Chain) -> None:
    first = province.prepare("centre", "fund.submit", SENT)
    second = province.prepare("centre", "fund.submit", SENT)
    assert body_of(first.bodies[0]).operations == body_of(second.bodies[0]).operations
    lines = [
        AddFundLinesRequest.FromString(body_of(reply.bodies[1]).operations[0])
        for reply in (first, second)
    ]
    assert lines[0].lines == lines[1].lines
    assert lines[0].form == lines[1].form
    assert lines[0].payload.ciphertext != lines[1].payload.ciphertext
    province.submit("centre", first.bodies[:1])
    rest = province.do("centre", "fund.submit", SENT)
    assert methods(rest) == ["fund.add_lines"]
    assert methods(province.prepare("centre", "fund.submit", SENT)) == []
    assert batch(province).state == "submitted"


def test_another_file_under_the_number_is_refused_by_the_contract(province: Chain) -> None:
    province.do("centre", "fund.submit", SENT)
    other = SENT.replace(b"20240830|", b"20240831|", 1)
    reply = province.prepare("centre", "fund.submit", other)
    (receipt, *_) = province.submit("centre", reply.bodies)
    assert receipt.code == "FUND_BATCH_EXISTS"


def settle(chain: Chain, count: int) -> list[str]:
    """Upload copies of one settlement under ids of their own."""
    found = []
    for number in range(count):
        message = json.loads(sample("setl_2207_bill01.json"))
        found.append(f"S{number:05d}")
        message["response"]["output"]["setlinfo"]["setl_id"] = found[-1]
        del message["billinfo"]
        chain.do("desk", "settlement.upload", papers.as_json(message))
    return found


def test_settlements_come_with_their_lines_and_after_them(
    province: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(funds, "LINES_MAX", 2)
    ids = settle(province, 7)
    document = papers.payment_file([5 * OWED, 100, 2 * OWED], BATCH)
    given = json.dumps({"1": ids[:5], "3": ids[5:]})
    reply = province.prepare("centre", "fund.submit", document, settlements=given)
    assert methods(reply) == ["fund.submit", "fund.add_lines", "fund.add_settlements"]
    operations = [
        AddFundSettlementsRequest.FromString(raw) for raw in body_of(reply.bodies[2]).operations
    ]
    assert [(one.line, one.offset, list(one.settlement_ids)) for one in operations] == [
        (1, 2, ids[2:4]),
        (1, 4, ids[4:5]),
        (3, 0, ids[5:]),
    ]
    province.submit("centre", reply.bodies[:2])
    assert batch(province).state == "collecting"
    rest = province.prepare("centre", "fund.submit", document, settlements=given)
    assert methods(rest) == ["fund.add_settlements"]
    province.submit("centre", rest.bodies)
    assert batch(province).state == "submitted"
    assert (line(province, 1).claimed_count, line(province, 3).claimed_count) == (5, 2)
    assert not province.prepare("centre", "fund.submit", document, settlements=given).bodies


def test_a_long_file_goes_in_parts_and_answers(
    province: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(funds, "OPERATION_BYTES_MAX", 30_000)
    monkeypatch.setattr(funds, "REPLY_BYTES_MAX", 50_000)
    document = papers.payment_file([100] * 150)
    number = parse_fund_file(document).batch_number
    rounds = 0
    while (reply := province.prepare("centre", "fund.submit", document)).bodies:
        rounds += 1
        codes = [one.code for one in province.submit("centre", reply.bodies)]
        assert codes == ["OK"] * len(reply.bodies)
        assert sum(map(len, reply.bodies)) <= 50_000
    assert rounds > 1
    assert (batch(province, number).state, batch(province, number).added_count) == (
        "submitted",
        150,
    )


def test_recovery_and_what_a_file_may_not_be(province: Chain) -> None:
    province.do("centre", "fund.submit", SENT, direction="recovery")
    assert batch(province).header.direction == "recovery"
    text = SENT.decode()
    cases = [
        ("FUND_FILE_TOTAL", text.replace("19300.75", "19300.74")),
        ("FUND_FILE_COUNT", text.replace("|5|19300.75", "|6|19300.75")),
        ("FUND_FILE_LINE_END", text[:-1]),
        ("FUND_FILE_COLUMNS", text.replace("测试乙|01", "测|试乙|01")),
        ("FUND_FILE_COLUMNS", RETURNED.decode()),
        ("FUND_FILE_COLUMNS", "H|6131\n"),
        ("IDENTIFIER_INVALID", text.replace("469900195607189985", "469900195607189986")),
    ]
    for code, document in cases:
        call = partial(province.prepare, "centre", "fund.submit", document.encode())
        refused(province, code, call)
    beyond = json.dumps({"6": ["S00001"]})
    refused(
        province,
        "REQUEST_INVALID",
        partial(province.prepare, "centre", "fund.submit", SENT, settlements=beyond),
    )


def test_a_return_answers_under_the_lines_salts(province: Chain) -> None:
    sent_to_bank(province)
    reply = province.do("bank", "fund.record_result", RETURNED, return_number="R1")
    assert methods(reply) == ["fund.record_result"]
    record = batch(province)
    assert (record.state, record.differences) == ("partly_paid", 0)
    assert (record.paid_fen, record.failed_fen) == (1_925_250, 4_825)
    assert list(reply.findings) == []
    check_nothing_personal(province, reply)


def test_a_wrong_account_is_a_difference_that_the_chain_finds(province: Chain) -> None:
    sent_to_bank(province)
    text = RETURNED.decode().replace("|99990000000000000202|", "|99990000000000000203|")
    text = text.replace("|测试乙|", "|测试己|").replace("JZ20240830000001", "JZ20240830000009")
    reply = province.do("bank", "fund.record_result", text.encode(), return_number="R1")
    assert [(one.code, one.field) for one in reply.findings] == [
        ("FUND_RETURN_SLIP", "line.1.slip_number"),
        ("FUND_RETURN_NAME", "line.4.name"),
    ]
    assert batch(province).differences == 1


def test_an_unknown_line_is_recorded_too(province: Chain) -> None:
    sent_to_bank(province)
    text = RETURNED.decode().replace("D|5|", "D|9|")
    province.do("bank", "fund.record_result", text.encode(), return_number="R1")
    assert batch(province).differences == 1
    assert batch(province).state == "sent"


def test_a_return_goes_on_where_the_chain_stands(
    province: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fund_results, "LINES_MAX", 2)
    sent_to_bank(province)
    call = partial(province.prepare, "bank", "fund.record_result", RETURNED, return_number="R1")
    first = call()
    assert methods(first) == ["fund.record_result"] * 3
    province.submit("bank", first.bodies[:1])
    rest = call()
    offsets = [
        RecordFundResultRequest.FromString(body_of(raw).operations[0]).offset for raw in rest.bodies
    ]
    assert offsets == [2, 4]
    assert [one.code for one in province.submit("bank", rest.bodies)] == ["OK", "OK"]
    assert (batch(province).state, batch(province).differences) == ("partly_paid", 0)


def test_a_payment_that_bounces(province: Chain) -> None:
    sent_to_bank(province)
    province.do("bank", "fund.record_result", RETURNED, return_number="R1")
    _, *lines = RETURNED.decode().splitlines()
    bounced = lines[3].split("|")
    bounced[8:] = ["2", "E201", "账户已销户", "", ""]
    header = "H|6131R|YB460000202408300001|999641099991|20240905|1|356.20|0|0.00|1|356.20"
    document = f"{header}\n{'|'.join(bounced)}\n".encode()
    options = {"return_number": "R2", "kind": "bounce"}
    province.do("bank", "fund.record_result", document, **options)
    assert line(province, 4).state == "bounced"
    assert batch(province).differences == 0
    refused(
        province,
        "REQUEST_INVALID",
        partial(province.prepare, "bank", "fund.record_result", RETURNED, **options),
    )


def test_only_the_batchs_bank_learns_what_a_guessed_account_commits_to(province: Chain) -> None:
    call = partial(province.prepare, "bank", "fund.record_result", RETURNED)
    refused(province, "FUND_BATCH_NOT_FOUND", partial(call, return_number="R1"))
    province.do("centre", "fund.submit", SENT)
    refused(province, "FUND_NOT_BANK", partial(call, return_number="R1"))
    other = partial(province.prepare, "centre", "fund.record_result", RETURNED)
    refused(province, "FUND_NOT_BANK", partial(other, return_number="R1"))
    refused(
        province,
        "FUND_FILE_COLUMNS",
        partial(province.prepare, "bank", "fund.record_result", SENT, return_number="R1"),
    )


def test_another_return_begins_at_its_own_beginning(
    province: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fund_results, "LINES_MAX", 2)
    sent_to_bank(province)
    call = partial(province.prepare, "bank", "fund.record_result", RETURNED)
    province.submit("bank", call(return_number="R1").bodies[:1])
    other = call(return_number="R2")
    assert len(other.bodies) == 3
    (receipt, *_) = province.submit("bank", other.bodies[:1])
    assert receipt.code == "FUND_RETURN_OPEN"


AGAIN = "YB460000202409050001"
COMPENSATION = {"original": BATCH, "reason": "户名已更正", "originals": '{"1": 5}'}


def failed_line_again() -> bytes:
    """The file that pays the sample batch's failed line again."""
    head, *_, last = SENT.decode().splitlines()
    columns = last.replace(BATCH, AGAIN).split("|")
    columns[1], columns[3] = "1", "JZ20240905000001"
    line = "|".join(columns)
    top = head.replace(BATCH, AGAIN).replace("|5|19300.75", "|1|48.25")
    return f"{top}\n{line}\n".encode()


def test_failed_lines_are_paid_again_by_a_file(province: Chain) -> None:
    sent_to_bank(province)
    province.do("bank", "fund.record_result", RETURNED, return_number="R1")
    document = failed_line_again()
    reply = province.do("centre", "fund.compensate", document, **COMPENSATION)
    assert methods(reply) == ["fund.compensate", "fund.add_lines"]
    again = batch(province, AGAIN)
    assert (again.state, again.original, again.header.direction) == ("submitted", BATCH, "payout")
    assert line(province, 5).compensated_by == line_key(AGAIN, 1)
    assert not province.prepare("centre", "fund.compensate", document, **COMPENSATION).bodies
    check_nothing_personal(province, reply)


def test_a_compensation_that_was_interrupted_goes_on(province: Chain) -> None:
    sent_to_bank(province)
    province.do("bank", "fund.record_result", RETURNED, return_number="R1")
    call = partial(province.prepare, "centre", "fund.compensate", failed_line_again())
    province.submit("centre", call(**COMPENSATION).bodies[:1])
    assert methods(call(**COMPENSATION)) == ["fund.add_lines"]


def test_a_compensation_names_a_batch_and_lines_that_are_there(province: Chain) -> None:
    call = partial(province.prepare, "centre", "fund.compensate", failed_line_again())
    refused(province, "FUND_BATCH_NOT_FOUND", partial(call, **COMPENSATION))
    sent_to_bank(province)
    for originals in ("[]", '{"1": "x"}', '{"1": 5.0}', '{"2": 5}', '{"1": 5, "2": 5}'):
        options = {**COMPENSATION, "originals": originals}
        refused(province, "REQUEST_INVALID", partial(call, **options))
    (receipt, *_) = province.submit("centre", call(**COMPENSATION).bodies)
    assert receipt.code == "FUND_BATCH_STATE"
