"""The bridge contract: what a router may call."""

from contracts.bridge import closing, codes, inbox
from contracts.codes import ACCOUNT_NOT_FOUND, PAYLOAD_INVALID, PAYLOAD_RECIPIENT
from contracts.framework import Context, Contract, Result, Rule, method
from ledger.codes import BAD_FORM, BAD_PROOF, CLIENT_FROZEN, MALFORMED
from proto.contracts_pb2 import AcknowledgeRequest, DeliverRequest

ROUTER_ROLE = "router"


class Bridge(Contract):
    """Packets in, receipts back. Whoever calls is trusted for nothing but having carried them."""

    name = "bridge"

    @method(
        request=DeliverRequest,
        rule=Rule(roles=(ROUTER_ROLE,)),
        errors=(
            codes.NO_CHANNEL,
            codes.CHANNEL_PAUSED,
            codes.WRONG_CHANNEL,
            codes.NO_VERIFIER,
            CLIENT_FROZEN,
            BAD_PROOF,
            MALFORMED,
            BAD_FORM,
            codes.ALREADY_DELIVERED,
            codes.LANE_ORDER,
            codes.COMMITMENT_MISMATCH,
            codes.UNEXPECTED_DOCUMENT,
            PAYLOAD_INVALID,
            PAYLOAD_RECIPIENT,
            ACCOUNT_NOT_FOUND,
        ),
    )
    def deliver(self, ctx: Context, request: DeliverRequest) -> Result:
        """Apply a peer chain's proved packet and write its terminal receipt.

        Clauses 2.2.1.3.1, 2.2.1.3.2, 2.2.1.3.4.
        """
        return inbox.deliver(ctx, request)

    @method(
        request=AcknowledgeRequest,
        rule=Rule(roles=(ROUTER_ROLE,)),
        errors=(
            codes.NOT_SENT,
            codes.ALREADY_ACKNOWLEDGED,
            codes.NO_VERIFIER,
            CLIENT_FROZEN,
            BAD_PROOF,
            MALFORMED,
        ),
    )
    def acknowledge(self, ctx: Context, request: AcknowledgeRequest) -> Result:
        """Close a sent packet by its proved receipt and act on it.

        Clauses 2.2.1.3.4.
        """
        return closing.acknowledge(ctx, request)
