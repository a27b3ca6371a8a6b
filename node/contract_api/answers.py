"""Questions that several leaves answer together, at one height: what is in force on a day, and the
indicative benefit. The contracts' own pure functions decide.
"""

from collections.abc import Callable, Mapping
from typing import Any

from contracts.benefit.calculation import benefit_of
from contracts.benefit.visit import Visit
from contracts.catalogue.records import item_in_force, item_key
from contracts.forms import is_date
from contracts.policy.records import (
    PolicyRecord,
    PolicySeries,
    entry_in_force,
    entry_key,
    series_key,
)
from contracts.publication.region import region_home
from faults import Rejected
from node.codes import REQUEST_INVALID
from node.contract_api.messages import fill, record_of
from node.reader import Reader
from proto.api.benefit_pb2 import CalculateReply, CalculateRequest
from proto.api.catalogue_pb2 import ItemInForceReply, ItemOnDay
from proto.api.policy_pb2 import PolicyOnDay, VersionReply

MATCHES_MAX = 20_000
"""Rows of a hospital's match table in one question: several thousand are usual."""


def policy_on_day(reader: Reader, request: PolicyOnDay) -> VersionReply:
    """The policy version in force, with its leaf's proof; no record when none is."""
    _check_date(request.date)
    height, view = reader.committed()
    series_at = series_key(request.region, request.insured_type)
    series = view.load(PolicySeries, series_at)
    home = region_home(view, request.region)
    entry = None if series is None else entry_in_force(series.entries, home, request.date)
    if entry is None:
        return VersionReply(state=reader.state_at(series_at, height))
    key = entry_key(request.region, request.insured_type, entry)
    reply = VersionReply(state=reader.state_at(key, height))
    record = view.load(PolicyRecord, key)
    if record is not None:
        fill(reply.record, record)
    return reply


def item_on_day(reader: Reader, request: ItemOnDay) -> ItemInForceReply:
    """The version of a catalogue item in force, with the proof of the leaf that holds them all."""
    _check_date(request.date)
    height, view = reader.committed()
    reply = ItemInForceReply(state=reader.state_at(item_key(request.region, request.code), height))
    version = item_in_force(view, request.region, request.code, request.date)
    if version is not None:
        fill(reply.record, version)
    return reply


def calculate(reader: Reader, request: CalculateRequest) -> CalculateReply:
    """The indicative benefit of a visit; Rejected with the calculation's own codes."""
    if len(request.match_table) > MATCHES_MAX:
        raise Rejected(REQUEST_INVALID, field="match_table", reason=f"at most {MATCHES_MAX} rows")
    height, view = reader.committed()
    explanation = benefit_of(view, record_of(Visit, request.visit), request.match_table)
    reply = CalculateReply(height=height, canonical=explanation.to_bytes())
    fill(reply.explanation, explanation)
    return reply


def _check_date(date: str) -> None:
    if not is_date(date):
        raise Rejected(REQUEST_INVALID, field="date", reason="a day as yyyymmdd is expected")


ANSWERS: Mapping[str, Callable[[Reader, Any], Any]] = {
    "policy.GetInForce": policy_on_day,
    "catalogue.GetItemInForce": item_on_day,
    "benefit.Calculate": calculate,
}
