"""One province between finance and the national chain, with everybody whom a scene needs.

Scenes share a stage: each takes objects of its own, named after its number, so that all of them
can also stand on one chain, one after another.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from contracts.bridge import closing, inbox
from faults import Rejected
from ledger.codes import BAD_PROOF
from ledger.packet import Packet
from proto.contracts_pb2 import (
    AcknowledgeRequest,
    DeliverRequest,
    OpenAccountRequest,
    RegisterIdentityRequest,
)
from tests.contracts.harness import (
    BILL_OPERATIONS,
    FINANCE,
    FORMS,
    NATIONAL,
    PROVINCE,
    Chain,
    Network,
    channel,
    key_bytes,
    person_key,
    seconds,
)

UPWARD = (
    "SETTLEMENT_REPORT VOUCHER_REPORT REIMBURSEMENT_APPLY REIMBURSEMENT_REPORT "
    "POLICY_SHARE POLICY_QUESTION CATALOGUE_CHUNK CATALOGUE_QUESTION "
    "ARCHIVE ARCHIVE_REVOCATION FILING FILING_CHANGE FILING_REVOCATION"
)
# name -> (organisation, roles), beside the harness's people.
MORE_PEOPLE: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "second_bureau": ("org-bureau", ("bureau",)),
    "bureau_b": ("org-bureau-b", ("bureau",)),
    "archivist_b": ("org-archive-b", ("archive",)),
    "bank": ("org-bank", ("fund",)),
    "platform": ("org-platform", ("fund",)),
    "gov_b": ("org-gov-b", ("governance",)),
    "gov_c": ("org-gov-c", ("governance",)),
    "rotor": ("org-agency-a", ("agency",)),
    "clerk": ("org-governance", ("agency",)),
}
DAYS_MS = 3 * 24 * 3_600_000


class Stage(Network):
    """The chains, people and accounts 1 and 2; `province` is where the scenes play."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, chain: type[Chain] = Chain) -> None:
        super().__init__(monkeypatch)
        to_finance = channel("fp", FINANCE, "intl", BILL_OPERATIONS, home=True)
        to_province = channel("fp", PROVINCE, "gm", BILL_OPERATIONS, home=False)
        up = channel("pn", NATIONAL, "gm", UPWARD, home=False)
        down = channel("pn", PROVINCE, "gm", UPWARD, home=False)
        self.finance = chain(FINANCE, "intl", (to_province,))
        self.province = chain(PROVINCE, "gm", (to_finance, up))
        self.national = chain(NATIONAL, "gm", (down,))
        self.chains = {one.chain_id: one for one in (self.finance, self.province, self.national)}
        for name, (org, roles) in MORE_PEOPLE.items():
            self.register(name, org, roles)
        for number in (1, 2):
            self.province.open_account(number)

        def read_peer(ctx: Any, route: Any, proof: bytes, key: str) -> bytes:
            found = self.chains[route.peer_chain].state.get(key)
            if found is None:
                raise Rejected(BAD_PROOF, reason="nothing stands there")
            return found

        monkeypatch.setattr(inbox, "prove", read_peer)
        monkeypatch.setattr(closing, "prove", read_peer)

    def register(self, name: str, org: str, roles: Iterable[str]) -> None:
        """One more identity on the province's chain."""
        request = RegisterIdentityRequest(
            public_key=key_bytes(name), org=org, roles=list(roles), label="test desk"
        )
        self.province.ok("governor", "identity.register", request, seconds(self.province))

    def account_of(self, number: int) -> str:
        """A fresh account that only scene `number` uses; its payloads are sealed with `number`."""
        request = OpenAccountRequest(
            account_id=f"{number:032x}", public_key=person_key(number), insured_type="310"
        )
        self.province.ok("custodian", "account.open", request)
        return request.account_id

    def last_packet(self, source: Chain) -> Packet:
        """The packet that the chain sent last of those that still wait."""
        waiting = [Packet.decode(entry.packet) for _, entry in self.pending(source)]
        return max(waiting, key=lambda one: (one.deadline_ms, one.sequence))

    def delivery(self, packet: Packet, account: int = 0) -> DeliverRequest:
        """What a router carries to the packet's destination."""
        request = DeliverRequest(packet=packet.encode(), proof=b"proof")
        if packet.pcommit:
            request.form.CopyFrom(FORMS[packet.pcommit])
            request.payload.CopyFrom(self.chains[packet.destination].payload(account))
            request.account_id = f"{account:032x}" if account else ""
        return request

    def carry(self, source: Chain, account: int = 0) -> Packet:
        """Bring the chain's last packet over; its receipt stays there."""
        packet = self.last_packet(source)
        destination = self.chains[packet.destination]
        destination.ok("router", "bridge.deliver", self.delivery(packet, account))
        return packet

    def finish(self, source: Chain, account: int = 0) -> None:
        """Bring the chain's last packet over and its receipt back."""
        packet = self.carry(source, account)
        source.ok("router", "bridge.acknowledge", acknowledgement(packet))

    def lose(self, source: Chain) -> None:
        """The chain's last packet comes too late; the source learns of it."""
        destination = self.chains[self.last_packet(source).destination]
        now, destination.time_ms = destination.time_ms, source.time_ms + DAYS_MS
        self.finish(source)
        destination.time_ms = now


def acknowledgement(packet: Packet) -> AcknowledgeRequest:
    return AcknowledgeRequest(packet_id=packet.id, proof=b"proof")
