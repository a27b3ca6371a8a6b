"""Which chain publishes policies and the catalogue for a region (区划)."""

from node.client.domain import Domain
from node.client.outcome import Receipt
from proto.api.region_pb2 import DESCRIPTOR, RegionKey, RegionReply
from proto.region_pb2 import AssignRegionRequest
from proto.services_pb2 import TraceReply


class Regions(Domain):
    """Which chain publishes policies and the catalogue for a region (区划)."""

    contract = "region"
    service = DESCRIPTOR.services_by_name["Regions"]

    def assign(self, region: str, *, home_chain: str, reason: str) -> Receipt:
        """Say which chain publishes for a region (区划归属)."""
        return self._write(
            "assign", AssignRegionRequest(region=region, home_chain=home_chain, reason=reason)
        )

    def get(self, region: str) -> RegionReply:
        """Which chain publishes for a region."""
        return self._get("GetRegion", RegionKey(region=region), RegionReply)

    def trace(self, region: str) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get("TraceRegion", RegionKey(region=region), TraceReply)
