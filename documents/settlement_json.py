"""Medical-insurance settlements: request and reply of 2207/2304, their reversal 2208/2305,
and the reply of a query (5261) in its variant spelling, to settlement/1.

Accepts what the real interface sends: "" and null for "not given", a number or a string for
every amount, infcode 0 or "0". Identities between amounts are findings (documents.findings),
never a refusal.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from crypto import sm3
from documents.codes import (
    AMOUNT_SIGN,
    DOCUMENT_TOO_LARGE,
    ELEMENT_DUPLICATED,
    ELEMENT_INVALID,
    ELEMENT_MISSING,
    IDENTIFIER_INVALID,
    SETTLEMENT_FAILED,
    SETTLEMENT_KIND,
    SETTLEMENT_PAIR,
)
from documents.forms import MAX_PATH, SETTLEMENT, StandardForm, make_form
from documents.identifiers import (
    is_division,
    is_institution_code,
    is_masked,
    is_resident_id,
    looks_like_resident_id,
)
from documents.institutions import InstitutionTable
from documents.json_strict import (
    JsonObject,
    JsonValue,
    object_at,
    objects_at,
    parse_json_object,
    scalar_text,
)
from documents.money import canonical_quantity, parse_fen
from documents.settlement_fields import (
    ALIASES,
    AMOUNTS,
    BALANCES,
    BILL,
    FEE_AMOUNTS,
    FEE_QUANTITIES,
    FUND_ROW,
    KINDS_OF_PAYMENT,
    OPTIONAL_AMOUNTS,
    PERSON,
    PUBLIC_AMOUNTS,
    QUERIES,
    RATIOS,
    REQUEST_AMOUNTS,
    REVERSALS,
    SETTLEMENTS,
)
from documents.text import canonical_date, canonical_moment
from faults import Rejected

_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,63}")
_CODE = re.compile(r"[0-9A-Za-z]{0,6}")
_SETLINFO = "response.output.setlinfo"
_KNOWN_TOP = ("_note", "request", "response", "feedetail", "billinfo", "diseinfo", "oprninfo")


@dataclass(frozen=True, repr=False)
class Settlement:
    """A parsed settlement or reversal: its standard form and the original bytes."""

    form: StandardForm
    document: bytes

    def __repr__(self) -> str:
        return f"<Settlement {self.settlement_id}>"

    @property
    def settlement_id(self) -> str:
        """The id of this settlement, or of the refund record when it is a reversal."""
        return self.form.public["settlement_id"]

    @property
    def is_reversal(self) -> bool:
        """Whether it takes back another settlement, which it then names."""
        return self.form.public["color"] == "red"


@dataclass
class _Parts:
    """The message taken apart, aliases resolved."""

    kind: str  # the transaction number, "" for a reply without its request
    request: JsonObject
    data: JsonObject
    info: JsonObject
    public: dict[str, str] = field(default_factory=dict)
    private: dict[str, str] = field(default_factory=dict)


def parse_settlement(raw: bytes, institutions: InstitutionTable | None = None) -> Settlement:
    """A settlement, a reversal or a query's reply from its JSON bytes.

    With `institutions` the public form also carries the institution's unified social credit
    code. Rejected: the limits of documents.json_strict; SETTLEMENT_FAILED, SETTLEMENT_KIND,
    SETTLEMENT_PAIR; ELEMENT_MISSING, ELEMENT_DUPLICATED, ELEMENT_INVALID, AMOUNT_INVALID,
    AMOUNT_SIGN or IDENTIFIER_INVALID naming the element. Nothing else is ever raised for any
    bytes.
    """
    message = parse_json_object(raw)
    parts = _take_apart(message)
    amounts = _read_amounts(parts)
    _read_info(parts)
    _read_request(parts)
    _read_rows(message, parts)
    _read_bill(message, parts)
    _keep_extra(message, parts)
    _set_identity(parts)
    _set_amounts(parts, amounts)
    _set_institution(parts, institutions)
    parts.private["document.sm3"] = sm3(raw).hex()
    private = {path: value for path, value in parts.private.items() if value}
    return Settlement(make_form(SETTLEMENT, parts.public, private), raw)


def _take_apart(message: JsonObject) -> _Parts:
    request = _resolved(object_at(message, "request", "request"), "request")
    response = object_at(message, "response", "response")
    if not response:
        raise Rejected(ELEMENT_MISSING, element="response")
    if scalar_text(response.get("infcode"), "response.infcode") != "0":
        raise Rejected(SETTLEMENT_FAILED, element="response.infcode")
    output = object_at(response, "output", "response.output")
    info = _resolved(object_at(output, "setlinfo", _SETLINFO), _SETLINFO)
    if not info:
        raise Rejected(ELEMENT_MISSING, element=_SETLINFO)
    given_input = object_at(request, "input", "request.input")
    data = _resolved(object_at(given_input, "data", "request.input.data"), "request.input.data")
    kind = scalar_text(request.get("infno"), "request.infno")
    if kind not in (*SETTLEMENTS, *REVERSALS, *QUERIES) and request:
        raise Rejected(SETTLEMENT_KIND, element="request.infno")
    if kind not in REVERSALS and _text(info, "refd_setl_flag", _SETLINFO) == "1":
        raise Rejected(SETTLEMENT_KIND, element=f"{_SETLINFO}.refd_setl_flag")
    return _Parts(kind, request, data, info)


def _resolved(given: JsonObject, element: str) -> JsonObject:
    """The object with aliases replaced. Two spellings with different values are refused."""
    found: JsonObject = {}
    for key, value in given.items():
        name = ALIASES.get(key, key)
        if value in (None, "") and name in found:
            continue
        if found.get(name) not in (None, "", value):
            raise Rejected(ELEMENT_DUPLICATED, element=f"{element}.{name}")
        found[name] = value
    return found


def _text(parent: JsonObject, key: str, element: str) -> str:
    return scalar_text(parent.get(key), f"{element}.{key}")


def _identifier(parent: JsonObject, key: str, element: str) -> str:
    text = _text(parent, key, element)
    if text and _ID.fullmatch(text) is None:
        raise Rejected(ELEMENT_INVALID, element=f"{element}.{key}", reason="form")
    return text


def _fen(parent: JsonObject, key: str, element: str) -> int | None:
    path = f"{element}.{key}"
    return parse_fen(scalar_text(parent.get(key), path), path)


def _read_amounts(parts: _Parts) -> dict[str, int]:
    """The amounts given, by element. A reversal's are negative whatever sign the reply chose."""
    found = {}
    for name in AMOUNTS:
        fen = _fen(parts.info, name, _SETLINFO)
        if fen is not None:
            found[name] = fen
    if "medfee_sumamt" not in found:
        raise Rejected(ELEMENT_MISSING, element=f"{_SETLINFO}.medfee_sumamt")
    if parts.kind in REVERSALS and found["medfee_sumamt"] > 0:
        found = {name: -fen for name, fen in found.items()}
        parts.private["sign_normalised"] = "1"
    for name, fen in found.items():
        parts.private[f"amount.{name}_fen"] = str(fen)
    return found


def _read_info(parts: _Parts) -> None:
    for key, value in parts.info.items():
        path = f"{_SETLINFO}.{key}"
        if key in AMOUNTS:
            continue
        if key in BALANCES:
            fen = _fen(parts.info, key, _SETLINFO)
            parts.private[f"amount.{key}_fen"] = "" if fen is None else str(fen)
        elif key in RATIOS:
            text = canonical_quantity(scalar_text(value, path), path)
            parts.private[f"setl.{key}"] = text
        elif key in PERSON:
            parts.private[PERSON[key]] = _person_text(key, scalar_text(value, path), path)
        elif not isinstance(value, dict | list):
            _keep(parts, f"setl.{key}", scalar_text(value, path))
    _check_certificate(parts.private)


def _person_text(key: str, text: str, path: str) -> str:
    if key == "brdy":
        return canonical_date(text, path)
    if key == "age":
        return canonical_quantity(text, path)
    return text


def _check_certificate(private: Mapping[str, str]) -> None:
    number = private.get("person.id_number", "")
    if private.get("person.id_type", "") not in ("", "01") or is_masked(number):
        return
    if looks_like_resident_id(number) and not is_resident_id(number):
        raise Rejected(IDENTIFIER_INVALID, element=f"{_SETLINFO}.certno", reason="resident id")


def _read_request(parts: _Parts) -> None:
    for key, value in parts.request.items():
        if not isinstance(value, dict | list):
            _keep(parts, f"request.{key}", scalar_text(value, f"request.{key}"))
    for key, value in parts.data.items():
        path = f"request.input.data.{key}"
        if key in REQUEST_AMOUNTS:
            fen = parse_fen(scalar_text(value, path), path)
            parts.private[f"request.data.{key}_fen"] = "" if fen is None else str(fen)
        elif not isinstance(value, dict | list):
            _keep(parts, f"request.data.{key}", scalar_text(value, path))
    for key in ("psn_no", "mdtrt_id"):
        asked = _text(parts.data, key, "request.input.data")
        answered = _text(parts.info, key, _SETLINFO)
        if asked and answered and asked != answered:
            raise Rejected(SETTLEMENT_PAIR, element=key)
    if parts.data.get("psn_no") and not parts.private.get("person.psn_no"):
        parts.private["person.psn_no"] = _text(parts.data, "psn_no", "request.input.data")


def _read_rows(message: JsonObject, parts: _Parts) -> None:
    output = object_at(object_at(message, "response", "response"), "output", "response.output")
    path = "response.output.setldetail"
    sign = -1 if parts.private.get("sign_normalised") else 1
    for index, row in enumerate(objects_at(output, "setldetail", path), 1):
        for key, name in FUND_ROW.items():
            shown = f"{path}[{index}].{key}"
            text = scalar_text(row.get(key), shown)
            if name.endswith("_fen"):
                fen = parse_fen(text, shown)
                text = "" if fen is None else str(sign * fen)
            parts.private[f"fund.{index}.{name}"] = text
        for key, value in row.items():
            if key not in FUND_ROW:
                _keep(parts, f"fund.{index}.extra.{key}", _flat(value, f"{path}[{index}]"))
    for index, row in enumerate(objects_at(message, "feedetail", "feedetail"), 1):
        _read_fee(parts, index, row)
    for name, source in (("diagnosis", "diseinfo"), ("operation", "oprninfo")):
        for index, row in enumerate(objects_at(message, source, source), 1):
            for key, value in row.items():
                _keep(parts, f"{name}.{index}.{key}", _flat(value, f"{source}[{index}]"))


def _read_fee(parts: _Parts, index: int, row: JsonObject) -> None:
    for key, value in row.items():
        shown = f"feedetail[{index}]"
        if key in FEE_AMOUNTS:
            fen = parse_fen(scalar_text(value, f"{shown}.{key}"), f"{shown}.{key}")
            parts.private[f"fee.{index}.{key}_fen"] = "" if fen is None else str(fen)
        elif key in FEE_QUANTITIES:
            text = scalar_text(value, f"{shown}.{key}")
            parts.private[f"fee.{index}.{key}"] = canonical_quantity(text, f"{shown}.{key}")
        else:
            _keep(parts, f"fee.{index}.{key}", _flat(value, shown))
    # The visit is said once; the row of a different visit does not belong here.
    visit = _text(row, "mdtrt_id", f"feedetail[{index}]")
    if visit and visit != _text(parts.info, "mdtrt_id", _SETLINFO):
        raise Rejected(SETTLEMENT_PAIR, element=f"feedetail[{index}].mdtrt_id")
    parts.private.pop(f"fee.{index}.mdtrt_id", None)


def _read_bill(message: JsonObject, parts: _Parts) -> None:
    bill = object_at(message, "billinfo", "billinfo")
    code = _text(bill, "bill_code", "billinfo")
    number = _text(bill, "bill_no", "billinfo")
    if bool(code) != bool(number):
        missing = "bill_no" if code else "bill_code"
        raise Rejected(ELEMENT_MISSING, element=f"billinfo.{missing}")
    if code and re.fullmatch("[0-9]{8}", code) is None:
        raise Rejected(ELEMENT_INVALID, element="billinfo.bill_code", reason="form")
    if number and re.fullmatch("[0-9]{10}", number) is None:
        raise Rejected(ELEMENT_INVALID, element="billinfo.bill_no", reason="form")
    parts.public.update({"bill.code": code, "bill.number": number})
    fen = _fen(bill, "bill_amt", "billinfo")
    parts.private["bill.amount_fen"] = "" if fen is None else str(fen)
    for key, path in BILL.items():
        parts.private[path] = _text(bill, key, "billinfo")
    parts.private["bill.date"] = canonical_date(parts.private["bill.date"], "billinfo.bill_date")


def _keep_extra(message: JsonObject, parts: _Parts) -> None:
    """What no table names, under "extra.<path>": whole members, and nested values of known ones."""
    sources: tuple[tuple[str, JsonObject, tuple[str, ...]], ...] = (
        ("", message, _KNOWN_TOP),
        ("request.", parts.request, ("input",)),
        ("request.input.", object_at(parts.request, "input", "request.input"), ("data",)),
        ("request.input.data.", parts.data, ()),
        ("response.", object_at(message, "response", "response"), ("output",)),
        ("response.output.setlinfo.", parts.info, ()),
    )
    for prefix, parent, known in sources:
        for key, value in parent.items():
            is_top = prefix in ("", "response.", "request.input.")
            if key not in known and (is_top or isinstance(value, dict | list)):
                for path, text in _flatten(value, f"{prefix}{key}"):
                    _keep(parts, f"extra.{path}", text)
    bill = object_at(message, "billinfo", "billinfo")
    for key, value in bill.items():
        if key not in (*BILL, "bill_code", "bill_no", "bill_amt"):
            _keep(parts, f"bill.{key}", _flat(value, "billinfo"))


def _flatten(value: JsonValue, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _flatten(member, f"{path}.{key}")
    elif isinstance(value, list):
        for index, member in enumerate(value, 1):
            yield from _flatten(member, f"{path}.{index}")
    elif isinstance(value, bool):
        yield path, str(value).lower()
    else:
        yield path, scalar_text(value, "unknown element")


def _flat(value: JsonValue, element: str) -> str:
    if isinstance(value, dict | list):
        raise Rejected(ELEMENT_INVALID, element=element, reason="text or number expected")
    return str(value).lower() if isinstance(value, bool) else scalar_text(value, element)


def _keep(parts: _Parts, path: str, text: str) -> None:
    """Keep a value under a path made from the sender's own key; empty values are left out."""
    if not text:
        return
    if len(path.encode()) > MAX_PATH:
        raise Rejected(DOCUMENT_TOO_LARGE, limit=MAX_PATH, reason="path of an unknown element")
    # "_fen" marks the amounts this room has read: a sender's key may not pass for one.
    if path in parts.private or path in parts.public or path.endswith("_fen"):
        raise Rejected(ELEMENT_DUPLICATED, element="unknown element")
    parts.private[path] = text


def _set_identity(parts: _Parts) -> None:
    public, info = parts.public, parts.info
    public["settlement_id"] = _identifier(info, "setl_id", _SETLINFO)
    if not public["settlement_id"]:
        raise Rejected(ELEMENT_MISSING, element=f"{_SETLINFO}.setl_id")
    public["original.settlement_id"] = ""
    public["color"] = "blue"
    if parts.kind in REVERSALS:
        # The reply may carry either id; only the request surely names the reversed settlement.
        original = _identifier(parts.data, "setl_id", "request.input.data")
        if not original:
            raise Rejected(ELEMENT_MISSING, element="request.input.data.setl_id")
        public.update({"original.settlement_id": original, "color": "red"})
    moment = canonical_moment(_text(info, "setl_time", _SETLINFO), f"{_SETLINFO}.setl_time")
    if not moment:
        raise Rejected(ELEMENT_MISSING, element=f"{_SETLINFO}.setl_time")
    public["settled_date"] = moment[:8]
    parts.private["setl.setl_time"] = moment
    insurance = _text(info, "insutype", _SETLINFO) or _text(
        parts.data, "insutype", "request.input.data"
    )
    if _CODE.fullmatch(insurance) is None:
        raise Rejected(ELEMENT_INVALID, element=f"{_SETLINFO}.insutype", reason="form")
    public["insurance_type"] = insurance
    parts.private.pop("setl.insutype", None)
    parts.private.pop("setl.setl_id", None)


def _set_amounts(parts: _Parts, amounts: Mapping[str, int]) -> None:
    public, absent = parts.public, []
    for path, name in PUBLIC_AMOUNTS.items():
        public[path] = str(amounts.get(name, 0))
        if name not in amounts and path not in OPTIONAL_AMOUNTS:
            absent.append(path)
    funds = amounts.get("fund_pay_sumamt")
    if funds is None:
        absent.append("fund_total_fen")
        funds = amounts.get("hifp_pay", 0)
    public["fund_total_fen"] = str(funds)
    public["other_fund_fen"] = str(funds - amounts.get("hifp_pay", 0))
    public["selfpay_fen"] = str(_selfpay(amounts, funds))
    public["account_fen"] = str(amounts.get("acct_pay", 0) + _shared_beside(public, amounts))
    if parts.public["color"] == "blue":
        for path in ("total_fen", "fund_total_fen", "account_fen", "cash_fen"):
            if int(public[path]) < 0:
                raise Rejected(AMOUNT_SIGN, element=path)
    if absent:
        parts.private["absent"] = ",".join(absent)


def _shared_beside(public: Mapping[str, str], amounts: Mapping[str, int]) -> int:
    """What a family's shared account (共济) paid beside acct_pay, in fen; 0 where it is inside.

    Which of the two a province does, its sums tell: with it the kinds make up the total.
    """
    shared = amounts.get("acct_mulaid_pay", 0)
    kinds = sum(int(public[path]) for path in KINDS_OF_PAYMENT)
    return shared if kinds + shared == int(public["total_fen"]) else 0


def _selfpay(amounts: Mapping[str, int], funds: int) -> int:
    """What the person bears inside the policy (个人自付), in fen.

    As given by a settlement list (4101 psn_selfpay), else the person's share without the full own
    expense and what is over the price limit. The share is what funds and hospital leave over of the
    total: psn_part_amt, which should be the same, is 0 in real records.
    """
    if "psn_selfpay" in amounts:
        return amounts["psn_selfpay"]
    left = amounts["medfee_sumamt"] - funds - amounts.get("hosp_part_amt", 0)
    outside = amounts.get("fulamt_ownpay_amt", 0) + amounts.get("overlmt_selfpay", 0)
    return left - outside


def _set_institution(parts: _Parts, institutions: InstitutionTable | None) -> None:
    code = _text(parts.info, "fixmedins_code", _SETLINFO)
    if not code and parts.kind not in QUERIES:  # whoever asks about it need not have made it
        code = _text(parts.request, "fixmedins_code", "request")
    issued_by = _text(parts.info, "medins_setl_id", _SETLINFO)[:12]
    if not code and is_institution_code(issued_by):
        code = issued_by  # an institution's settlement id begins with its code
    if code and not is_institution_code(code):
        raise Rejected(IDENTIFIER_INVALID, element="fixmedins_code", reason="institution")
    known = institutions.by_code(code) if institutions is not None and code else None
    region = _division(parts.request, "mdtrtarea_admvs")
    insured = _division(parts.request, "insuplc_admdvs")
    parts.public["institution_code"] = code
    parts.public["institution_uscc"] = known.uscc if known is not None else ""
    parts.public["region"] = region
    parts.public["insured_region"] = insured
    is_remote = bool(region and insured and region != insured)
    parts.public["settlement_type"] = "remote" if is_remote else "local"


def _division(request: JsonObject, key: str) -> str:
    text = _text(request, key, "request")
    if text and not is_division(text):
        raise Rejected(IDENTIFIER_INVALID, element=f"request.{key}", reason="division")
    return text
