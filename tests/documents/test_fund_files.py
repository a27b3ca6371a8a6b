"""6131 payment files and the bank's returns: both samples, each mistake, nothing of a person shown.

The samples are one batch: five lines, of which the bank failed the last (E102).
"""

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents import (
    FundFile,
    Layout,
    ReturnFile,
    account_commitment,
    account_salt,
    bar_file,
    codes,
    decode_payload,
    encode_payload,
    fund_file_findings,
    parse_fund_file,
    parse_return_file,
    part_payload,
    person_of,
    return_differences,
    write_fund_file,
    write_return_file,
)
from documents.fund_layout import DETAIL, HEAD, RETURN_DETAIL
from faults import Code, Misuse, Rejected
from tests.documents.support import edit, refused, sample, shows_a_person

SENT = sample("6131_460000_20240830_0001.txt")
RETURNED = sample("6131_460000_20240830_0001_RET.txt")
BATCH = "YB460000202408300001"
SECRET = bytes(range(32))


@pytest.fixture
def sent() -> FundFile:
    return parse_fund_file(SENT)


@pytest.fixture
def answer() -> ReturnFile:
    return parse_return_file(RETURNED)


# ---- the samples


def test_the_payment_file_is_read_and_written_again(sent: FundFile) -> None:
    assert (sent.batch_number, sent.region, sent.period) == (BATCH, "460000", "202408")
    assert (len(sent.lines), sent.total_fen) == (5, 1_930_075)
    assert [line.payee_kind for line in sent.lines] == ["unit"] * 3 + ["person"] * 2
    assert [line.insurance_type for line in sent.lines] == ["310", "310", "390", "310", "390"]
    assert sent.lines[4].linked_account == "9999000000000303"
    assert write_fund_file(sent) == SENT
    assert fund_file_findings(sent) == ()


def test_the_return_is_read_and_written_again(answer: ReturnFile) -> None:
    assert (answer.count, answer.paid_count, answer.failed_fen) == (5, 4, 4_825)
    assert answer.lines[0].posted == "20240902101501"
    assert write_return_file(answer) == RETURNED


def test_the_samples_match_but_for_the_line_that_failed(sent: FundFile, answer: ReturnFile) -> None:
    assert return_differences(sent, answer) == ()
    (failed,) = answer.of("failed")
    assert (failed.number, failed.amount_fen, failed.result_code) == (5, 4_825, "E102")
    assert (failed.bank_serial, failed.posted) == ("", "")
    assert sum(one.amount_fen for one in answer.of("paid")) == answer.paid_fen == 1_925_250


def test_nothing_of_a_payee_is_shown(sent: FundFile, answer: ReturnFile) -> None:
    shown = repr((sent, sent.lines, answer, answer.lines))
    assert not shows_a_person(shown)
    assert "6299990000000000012" not in shown and "综合医院" not in shown


# ---- what a payment file must be


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "element"),
    [
        ("|5|19300.75", "|6|19300.75", codes.FUND_FILE_COUNT, 1, None),
        ("|5|19300.75", "|5|19300.76", codes.FUND_FILE_TOTAL, 1, None),
        ("|1081.80|", "|1081.81|", codes.FUND_FILE_TOTAL, 1, None),
        ("|5|19300.75", "|05|19300.75", codes.ELEMENT_INVALID, 1, "总笔数"),
        ("|5|19300.75", "|5|19300.7", codes.AMOUNT_INVALID, 1, "总金额"),
        ("|5|19300.75", "|5|0.00", codes.AMOUNT_INVALID, 1, "总金额"),
        ("H|6131|", "H|6130|", codes.ELEMENT_INVALID, 1, "文件类型"),
        ("H|6131|", "X|6131|", codes.FUND_FILE_COLUMNS, 1, None),
        (f"6131|{BATCH}", "6131|YB 1", codes.ELEMENT_INVALID, 1, "批次号"),
        (f"D|2|{BATCH}", "D|2|YB460000202408300002", codes.FUND_FILE_BATCH, 3, "批次号"),
        ("D|2|", "D|3|", codes.FUND_FILE_ORDER, 3, "序号"),
        ("D|1|", "D|0|", codes.FUND_FILE_ORDER, 2, "序号"),
        ("D|1|", "D|x|", codes.ELEMENT_INVALID, 2, "序号"),
        ("JZ20240830000002", "JZ20240830000001", codes.FUND_FILE_DUPLICATE, 3, "进账单号"),
        ("JZ20240830000002", "", codes.ELEMENT_INVALID, 3, "进账单号"),
        ("|460000|", "|990000|", codes.IDENTIFIER_INVALID, 1, "机构区划"),
        ("|202408|", "|202413|", codes.ELEMENT_INVALID, 1, "台帐年月"),
        ("|20240830|", "|20240832|", codes.ELEMENT_INVALID, 1, "业务日期"),
        ("|99990000000000000001|", "||", codes.ELEMENT_INVALID, 1, "付款账号"),
        ("支出户|999641099991|", "支出户|99964109999|", codes.ELEMENT_INVALID, 1, "付款行号"),
        ("|2|H46010599901", "|3|H46010599901", codes.ELEMENT_INVALID, 2, "对方类别"),
        ("|12460105999999015Q|", "|12460105999999015P|", codes.IDENTIFIER_INVALID, 2, "证件号"),
        ("医院||12460105", "医院|01|12460105", codes.ELEMENT_INVALID, 2, "证件类型"),
        ("469900195607189985", "469900195607189986", codes.IDENTIFIER_INVALID, 5, "证件号"),
        ("469900195607189985", "469900********9985", codes.IDENTIFIER_INVALID, 5, "证件号"),
        ("测试乙|01|", "测试乙||", codes.ELEMENT_INVALID, 5, "证件类型"),
        ("|310|11|", "||11|", codes.ELEMENT_INVALID, 2, "险种"),
        ("|310|11|", "|310||", codes.ELEMENT_INVALID, 2, "业务类别"),
        ("|6299990000000000012|", "|629999 0012|", codes.ELEMENT_INVALID, 5, "收款账号"),
        ("|6299990000000000012|", "|６２９９９９００|", codes.ELEMENT_INVALID, 5, "收款账号"),
        ("|1081.80|", "|1,081.80|", codes.AMOUNT_INVALID, 2, "金额"),
        ("|1081.80|", "|-1081.80|", codes.AMOUNT_INVALID, 2, "金额"),
        ("|1081.80|", "|1081.8|", codes.AMOUNT_INVALID, 2, "金额"),
        ("|1081.80|", "|01081.80|", codes.AMOUNT_INVALID, 2, "金额"),
        ("|1081.80|", "|1.0818E3|", codes.AMOUNT_INVALID, 2, "金额"),
        ("|1081.80|", "|0.00|", codes.AMOUNT_INVALID, 2, "金额"),
        ("|医保基金拨付|", "|医保|基金拨付|", codes.FUND_FILE_COLUMNS, 2, None),
        ("|医保基金拨付|\n", "|医保基金拨付\n", codes.FUND_FILE_COLUMNS, 2, None),
        ("|医保基金拨付|\n", "|医保基金拨付||\n", codes.FUND_FILE_COLUMNS, 2, None),
        ("测试综合医院|", "测试\x00综合医院|", codes.ELEMENT_INVALID, 2, "名称"),
        ("测试综合医院|", "测试\t综合医院|", codes.ELEMENT_INVALID, 2, "名称"),
        ("测试综合医院|", "测试\u202e综合医院|", codes.ELEMENT_INVALID, 2, "名称"),
        ("测试综合医院|", "测试综合医院\u200b|", codes.ELEMENT_INVALID, 2, "名称"),
        ("海口测试综合医院|", " 海口测试综合医院|", codes.ELEMENT_INVALID, 2, "名称"),
        ("测试综合医院|", "e\u0301医院|", codes.ELEMENT_INVALID, 2, "名称"),
        ("测试综合医院|", f"{'医' * 201}|", codes.ELEMENT_INVALID, 2, "名称"),
        ("海口测试综合医院||1246", "||1246", codes.ELEMENT_INVALID, 2, "名称"),
        ("|医保基金拨付|\n", "|医保基金拨付|\r\n", codes.FUND_FILE_LINE_END, None, None),
        ("\nD|2|", "\n\nD|2|", codes.FUND_FILE_COLUMNS, 3, None),
    ],
)
def test_a_wrong_payment_file_is_refused_with_its_line(
    old: str, new: str, code: Code, line: int | None, element: str | None
) -> None:
    rejected = refused(code, lambda: parse_fund_file(edit(SENT, old, new)), element)
    if line is not None:
        assert rejected.fields["line"] == str(line)


def test_a_crlf_in_an_lf_file_is_named_before_its_columns() -> None:
    rejected = refused(
        codes.FUND_FILE_LINE_END, lambda: parse_fund_file(SENT.replace(b"\n", b"\r\n"))
    )
    assert rejected.fields["line"] == "1"
    crlf = Layout(line_end="\r\n")
    raw = SENT.replace(b"\n", b"\r\n")
    assert write_fund_file(parse_fund_file(raw, crlf), crlf) == raw
    refused(codes.FUND_FILE_LINE_END, lambda: parse_fund_file(SENT, crlf))


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", codes.FUND_FILE_LINE_END),
        (SENT[:-1], codes.FUND_FILE_LINE_END),
        (SENT[:-20], codes.FUND_FILE_LINE_END),
        (SENT.split(b"\n")[0] + b"\n", codes.FUND_FILE_COUNT),
        (b"\n", codes.FUND_FILE_COLUMNS),
        (SENT + b"\n", codes.FUND_FILE_COLUMNS),
        (b"\xef\xbb\xbf" + SENT, codes.DOCUMENT_ENCODING),
        (SENT.decode().encode("gb18030"), codes.DOCUMENT_ENCODING),
        (SENT.decode().encode("utf-16"), codes.DOCUMENT_ENCODING),
        (SENT + b"\xff\n", codes.DOCUMENT_ENCODING),
        (SENT + b"D|" + b"9" * 5000 + b"\n", codes.DOCUMENT_TOO_LARGE),
    ],
    ids=["empty", "no end", "cut", "head only", "blank", "blank at end", "bom", "gb18030",
         "utf-16", "bad byte", "long line"],
)  # fmt: skip
def test_what_is_no_payment_file(raw: bytes, code: Code) -> None:
    refused(code, lambda: parse_fund_file(raw))


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", codes.FUND_FILE_LINE_END),
        (RETURNED[:-1], codes.FUND_FILE_LINE_END),
        (RETURNED.replace(b"\n", b"\r\n"), codes.FUND_FILE_LINE_END),
        (RETURNED.decode().encode("gb18030"), codes.DOCUMENT_ENCODING),
        (RETURNED + b"D|1\n", codes.FUND_FILE_COLUMNS),
        (SENT, codes.FUND_FILE_COLUMNS),
    ],
    ids=["empty", "no end", "crlf", "gb18030", "short line", "payment file"],
)
def test_what_is_no_return(raw: bytes, code: Code) -> None:
    refused(code, lambda: parse_return_file(raw))


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bar_file, "MAX_LINES", 5)
    assert len(parse_fund_file(SENT).lines) == 5
    monkeypatch.setattr(bar_file, "MAX_LINES", 4)
    refused(codes.DOCUMENT_TOO_LARGE, lambda: parse_fund_file(SENT))
    monkeypatch.setattr(bar_file, "MAX_FILE_BYTES", len(SENT) - 1)
    refused(codes.DOCUMENT_TOO_LARGE, lambda: parse_fund_file(SENT))


def test_a_bank_may_want_other_columns_first(sent: FundFile) -> None:
    layout = Layout(head=(HEAD[0], *reversed(HEAD[1:])), detail=DETAIL[::-1])
    raw = write_fund_file(sent, layout)
    assert raw.split(b"\n")[1].endswith(b"|1")
    assert parse_fund_file(raw, layout) == sent
    refused(codes.FUND_FILE_BATCH, lambda: parse_fund_file(raw))


@pytest.mark.parametrize(
    "changes",
    [
        {"detail": DETAIL[1:]},
        {"detail": (*DETAIL[1:], DETAIL[1])},
        {"head": HEAD[::-1]},
        {"return_detail": (*RETURN_DETAIL, "备注")},
        {"line_end": "\r"},
    ],
)
def test_a_layout_orders_the_known_columns(changes: dict[str, str]) -> None:
    with pytest.raises(Misuse):
        Layout(**changes)  # type: ignore[arg-type]


def test_what_would_not_be_read_again_is_not_written(sent: FundFile, answer: ReturnFile) -> None:
    first = sent.lines[0]
    for change in ({"name": "a|b"}, {"name": " a"}, {"amount_fen": 1}, {"slip_number": "x\n"}):
        lines = (replace(first, **change), *sent.lines[1:])
        with pytest.raises(Rejected):
            write_fund_file(replace(sent, lines=lines))
    with pytest.raises(Rejected):
        write_return_file(replace(answer, bank_number="1"))


def test_odd_payees_are_found(sent: FundFile) -> None:
    raw = edit(SENT, "6299990000000000020|测试丙", "6299990000000000021|测试甲")
    found = fund_file_findings(parse_fund_file(raw))
    assert [(one.code, one.grade, one.field) for one in found] == [
        ("FUND_ACCOUNT_NAME", "warn", "line.5.account_name"),
        ("FUND_ACCOUNT_CHECK", "warn", "line.5.account"),
    ]
    assert not shows_a_person(repr(found))
    wide = edit(
        SENT, "99990000000000000101|海口测试综合医院", "99990000000000000101|海口　测试综合医院"
    )
    assert fund_file_findings(parse_fund_file(wide)) == ()


# ---- what a return must be, and what is only a difference


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "element"),
    [
        ("H|6131R|", "H|6131|", codes.ELEMENT_INVALID, 1, "文件类型"),
        ("|20240902|", "|20240931|", codes.ELEMENT_INVALID, 1, "回盘日期"),
        ("|4|19252.50|", "|4|19252.5|", codes.AMOUNT_INVALID, 1, "成功金额"),
        ("|4|19252.50|", "|-4|19252.50|", codes.ELEMENT_INVALID, 1, "成功笔数"),
        (f"D|2|{BATCH}", "D|2|YB1", codes.FUND_FILE_BATCH, 3, "批次号"),
        ("D|2|", "D|0|", codes.ELEMENT_INVALID, 3, "序号"),
        ("|1|0000||BK2024083000000001|", "|3|0000||BK1|", codes.ELEMENT_INVALID, 2, "支付标志"),
        ("|1|0000||BK2024083000000001|", "|1|0000|||", codes.ELEMENT_INVALID, 2, "银行流水"),
        ("2024-09-02 10:15:01", "", codes.ELEMENT_INVALID, 2, "入账时间"),
        ("2024-09-02 10:15:01", "20240902101501", codes.ELEMENT_INVALID, 2, "入账时间"),
        ("2024-09-02 10:15:01", "2024-09-31 10:15:01", codes.ELEMENT_INVALID, 2, "入账时间"),
        ("|2|E102|", "|2||", codes.ELEMENT_INVALID, 6, "结果码"),
        ("|1081.80|", "|1081.80元|", codes.AMOUNT_INVALID, 2, "金额"),
        ("账户户名不符|", "账户户名\x1f不符|", codes.ELEMENT_INVALID, 6, "结果说明"),
        ("|测试丙|", "||", codes.ELEMENT_INVALID, 6, "名称"),
    ],
)
def test_a_malformed_return_is_refused_with_its_line(
    old: str, new: str, code: Code, line: int, element: str
) -> None:
    rejected = refused(code, lambda: parse_return_file(edit(RETURNED, old, new)), element)
    assert rejected.fields["line"] == str(line)


def line_of(number: int) -> str:
    return RETURNED.decode().split("\n")[number] + "\n"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("|5|19300.75|", "|5|19300.76|", ["TOTAL error total_fen", "SUMS error total_fen"]),
        ("|5|19300.75|", "|6|19300.75|", ["COUNT error count", "SUMS error count"]),
        ("|4|19252.50|", "|4|19252.49|", ["SUMS error paid_fen"]),
        ("|1|48.25\n", "|2|48.25\n", ["SUMS error failed_count"]),
        ("|999641099991|", "|999641099992|", ["BANK warn bank_number"]),
        (
            "|1081.80|",
            "|1081.79|",
            ["SUMS error total_fen", "SUMS error paid_fen", "AMOUNT error line.1.amount_fen"],
        ),
        ("|6299990000000000012|", "|6299990000000000020|", ["ACCOUNT error line.4.account"]),
        ("JZ20240830000003", "JZ20240830000009", ["SLIP error line.3.slip_number"]),
        ("9900000002|测试乙", "9900000009|测试乙", ["PAYEE error line.4.payee_code"]),
        ("|海口测试综合医院|", "|海口测试医院|", ["NAME warn line.1.name"]),
        ("|海口测试综合医院|", "|海口　测试综合医院|", []),
        (
            line_of(3),
            "",
            ["SUMS error count", "SUMS error total_fen", "SUMS error paid_count",
             "SUMS error paid_fen", "LINE_MISSING error line.3"],
        ),
        (
            "D|3|",
            "D|9|",
            ["LINE_UNKNOWN error line.9", "LINE_MISSING error line.3"],
        ),
        (
            line_of(5),
            line_of(5) * 2,
            ["SUMS error count", "SUMS error total_fen", "SUMS error failed_count",
             "SUMS error failed_fen", "LINE_REPEATED warn line.5"],
        ),
        (
            line_of(2),
            line_of(2) + line_of(2).replace("|1|0000||BK2024083000000002|2024-09-02 10:15:02",
                                            "|2|E9|||"),
            ["SUMS error count", "SUMS error total_fen", "SUMS error failed_count",
             "SUMS error failed_fen", "LINE_CONTRADICTS error line.2"],
        ),
    ],
)  # fmt: skip
def test_every_difference_is_named(old: str, new: str, expected: list[str], sent: FundFile) -> None:
    found = return_differences(sent, parse_return_file(edit(RETURNED, old, new)))
    assert [f"{one.code} {one.grade} {one.field}" for one in found] == [
        f"FUND_RETURN_{one}" for one in expected
    ]
    assert not shows_a_person(repr(found))


def test_a_return_of_another_batch_is_a_difference(sent: FundFile, answer: ReturnFile) -> None:
    found = return_differences(sent, replace(answer, batch_number="YB9"))
    assert [one.code for one in found] == ["FUND_RETURN_BATCH"]


# ---- what goes to the ledger


def test_a_part_holds_its_payees_and_shows_its_sums(sent: FundFile) -> None:
    payload = part_payload(sent, 4, 2, SECRET)
    assert payload.public == {
        "batch_number": BATCH,
        "first": "4",
        "line_count": "2",
        "total_fen": "40445",
    }
    assert payload.private["line.4.account_number"] == "6299990000000000012"
    assert payload.document == b"".join(one + b"\n" for one in SENT.split(b"\n")[4:6])
    assert decode_payload(encode_payload(payload)) == payload
    assert not shows_a_person(repr(payload))
    assert person_of(payload.form).is_identified is False


@pytest.mark.parametrize(("first", "count"), [(0, 1), (1, 0), (1, 6), (6, 1), (1, 1001)])
def test_a_part_is_in_the_file(sent: FundFile, first: int, count: int) -> None:
    refused(codes.FUND_FILE_COUNT, lambda: part_payload(sent, first, count, SECRET))


@pytest.mark.slow
def test_a_thousand_lines_fit_one_operation_and_ten_thousand_one_file(sent: FundFile) -> None:
    lines = tuple(
        replace(sent.lines[index % 5], number=index + 1, slip_number=f"JZ{index:014d}")
        for index in range(10_000)
    )
    total = sum(line.amount_fen for line in lines)
    big = replace(sent, lines=lines, total_fen=total)
    assert parse_fund_file(write_fund_file(big)) == big
    payload = part_payload(big, 9_001, 1_000, SECRET)
    rows = list(payload.form.rows("line"))
    assert (len(rows), len(payload.private)) == (1_000, 1_001)
    assert rows[3]["name"] == "测试乙"
    # 150 bytes a line are public (tests/contracts/fund), and an operation holds 1 MiB.
    assert len(encode_payload(payload)) + 150 * 1_000 < 1 << 20


def test_an_account_is_compared_under_its_lines_salt_only() -> None:
    salt = account_salt(SECRET, BATCH, 4)
    assert len(salt) == 16
    commitment = account_commitment(salt, "6299990000000000012")
    assert commitment == account_commitment(account_salt(SECRET, BATCH, 4), "6299990000000000012")
    others = {
        account_commitment(account_salt(SECRET, BATCH, 5), "6299990000000000012"),
        account_commitment(account_salt(SECRET, "YB2", 4), "6299990000000000012"),
        account_commitment(account_salt(bytes(32), BATCH, 4), "6299990000000000012"),
        account_commitment(salt, "6299990000000000020"),
    }
    assert len(others) == 4 and commitment not in others
    with pytest.raises(Misuse):
        account_salt(b"short", BATCH, 1)


# ---- whatever the bytes

FRAGMENTS = (
    b"|", b"||", b"\n", b"\r\n", b"\x00", b"\xff", b"H|", b"D|", b"-", b"0", b"00", b"1e9", b".5",
    "１".encode(), "\u202e".encode(), b" ", b"9" * 300,
    b"D|1|YB460000202408300001|", b"\xef\xbb\xbf",
)  # fmt: skip
EDITS = st.lists(
    st.tuples(
        st.integers(0, 1 << 12),
        st.integers(0, 40),
        st.one_of(st.sampled_from(FRAGMENTS), st.binary(max_size=6)),
    ),
    min_size=1,
    max_size=3,
)


@given(EDITS, st.sampled_from((SENT, RETURNED)))
@settings(max_examples=300, deadline=None)
def test_a_file_is_refused_or_read_as_it_is_written(
    edits: list[tuple[int, int, bytes]], raw: bytes
) -> None:
    for at, length, new in edits:
        start = at % (len(raw) + 1)
        raw = raw[:start] + new + raw[start + length :]
    try:
        with contextlib.suppress(Rejected):
            assert write_return_file(parse_return_file(raw)) == raw
        assert write_fund_file(parse_fund_file(raw)) == raw
    except Rejected as rejected:
        assert not shows_a_person(str(rejected))
