"""The elements of a settlement and what kind of value each has; spellings that differ between
versions.

Names are those of the national interface (FORMATS 2.2–2.5): they stay as they are in the
private paths, so that a reader of the specification finds them again. Amounts get the suffix
"_fen".
"""

from collections.abc import Mapping

# Transaction numbers of the interface.
SETTLEMENTS = ("2207", "2304")
REVERSALS = ("2208", "2305")
QUERIES = ("5203", "5261")

# Spellings seen in replies, and the name of the specification they stand for.
ALIASES: Mapping[str, str] = {
    "cert_no": "certno",
    "inscp_amt": "inscp_scp_amt",
    "insuplc_admvs": "insuplc_admdvs",
    "mdtrtarea_admdvs": "mdtrtarea_admvs",
    "med_fee_sumamt": "medfee_sumamt",
    "othfund_pay": "oth_pay",
    "pdn_cash_pay": "psn_cash_pay",
    "prese_ifpay_amt": "preselfpay_amt",
    "psnCash_pay": "psn_cash_pay",
}

# Person elements of `setlinfo` and their private paths.
PERSON: Mapping[str, str] = {
    "psn_name": "person.name",
    "psn_cert_type": "person.id_type",
    "certno": "person.id_number",
    "psn_no": "person.psn_no",
    "gend": "person.gender",
    "naty": "person.nation",
    "brdy": "person.birth_date",
    "age": "person.age",
    "psn_type": "person.type",
}

# Money elements: private path "amount.<name>_fen". A reversal carries them negative.
AMOUNTS = (
    "medfee_sumamt",
    "fulamt_ownpay_amt",
    "overlmt_selfpay",
    "preselfpay_amt",
    "inscp_scp_amt",
    "act_pay_dedc",
    "hifp_pay",
    "cvlserv_pay",
    "hifes_pay",
    "hifmi_pay",
    "hifob_pay",
    "hifdm_pay",
    "maf_pay",
    "oth_pay",
    "fund_pay_sumamt",
    "psn_part_amt",
    "acct_pay",
    "psn_cash_pay",
    "hosp_part_amt",
    "acct_mulaid_pay",
    "psn_selfpay",
    "psn_ownpay",
    "wallet_pay",
    "credit_pay",
)
# A balance after the settlement is not a part of it, so a reversal does not negate it.
BALANCES = ("balc",)
RATIOS = ("pool_prop_selfpay",)

FUND_ROW: Mapping[str, str] = {
    "fund_pay_type": "type",
    "fund_pay_type_name": "name",
    "setl_proc_info": "process",
    "inscp_scp_amt": "inscp_scp_amt_fen",
    "crt_payb_lmt_amt": "limit_fen",
    "fund_payamt": "amount_fen",
}
FEE_AMOUNTS = (
    "det_item_fee_sumamt",
    "fulamt_ownpay_amt",
    "overlmt_amt",
    "preselfpay_amt",
    "inscp_scp_amt",
)
FEE_QUANTITIES = ("cnt", "pric", "pric_uplmt_amt", "selfpay_prop", "prd_days")

# Amounts of the request that the reply repeats.
REQUEST_AMOUNTS = (
    "medfee_sumamt",
    "fulamt_ownpay_amt",
    "overlmt_selfpay",
    "preselfpay_amt",
    "inscp_scp_amt",
)

BILL: Mapping[str, str] = {
    "biz_sn": "bill.biz_sn",
    "bill_chkcode": "bill.check_code",
    "bill_date": "bill.date",
}

# Which amount stands at which public path. wallet_pay and credit_pay have no published element
# name: they are ours, to be aliased to the deployment's.
PUBLIC_AMOUNTS: Mapping[str, str] = {
    "total_fen": "medfee_sumamt",
    "pooled_fund_fen": "hifp_pay",
    "account_fen": "acct_pay",
    "cash_fen": "psn_cash_pay",
    "wallet_fen": "wallet_pay",
    "credit_fen": "credit_pay",
    "hospital_fen": "hosp_part_amt",
}
# What a total is split into.
KINDS_OF_PAYMENT = (
    "fund_total_fen",
    "account_fen",
    "cash_fen",
    "wallet_fen",
    "credit_fen",
    "hospital_fen",
)
# Left out by most versions, so that their absence is not worth a finding.
OPTIONAL_AMOUNTS = ("wallet_fen", "credit_fen", "hospital_fen")
