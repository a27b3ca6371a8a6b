"""From the 6131 file to the chain and from the bank's return back: the samples go the whole way."""

from dataclasses import replace

import pytest

from contracts.fund.line_form import settlements_head
from documents import (
    FundFile,
    ReturnFile,
    account_commitment,
    account_salt,
    parse_fund_file,
    parse_return_file,
    part_payload,
    return_differences,
)
from ledger.commitment import commit_form
from proto import fund_pb2 as fund
from tests.contracts.fund.desk import Desk, header, returned, sending, statement
from tests.documents.support import PERSONAL, sample

SECRET = bytes(range(32))
SENT = sample("6131_460000_20240830_0001.txt")
RETURNED = sample("6131_460000_20240830_0001_RET.txt")
CLEARED = ("S1", "S2")  # the settlements that the file's first line pays


def commitment(file: FundFile, number: int, account: str) -> bytes:
    return account_commitment(account_salt(SECRET, file.batch_number, number), account)


def lines_of(file: FundFile) -> list[fund.FundLine]:
    made = []
    for one in file.lines:
        ids = CLEARED if one.number == 1 else ()
        made.append(
            fund.FundLine(
                number=one.number,
                slip_number=one.slip_number,
                payee_kind=one.payee_kind,
                institution_code=one.payee_code if one.payee_kind == "unit" else "",
                insurance_type=one.insurance_type,
                category=one.category,
                amount_fen=one.amount_fen,
                account_commitment=commitment(file, one.number, one.account_number),
                settlement_count=len(ids),
                settlements_head=settlements_head(ids),
                settlement_ids=ids,
            )
        )
    return made


def submit(desk: Desk, file: FundFile) -> None:
    for settlement_id, fen in zip(CLEARED, (100_000, 8_180), strict=True):
        kinds = {"total_fen": fen, "pooled_fund_fen": fen, "fund_total_fen": fen}
        rest = {"account_fen": 0, "cash_fen": 0, "selfpay_fen": 0}
        desk.settle(0, settlement_id=settlement_id, **kinds, **rest)
    lines = lines_of(file)
    head = header(
        file.batch_number,
        lines,
        period=file.period,
        business_date=file.business_date,
        region=file.region,
    )
    desk.chain.ok("centre", "fund.submit", fund.SubmitFundBatchRequest(header=head))
    for first, count in ((1, 3), (4, 2)):
        plain = part_payload(file, first, count, SECRET)
        committed = commit_form(plain.schema, plain.public, plain.private, SECRET)
        request = fund.AddFundLinesRequest(
            batch_number=file.batch_number,
            lines=lines[first - 1 : first - 1 + count],
            form=committed.to_form(),
            payload=desk.chain.payload(),
        )
        desk.chain.ok("centre", "fund.add_lines", request)
        assert desk.line(first, file.batch_number).pcommit == committed.pcommit


def answers_of(sent: FundFile, file: ReturnFile) -> fund.RecordFundResultRequest:
    answers = [
        fund.FundReturnLine(
            number=one.number,
            amount_fen=one.amount_fen,
            result=one.result,
            result_code=one.result_code,
            account_commitment=commitment(sent, one.number, one.account_number),
            bank_serial=one.bank_serial,
            posted=one.posted,
        )
        for one in file.lines
    ]
    return returned(
        file.batch_number,
        answers,
        returned_date=file.returned_date,
        count=file.count,
        total_fen=file.total_fen,
        paid_count=file.paid_count,
        paid_fen=file.paid_fen,
        failed_count=file.failed_count,
        failed_fen=file.failed_fen,
    )


@pytest.fixture
def sent() -> FundFile:
    return parse_fund_file(SENT)


@pytest.fixture
def desk(sent: FundFile) -> Desk:
    made = Desk()
    submit(made, sent)
    made.accept(sent.batch_number)
    made.chain.ok("centre", "fund.send", sending(sent.batch_number))
    return made


def test_the_samples_go_the_whole_way(desk: Desk, sent: FundFile) -> None:
    number = sent.batch_number
    request = answers_of(sent, parse_return_file(RETURNED))
    desk.chain.ok("bank", "fund.record_result", request)
    batch = desk.batch(number)
    assert (batch.state, batch.paid_fen, batch.failed_fen) == ("partly_paid", 1_925_250, 4_825)
    assert (batch.differences, desk.line(5, number).result_code) == (0, "E102")
    assert (desk.summary("390").paid_fen, desk.summary("390").failed_fen) == (453_750, 4_825)
    desk.chain.ok("centre", "fund.reconcile", statement(number, 4, 1_925_250))
    assert desk.batch(number).state == "reconciled"
    desk.check_traces(number)


def test_no_payee_is_in_clear_on_the_chain(desk: Desk, sent: FundFile) -> None:
    request = answers_of(sent, parse_return_file(RETURNED))
    desk.chain.ok("bank", "fund.record_result", request)
    secrets = [one.account_number for one in sent.lines] + [one.name for one in sent.lines]
    kept = [*desk.chain.state.values(), *(raw for _, raw in desk.chain.events)]
    for value in (*PERSONAL, *secrets):
        assert not [raw for raw in kept if value.encode() in raw]


def test_chain_and_file_find_the_same_differences(desk: Desk, sent: FundFile) -> None:
    answer = parse_return_file(RETURNED)
    first, second, *rest = answer.lines
    wrong = replace(
        answer,
        lines=(
            replace(first, amount_fen=first.amount_fen + 1),
            replace(second, account_number="99990000000000000202"),
            *rest,
            replace(second, number=9),
            second,
        ),
    )
    off_chain = return_differences(sent, wrong)
    desk.chain.ok("bank", "fund.record_result", answers_of(sent, wrong))
    on_chain = desk.differences(sent.batch_number)
    assert sorted(on_chain) == sorted(
        (one.code, one.grade, one.field)
        for one in off_chain
        # What only an opened file shows is not the chain's to find.
        if one.code not in ("FUND_RETURN_SLIP", "FUND_RETURN_PAYEE", "FUND_RETURN_NAME")
    )
    assert {code for code, _, _ in on_chain} == {
        "FUND_RETURN_AMOUNT",
        "FUND_RETURN_ACCOUNT",
        "FUND_RETURN_LINE_UNKNOWN",
        "FUND_RETURN_LINE_REPEATED",
        "FUND_RETURN_SUMS",
    }
