"""The indicative benefit (待遇测算): what a policy and a catalogue make of a visit."""

from collections.abc import Mapping

from node.client.domain import Domain
from proto.api.benefit_pb2 import DESCRIPTOR, CalculateReply, CalculateRequest, Visit


class Benefits(Domain):
    """Calculations over what stands in the state; nothing is written."""

    contract = "benefit"
    service = DESCRIPTOR.services_by_name["Benefits"]

    def calculate(
        self, visit: Visit, match_table: Mapping[str, str] | None = None
    ) -> CalculateReply:
        """Match a visit's lines to the catalogue and split its cost by the policy of its day.

        `match_table`: 医疗机构目录编码 → 医保目录编码. Amounts in fen, quantities × 10,000.
        """
        request = CalculateRequest(visit=visit, match_table=dict(match_table or {}))
        return self._get("Calculate", request, CalculateReply)
