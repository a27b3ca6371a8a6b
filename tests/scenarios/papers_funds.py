"""Payment files (6131) and the bank's return files under numbers that no other scenario has."""

from documents.money import format_fen
from tests.documents.support import edit, sample
from tests.scenarios.papers import fresh_id

SAMPLE_BATCH, SAMPLE_SLIP, SAMPLE_SERIAL = "YB460000202408300001", "JZ20240830", "BK20240830"
TOTAL_FEN, PAID_FEN, FAILED_FEN = 1_930_075, 1_925_250, 4_825
LINES, PAID_LINES = 5, 4
BOUNCED_FEN = 35_620


def fresh_batch() -> str:
    """A batch number that no other scenario has."""
    return fresh_id("YB4600002024")


def payment(batch: str, **changes: str) -> bytes:
    """The sample file of five lines as batch `batch`; `changes` are edits of its texts."""
    return _numbered("6131_460000_20240830_0001.txt", batch, changes)


def bank_return(batch: str, **changes: str) -> bytes:
    """The bank's return of that file: four lines paid, the fifth failed (E102)."""
    return _numbered("6131_460000_20240830_0001_RET.txt", batch, changes)


def bounced(batch: str) -> bytes:
    """The bank's bounce file (退票): the fourth line, paid before, came back."""
    *_, fourth, _ = bank_return(batch).decode().splitlines()
    columns = fourth.split("|")
    columns[8:] = ["2", "E201", "账户已销户", "", ""]
    head = f"H|6131R|{batch}|999641099991|20240905|1|356.20|0|0.00|1|356.20"
    return f"{head}\n{'|'.join(columns)}\n".encode()


def failed_line_again(batch: str) -> bytes:
    """A file that pays the sample's failed line again."""
    head, *_, last = sample("6131_460000_20240830_0001.txt").decode().splitlines()
    columns = last.replace(SAMPLE_BATCH, batch).split("|")
    columns[1], columns[3] = "1", f"JZ{batch[2:]}"
    top = head.replace(SAMPLE_BATCH, batch).replace("|5|19300.75", "|1|48.25")
    return f"{top}\n{'|'.join(columns)}\n".encode()


def failed_line_returned(batch: str) -> bytes:
    """The bank's return of that file: paid now."""
    head = f"H|6131R|{batch}|999641099991|20240906|1|48.25|1|48.25|0|0.00"
    *_, last = sample("6131_460000_20240830_0001_RET.txt").decode().splitlines()
    columns = last.replace(SAMPLE_BATCH, batch).split("|")
    columns[1], columns[3] = "1", f"JZ{batch[2:]}"
    columns[8:] = ["1", "0000", "", f"BK{batch[2:]}", "2024-09-06 10:15:05"]
    return f"{head}\n{'|'.join(columns)}\n".encode()


def hospital_payment(batch: str, amount_fen: int) -> bytes:
    """A file with one line, to the hospital in Haikou."""
    slip, total = f"JZ{batch[2:]}", format_fen(amount_fen)
    head = f"H|6131|{batch}|460000|202408|20240830|99990000000000000001|测试支出户|999641099991"
    line = (
        f"D|1|{batch}|{slip}|2|H46010599901|海口测试综合医院||12460105999999015Q|310|11"
        f"|999641099991|测试银行|99990000000000000101|海口测试综合医院||{total}|QS{batch[2:]}||"
    )
    return f"{head}|1|{total}\n{line}\n".encode()


def hospital_return(batch: str, amount_fen: int) -> bytes:
    """The bank's return of such a file: paid."""
    total = format_fen(amount_fen)
    head = f"H|6131R|{batch}|999641099991|20240902|1|{total}|1|{total}|0|0.00"
    line = (
        f"D|1|{batch}|JZ{batch[2:]}|H46010599901|海口测试综合医院|99990000000000000101|{total}"
        f"|1|0000||BK{batch[2:]}|2024-09-02 10:15:01"
    )
    return f"{head}\n{line}\n".encode()


def _numbered(name: str, batch: str, changes: dict[str, str]) -> bytes:
    raw = sample(name)
    for old, new in (
        (SAMPLE_BATCH, batch),
        (SAMPLE_SLIP, f"JZ{batch[-8:]}"),
        *changes.items(),
    ):
        raw = edit(raw, old, new, count=raw.count(old.encode()))
    return raw
