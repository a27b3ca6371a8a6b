"""When a filing holds and which two filings contradict each other."""

from contracts.filing.codes import FILING_KIND, FILING_PERIOD, FILING_REGION
from contracts.forms import FilingFields
from faults import Rejected
from ledger.records import Record

DAY_MS = 86_400_000
CHINA_OFFSET_MS = 8 * 3_600_000
OPEN_END_MS = 2**53
"""End of a filing that holds until it is revoked."""

REFERRAL = "referral"
KINDS = (
    "resettled_retiree",  # 异地安置退休人员
    "long_term_resident",  # 异地长期居住人员
    "posted_worker",  # 常驻异地工作人员
    REFERRAL,  # 异地转诊人员
    "emergency",  # 异地急诊抢救人员
    "temporary",  # 其他临时外出就医人员
)


class Period(Record, frozen=True, kw_only=True):
    """From the first millisecond to just before `to_ms`, in block time."""

    from_ms: int
    to_ms: int

    def meets(self, other: "Period") -> bool:
        """Whether the two have an instant in common."""
        return self.from_ms < other.to_ms and other.from_ms < self.to_ms


def day_start_ms(date: str) -> int:
    """The instant at which the day yyyymmdd begins in China (UTC+8)."""
    year, month, day = int(date[:4]), int(date[4:6]), int(date[6:])
    # Years counted from March, so that the leap day is a year's last (civil days, Hinnant).
    shifted = year - (month <= 2)
    month_from_march = (month + 9) % 12
    day_of_year = (153 * month_from_march + 2) // 5 + day - 1
    leap_days = shifted // 4 - shifted // 100 + shifted // 400
    days = shifted * 365 + leap_days + day_of_year - 719_468
    return days * DAY_MS - CHINA_OFFSET_MS


def period_of(fields: FilingFields) -> Period:
    """The filing's period; both days named belong to it. Rejected(FILING_PERIOD) when empty."""
    from_ms = day_start_ms(fields.begin_date)
    to_ms = day_start_ms(fields.end_date) + DAY_MS if fields.end_date else OPEN_END_MS
    if to_ms <= from_ms:
        raise Rejected(FILING_PERIOD, begin=fields.begin_date, end=fields.end_date)
    return Period(from_ms=from_ms, to_ms=to_ms)


def regions_meet(one: str, other: str) -> bool:
    """Whether a region holds the other: 460000 holds 460100, and 460100 holds 460105."""
    return one.startswith(_stem(other)) or other.startswith(_stem(one))


def check_fields(fields: FilingFields) -> None:
    """Raise Rejected FILING_KIND or FILING_REGION unless kind and regions make a filing."""
    if fields.kind not in KINDS:
        raise Rejected(FILING_KIND, field="kind", expected=", ".join(KINDS))
    if fields.kind == REFERRAL and not fields.institution_code:
        raise Rejected(FILING_KIND, field="institution_code", kind=REFERRAL)
    if regions_meet(fields.insured_region, fields.treatment_region):
        raise Rejected(FILING_REGION, field="treatment_region")


def _stem(region: str) -> str:
    if region.endswith("0000"):
        return region[:2]
    return region[:4] if region.endswith("00") else region
