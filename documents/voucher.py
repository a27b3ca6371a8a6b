"""The electronic settlement voucher (电子结算凭证, 4901), made of a settlement and its bill."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from crypto import sm3
from documents.codes import VOUCHER_MISMATCH
from documents.forms import EBILL, SETTLEMENT, VOUCHER, StandardForm, make_form
from documents.money import format_fen
from faults import Rejected

# 4901 names of mid_bsw_bill_mdtrt_info and where their value stands: private or public path.
_FROM_BILL: Mapping[str, str] = {
    "BILL_CODE": "code",
    "BILL_NO": "number",
    "BILL_CHKCODE": "check_code",
    "BILLER": "handler",
    "RECHKER": "checker",
    "BILL_DATE": "issue_date",
    "BILL_TIME": "issue_time",
    "IPT_OTP_NO": "patient_number",
    "MEDRCDNO": "case_number",
    "REL_ELEC_SETL_CERT_CODE": "blue.code",
    "REL_ELEC_SETL_CERT_NO": "blue.number",
    "BEGNTIME": "admission_date",
    "ENDTIME": "discharge_date",
}
_FROM_SETTLEMENT: Mapping[str, str] = {
    "SETL_ID": "settlement_id",
    "CERT_NO": "person.id_number",
    "PSN_NAME": "person.name",
    "GEND": "person.gender",
    "HI_NO": "person.psn_no",
    "INSUTYPE": "insurance_type",
    "FIXMEDINS_CODE": "institution_code",
    "FIXMEDINS_NAME": "request.fixmedins_name",
    "FIX_BLNG_ADMDVS": "region",
    "MED_TYPE": "setl.med_type",
}
_AMOUNTS_FROM_SETTLEMENT: Mapping[str, str] = {
    "MEDFEE_AMT": "total_fen",
    "HIFP_PAY_AMT": "pooled_fund_fen",
    "OTH_PAY": "other_fund_fen",
    "PSN_ACCT_PAY": "account_fen",
    "PSN_CASH_PAY": "cash_fen",
    "PSN_SELFPAY": "selfpay_fen",
}
_FEE: Mapping[str, str] = {
    "FEE_OCUR_TIME": "fee_ocur_time",
    "CNT": "cnt",
    "PRIC": "pric",
    "MED_CHRGITM_TYPE": "med_chrgitm_type",
    "MEDLIST_CODG": "med_list_codg",
    "MEDLIST_NAME": "medins_list_name",
    "SPEC": "spec",
    "CHRGITM_LV": "chrgitm_lv",
    "HOSP_APPR_FLAG": "hosp_appr_flag",
}


@dataclass(frozen=True, repr=False)
class Voucher:
    """A voucher: its standard form and the canonical JSON document it stands for."""

    form: StandardForm
    document: bytes

    def __repr__(self) -> str:
        return f"<Voucher {self.form.public['settlement_id']}>"

    @property
    def is_red(self) -> bool:
        """Whether it cancels another voucher."""
        return self.form.private.get("voucher.elec_setl_cert_flag") == "1"


def build_voucher(settlement: StandardForm, bill: StandardForm) -> Voucher:
    """The voucher of a settlement and its bill, both blue or both red.

    Rejected VOUCHER_MISMATCH when they do not name each other (a link only one side knows is
    enough), differ in colour, or neither names the other.
    """
    _check_pair(settlement, bill)
    head = _head(settlement, bill)
    rows = {
        "mid_bsw_diag_info": [_upper(row) for row in settlement.rows("diagnosis")],
        "mid_bsw_fee_detl": [_fee(row) for row in settlement.rows("fee")],
        "mid_bsw_oprn_info": [_upper(row) for row in settlement.rows("operation")],
    }
    counts = {
        "DIAG_INFO_COUNT": str(len(rows["mid_bsw_diag_info"])),
        "FEE_DETL_COUNT": str(len(rows["mid_bsw_fee_detl"])),
        "OPRN_INFO_COUNT": str(len(rows["mid_bsw_oprn_info"])),
    }
    head.update(counts)
    document = _canonical_json({"mid_bsw_bill_mdtrt_info": head, **rows})
    public = {
        "settlement_id": settlement.public["settlement_id"],
        "bill.code": bill.public["code"],
        "bill.number": bill.public["number"],
        "bill_amount_fen": bill.public["total_fen"],
        "fund_fen": settlement.public["pooled_fund_fen"],
        "account_fen": settlement.public["account_fen"],
        "cash_fen": settlement.public["cash_fen"],
        "diagnosis_count": counts["DIAG_INFO_COUNT"],
        "fee_count": counts["FEE_DETL_COUNT"],
        "operation_count": counts["OPRN_INFO_COUNT"],
    }
    private = {f"voucher.{name.lower()}": value for name, value in head.items() if value}
    private["document.sm3"] = sm3(document).hex()
    return Voucher(make_form(VOUCHER, public, private), document)


def _check_pair(settlement: StandardForm, bill: StandardForm) -> None:
    if settlement.schema != SETTLEMENT or bill.schema != EBILL:
        raise Rejected(VOUCHER_MISMATCH, reason="schema")
    if settlement.public["color"] != bill.public["color"]:
        raise Rejected(VOUCHER_MISMATCH, reason="color")
    ids = (settlement.public["settlement_id"], settlement.public["original.settlement_id"])
    named = bill.public["settlement_id"]
    if named and named not in ids:
        raise Rejected(VOUCHER_MISMATCH, reason="settlement_id")
    key = (settlement.public["bill.code"], settlement.public["bill.number"])
    if any(key) and key != (bill.public["code"], bill.public["number"]):
        raise Rejected(VOUCHER_MISMATCH, reason="bill")
    if not named and not any(key):
        raise Rejected(VOUCHER_MISMATCH, reason="unlinked")


def _head(settlement: StandardForm, bill: StandardForm) -> dict[str, str]:
    head = {name: _value(bill, path) for name, path in _FROM_BILL.items()}
    head.update({name: _value(settlement, path) for name, path in _FROM_SETTLEMENT.items()})
    for name, path in _AMOUNTS_FROM_SETTLEMENT.items():
        head[name] = format_fen(settlement.fen(path))
    own = settlement.private_fen("amount.fulamt_ownpay_amt_fen")
    over = settlement.private_fen("amount.overlmt_selfpay_fen")
    head["PSN_OWNPAY"] = (
        "" if own is None and over is None else format_fen((own or 0) + (over or 0))
    )
    head["BILL_AMT"] = format_fen(bill.fen("total_fen"))
    head["SETL_TYPE"] = "1"
    head["MDTRT_TYPE"] = "2" if bill.public["kind"] == "inpatient" else "1"
    head["ELEC_SETL_CERT_FLAG"] = "1" if bill.public["color"] == "red" else "0"
    return head


def _value(form: StandardForm, path: str) -> str:
    return form.public[path] if path in form.public else form.private.get(path, "")


def _fee(row: Mapping[str, str]) -> dict[str, str]:
    fee = {name: row.get(key, "") for name, key in _FEE.items()}
    amount = row.get("det_item_fee_sumamt_fen", "")
    fee["DETITEM_FEE_SUMAMT"] = format_fen(int(amount)) if amount else ""
    return fee


def _upper(row: Mapping[str, str]) -> dict[str, str]:
    return {name.upper(): value for name, value in row.items()}


def _canonical_json(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()
