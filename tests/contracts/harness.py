"""Chains in memory for the tests of contracts: identities, forms, transactions, packets.

All is the real room but the proofs of packets: `Network` lets a chain read its peer's state where a
light client would check a certificate. The tests of the bridge prove for real.



"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from google.protobuf.message import Message

from contracts.account import AccountRecord, account_key
from contracts.bill.record import BillRecord, bill_key
from contracts.bridge import closing, inbox
from contracts.bridge.records import PENDING, OutboxEntry
from contracts.framework import BlockContext
from contracts.registry import OperationResult, apply_transaction, initial_state
from contracts.state_view import StateView
from crypto.suites import suite
from ledger.commitment import commit_form
from ledger.genesis import Genesis, GenesisChannel, GenesisIdentity, GenesisValidator
from ledger.packet import Packet
from ledger.records import Record, decode
from ledger.trace import Event, decode_event, head_of
from ledger.transaction import ParsedTransaction
from proto import contracts_pb2 as pb
from proto import reimbursement_pb2 as reimbursement_pb
from proto.transaction_pb2 import (
    CommittedForm,
    Endorsement,
    Finding,
    SealedPayload,
    TxBody,
    WrappedKey,
)

FINANCE, PROVINCE, NATIONAL = "yl-finance", "yl-province", "yl-national"
START_MS = 1_724_000_000_000
HOUR_MS = 3_600_000
PURPOSE = "reimbursement"

R = TypeVar("R", bound=Record)


def key_bytes(name: str) -> bytes:
    """A 65-byte stand-in for a public key: nothing here verifies signatures."""
    return b"\x04" + name.encode().ljust(64, b".")


# name -> (organisation, roles); the same people on every chain keep the tests short.
PEOPLE: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "finance": ("org-finance", ("finance",)),
    "bureau": ("org-bureau", ("bureau",)),
    "agency_a": ("org-agency-a", ("agency",)),
    "agency_b": ("org-agency-b", ("agency",)),
    "hospital": ("org-hospital", ("hospital",)),
    "custodian": ("org-bureau", ("custodian",)),
    "insurer": ("org-insurer", ("insurer",)),
    "archivist": ("org-archive", ("archive",)),
    "centre": ("org-centre", ("fund",)),
    "other_insurer": ("org-other-insurer", ("insurer",)),
    "auditor": ("org-audit", ("auditor",)),
    "router": ("org-router", ("router",)),
    "governor": ("org-governance", ("governance",)),
    "second_governor": ("org-governance", ("governance",)),
}


def genesis(chain_id: str, suite_name: str, channels: Iterable[GenesisChannel] = ()) -> Genesis:
    return Genesis(
        chain_id=chain_id,
        suite=suite_name,
        time_ms=START_MS,
        org="org-bureau",
        validators=(GenesisValidator(public_key=key_bytes("validator").hex(), power=1),),
        identities=tuple(
            GenesisIdentity(
                public_key=key_bytes(name).hex(), org=org, roles=roles, label="test desk"
            )
            for name, (org, roles) in PEOPLE.items()
        ),
        channels=tuple(channels),
    )


def channel(
    name: str, peer: str, peer_suite: str, operations: str, *, home: bool
) -> GenesisChannel:
    return GenesisChannel(
        id=name,
        peer_chain=peer,
        peer_suite=peer_suite,
        peer_genesis_hash="00" * 32,
        peer_validators=(GenesisValidator(public_key=key_bytes("validator").hex(), power=1),),
        peer_router_key=key_bytes("envelope").hex(),
        operations=dict.fromkeys(operations.split(), "L3"),
        home=home,
    )


@dataclass
class Chain:
    """One chain's state and clock."""

    chain_id: str = FINANCE
    suite_name: str = "intl"
    channels: tuple[GenesisChannel, ...] = ()
    height: int = 0
    time_ms: int = START_MS
    state: dict[str, bytes] = field(default_factory=dict)
    events: list[tuple[str, bytes]] = field(default_factory=list)
    writes: Mapping[str, bytes | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.state = initial_state(genesis(self.chain_id, self.suite_name, self.channels))

    def get(self, key: str) -> bytes | None:
        return self.state.get(key)

    def parsed(
        self,
        signer: bytes,
        name: str,
        operations: Iterable[bytes],
        endorsers: Iterable[str] = (),
        all_or_nothing: bool = False,
    ) -> ParsedTransaction:
        contract, method = name.split(".")
        body = TxBody(
            chain_id=self.chain_id,
            contract=contract,
            method=method,
            operations=list(operations),
            signer=signer,
            nonce=self.height.to_bytes(16, "big"),
            last_height=self.height + 100,
            all_or_nothing=all_or_nothing,
            endorsements=[Endorsement(public_key=key_bytes(one)) for one in endorsers],
        )
        raw_body = body.SerializeToString(deterministic=True)
        tx_hash = suite(self.suite_name).hash(raw_body)
        return ParsedTransaction(
            body=body, raw=b"", raw_body=raw_body, signature=bytes(64), hash=tx_hash
        )

    def apply(self, parsed: ParsedTransaction) -> tuple[list[OperationResult], StateView]:
        view = StateView(self)
        block = BlockContext(self.chain_id, suite(self.suite_name), self.height, self.time_ms)
        return apply_transaction(view, block, parsed), view

    def call_raw(
        self, who: str, name: str, *operations: bytes, **more: Any
    ) -> list[OperationResult]:
        self.height += 1
        self.time_ms += 1000
        results, view = self.apply(self.parsed(key_bytes(who), name, operations, **more))
        self.writes = view.writes()
        for key, value in self.writes.items():
            if value is None:
                self.state.pop(key, None)
            else:
                self.state[key] = value
        for result in results:
            self.events.extend(result.events)
        return results

    def call(
        self, who: str, name: str, request: Message, endorsers: Iterable[str] = ()
    ) -> OperationResult:
        raw = request.SerializeToString(deterministic=True)
        return self.call_raw(who, name, raw, endorsers=endorsers)[0]

    def ok(
        self, who: str, name: str, request: Message, endorsers: Iterable[str] = ()
    ) -> OperationResult:
        result = self.call(who, name, request, endorsers)
        assert (result.code, dict(result.fields)) == ("OK", {})
        return result

    def refused(self, who: str, name: str, request: Message, code: str) -> OperationResult:
        result = self.call(who, name, request)
        assert result.code == code, result.fields
        return result

    def load(self, cls: type[R], key: str) -> R:
        return decode(cls, self.state[key])

    def bill(self, number: int = 1) -> BillRecord:
        return self.load(BillRecord, bill_name(number))

    def trace(self, key: str) -> list[Event]:
        return [decode_event(raw) for object_key, raw in self.events if object_key == key]

    def check_trace(self, key: str, count: int, head: bytes) -> None:
        """The record's head is that of all events seen: the trace is complete."""
        raw = [event for object_key, event in self.events if object_key == key]
        assert [decode_event(one).index for one in raw] == list(range(len(raw)))
        assert (count, head) == (len(raw), head_of(suite(self.suite_name).hash, raw))

    # ---- what tests ask for again and again
    def open_account(self, number: int = 1) -> str:
        account_id = f"{number:032x}"
        self.ok(
            "custodian",
            "account.open",
            pb.OpenAccountRequest(
                account_id=account_id,
                public_key=person_key(number),
                insured_type="310",
                id_type="01",
            ),
        )
        return account_id

    def account(self, account_id: str) -> AccountRecord:
        return self.load(AccountRecord, account_key(account_id))

    def payload(self, account: int = 0) -> SealedPayload:
        return payload(self.suite_name, account)

    def issue(
        self, number: int = 1, /, *, account: int = 0, who: str = "finance", **fields: Any
    ) -> None:
        self.ok(who, "bill.issue_blue", self.blue(number, account=account, **fields))

    def blue(self, number: int = 1, /, *, account: int = 0, **fields: Any) -> pb.IssueBlueRequest:
        findings = fields.pop("findings", ())
        return pb.IssueBlueRequest(
            form=bill_form(number, **fields),
            payload=self.payload(account),
            account_id=f"{account:032x}" if account else "",
            findings=findings,
        )

    def red(self, number: int = 1, /, *, account: int = 0, **fields: Any) -> pb.IssueRedRequest:
        return pb.IssueRedRequest(form=red_form(number, **fields), payload=self.payload(account))

    def lock(self, number: int = 1, hours: int = 1) -> pb.LockRequest:
        return pb.LockRequest(
            bill=bill_ref(number), purpose=PURPOSE, expires_ms=self.time_ms + hours * HOUR_MS
        )


def seconds(chain: Chain) -> tuple[str, ...]:
    """Who endorses what a majority decides: nobody where the governor's organisation is alone."""
    return ("gov_b",) if f"identity/{key_bytes('gov_b').hex()}" in chain.state else ()


def bill_ref(number: int) -> pb.BillKey:
    return pb.BillKey(code="46060124", number=f"{number:010d}")


def bill_name(number: int) -> str:
    return bill_key("46060124", f"{number:010d}")


def unlock(number: int = 1, reason: str = "") -> pb.UnlockRequest:
    return pb.UnlockRequest(bill=bill_ref(number), reason=reason)


def enter(number: int = 1, amount_fen: int = 10_000) -> pb.EnterRequest:
    return pb.EnterRequest(bill=bill_ref(number), amount_fen=amount_fen, voucher_number="PZ-1")


def reverse_entry(number: int = 1) -> pb.ReverseEntryRequest:
    return pb.ReverseEntryRequest(bill=bill_ref(number), reason="entered by mistake")


def print_bill(number: int = 1, paper: int = 7, **changes: Any) -> reimbursement_pb.PrintRequest:
    own = {"paper_code": "46060199", "paper_number": f"{paper:010d}", "printed_date": "20240820"}
    return reimbursement_pb.PrintRequest(bill=bill_ref(number), **{**own, **changes})


def cancel_print(
    number: int = 1, paper: int = 7, **changes: Any
) -> reimbursement_pb.CancelPrintRequest:
    own = {"paper_code": "46060199", "paper_number": f"{paper:010d}", "reason": "returned"}
    return reimbursement_pb.CancelPrintRequest(bill=bill_ref(number), **{**own, **changes})


def person_key(number: int) -> bytes:
    return key_bytes(f"person-{number}")


def payload(suite_name: str, account: int = 0) -> SealedPayload:
    recipient = person_key(account) if account else key_bytes("custodian-box")
    return SealedPayload(
        suite=suite_name,
        ciphertext=b"c" * 64,
        keys=[WrappedKey(compartment="full", recipient=recipient, wrapped=b"w" * 96)],
    )


# Forms by commitment: what a router would open from the envelope.
FORMS: dict[bytes, CommittedForm] = {}


def form(schema: str, public: Mapping[str, str | int]) -> CommittedForm:
    texts = {path: str(value) for path, value in public.items()}
    committed = commit_form(schema, texts, {"payer.name": "测试甲"}, b"s" * 32)
    FORMS[committed.pcommit] = committed.to_form()
    return committed.to_form()


BILL_FIELDS: Mapping[str, str | int] = {
    "issue_date": "20240816",
    "business_date": "20240816",
    "kind": "outpatient",
    "issuer_code": "12460000TEST000001",
    "settlement_id": "",
    "color": "blue",
    "blue.code": "",
    "blue.number": "",
    "total_fen": 23140,
    "fund_fen": 11544,
    "other_fund_fen": 0,
    "account_fen": 10000,
    "cash_fen": 1596,
}
BILL_AMOUNTS = ("total_fen", "fund_fen", "other_fund_fen", "account_fen", "cash_fen")


def changed(fields: Mapping[str, str | int], changes: Mapping[str, Any]) -> dict[str, str | int]:
    """`total_fen=1` and `blue__code="…"` as keyword changes of a form's paths."""
    return {**fields, **{path.replace("__", "."): value for path, value in changes.items()}}


def bill_fields(number: int, /, **changes: Any) -> dict[str, str | int]:
    own = {"code": "46060124", "number": f"{number:010d}"}
    return changed({**BILL_FIELDS, **own}, changes)


def bill_form(number: int, /, **changes: Any) -> CommittedForm:
    return form("ebill/1", bill_fields(number, **changes))


def red_number(number: int) -> int:
    return number + 900


def red_form(number: int, /, **changes: Any) -> CommittedForm:
    """The red bill that mirrors bill `number`."""
    blue = bill_fields(number)
    mirrored = {path: -int(blue[path]) for path in BILL_AMOUNTS}
    red = {
        **blue,
        **mirrored,
        "number": f"{red_number(number):010d}",
        "color": "red",
        "blue.code": "46060124",
        "blue.number": f"{number:010d}",
    }
    return form("ebill/1", changed(red, changes))


SETTLEMENT_FIELDS: Mapping[str, str | int] = {
    "settlement_id": "300000900001",
    "settlement_type": "local",
    "settled_date": "20240816",
    "institution_code": "H46010599901",
    "institution_uscc": "12460000TEST000001",
    "insurance_type": "310",
    "color": "blue",
    "original.settlement_id": "",
    "bill.code": "46060124",
    "bill.number": "0000000001",
    "region": "460100",
    "insured_region": "460100",
    "total_fen": 23140,
    "pooled_fund_fen": 11544,
    "other_fund_fen": 0,
    "fund_total_fen": 11544,
    "account_fen": 10000,
    "cash_fen": 1596,
    "wallet_fen": 0,
    "credit_fen": 0,
    "hospital_fen": 0,
    "selfpay_fen": 10096,
}


def settlement_form(**changes: Any) -> CommittedForm:
    return form("settlement/1", changed(SETTLEMENT_FIELDS, changes))


def reversal_form(**changes: Any) -> CommittedForm:
    mirrored = {
        path: -int(value) for path, value in SETTLEMENT_FIELDS.items() if path.endswith("_fen")
    }
    own = {
        "settlement_id": "300000900091",
        "original.settlement_id": "300000900001",
        "color": "red",
    }
    return form("settlement/1", changed({**SETTLEMENT_FIELDS, **mirrored, **own}, changes))


VOUCHER_FIELDS: Mapping[str, str | int] = {
    "settlement_id": "300000900001",
    "bill.code": "46060124",
    "bill.number": "0000000001",
    "bill_amount_fen": 23140,
    "fund_fen": 11544,
    "account_fen": 10000,
    "cash_fen": 1596,
    "diagnosis_count": 1,
    "fee_count": 7,
    "operation_count": 0,
}


def voucher_form(**changes: Any) -> CommittedForm:
    return form("voucher/1", changed(VOUCHER_FIELDS, changes))


def finding(code: str, grade: str, path: str = "total_fen") -> Finding:
    return Finding(code=code, grade=grade, field=path, detail="total_fen=1 sum_fen=2")


BILL_OPERATIONS = (
    "BILL_BLUE BILL_RED BILL_PRINT BILL_PRINT_CANCEL LOCK UNLOCK ENTRY ENTRY_REVERSAL"
    " AUTHORIZATION AUTHORIZATION_REVOCATION"
)
REPORTS = (
    "SETTLEMENT_REPORT SETTLEMENT_REVERSAL VOUCHER_REPORT REIMBURSEMENT_APPLY REIMBURSEMENT_REPORT"
)


class Network:
    """Finance (home of the bills), a province and the national chain, joined by channels."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        to_province = channel("fp", PROVINCE, "gm", BILL_OPERATIONS, home=False)
        to_finance = channel("fp", FINANCE, "intl", BILL_OPERATIONS, home=True)
        to_national = channel("pn", NATIONAL, "gm", REPORTS, home=False)
        from_national = channel("pn", PROVINCE, "gm", REPORTS, home=False)
        self.finance = Chain(FINANCE, "intl", (to_province,))
        self.province = Chain(PROVINCE, "gm", (to_finance, to_national))
        self.national = Chain(NATIONAL, "gm", (from_national,))
        self.chains = {
            chain.chain_id: chain for chain in (self.finance, self.province, self.national)
        }

        def read_peer(ctx: Any, route: Any, proof: bytes, key: str) -> bytes:
            return self.chains[route.peer_chain].state[key]

        monkeypatch.setattr(inbox, "prove", read_peer)
        monkeypatch.setattr(closing, "prove", read_peer)

    def pending(self, source: Chain) -> list[tuple[str, OutboxEntry]]:
        """The packets a chain has sent that no receipt has closed, in order."""
        entries = [
            (key, decode(OutboxEntry, raw))
            for key, raw in sorted(source.state.items())
            if key.startswith("bridge/out/")
        ]
        return [(key, entry) for key, entry in entries if entry.status == PENDING]

    def deliver(self, packet: Packet, **extra: Any) -> OperationResult:
        """Carry one packet; its operation's result, whatever the receipt says."""
        destination = self.chains[packet.destination]
        request = pb.DeliverRequest(packet=packet.encode(), proof=b"proof", **extra)
        if packet.pcommit and "form" not in extra:
            request.form.CopyFrom(FORMS[packet.pcommit])
            account = int(extra.get("account_id") or "0", 16)
            if "payload" not in extra:
                request.payload.CopyFrom(destination.payload(account))
        return destination.call("router", "bridge.deliver", request)

    def acknowledge(self, packet: Packet) -> OperationResult:
        request = pb.AcknowledgeRequest(packet_id=packet.id, proof=b"proof")
        return self.chains[packet.source].call("router", "bridge.acknowledge", request)

    def send_all(self, source: Chain, **extra: Any) -> list[str]:
        """Deliver what waits and bring the receipts back; each packet's outcome or code."""
        outcomes = []
        for _, entry in self.pending(source):
            packet = Packet.decode(entry.packet)
            delivered = self.deliver(packet, **extra)
            assert delivered.code == "OK", (delivered.code, delivered.fields)
            acknowledged = self.acknowledge(packet)
            assert acknowledged.code == "OK", (acknowledged.code, acknowledged.fields)
            report = acknowledged.result.decode()
            outcomes.append(_outcome(report))
        return outcomes

    def settle(self) -> None:
        """Carry packets until none waits."""
        while any(self.send_all(chain) for chain in self.chains.values()):
            pass


def _outcome(report: str) -> str:
    answer = json.loads(report)
    return str(answer["code"])
