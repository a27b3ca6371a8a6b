"""Catalogues (医保目录): editions of the province's own, items of others, query."""

from collections.abc import Sequence

from node.client.domain import Domain
from node.client.outcome import Receipt
from proto.api.catalogue_pb2 import (
    DESCRIPTOR,
    ChunkKey,
    ChunkReply,
    EditionKey,
    EditionReply,
    ItemInForceReply,
    ItemKey,
    ItemOnDay,
    ItemReply,
    QuestionKey,
    QuestionReply,
    RegionKey,
    SeriesReply,
)
from proto.catalogue_pb2 import (
    AbandonCatalogueRequest,
    AddCatalogueItemsRequest,
    BeginCatalogueRequest,
    CatalogueItem,
    PublishCatalogueRequest,
    RequestRemoteItemsRequest,
    ShareCatalogueRequest,
    StoreRemoteItemsRequest,
)
from proto.services_pb2 import TraceReply


class Catalogues(Domain):
    """Catalogues (医保目录)."""

    contract = "catalogue"
    service = DESCRIPTOR.services_by_name["Catalogues"]

    def abandon(self, region: str, *, edition: int, reason: str) -> Receipt:
        """Give up an open edition: its items never count (放弃目录版本)."""
        return self._write(
            "abandon", AbandonCatalogueRequest(region=region, edition=edition, reason=reason)
        )

    def add(
        self, region: str, *, edition: int, chunk: int, items: Sequence[CatalogueItem]
    ) -> Receipt:
        """Add a chunk of items to an open edition (目录项目上链)."""
        return self._write(
            "add",
            AddCatalogueItemsRequest(region=region, edition=edition, chunk=chunk, items=items),
        )

    def begin(
        self,
        region: str,
        *,
        edition: int,
        title: str,
        document_number: str,
        issued_date: str,
        item_count: int,
    ) -> Receipt:
        """Open an edition of this region's catalogue (本省医保目录采集)."""
        return self._write(
            "begin",
            BeginCatalogueRequest(
                region=region,
                edition=edition,
                title=title,
                document_number=document_number,
                issued_date=issued_date,
                item_count=item_count,
            ),
        )

    def publish(self, region: str, *, edition: int) -> Receipt:
        """Put a complete edition in force, all of it at once (本省医保目录上链)."""
        return self._write("publish", PublishCatalogueRequest(region=region, edition=edition))

    def request_remote(
        self, question_id: str, *, region: str, codes: Sequence[str], date: str, channel: str = ""
    ) -> Receipt:
        """Ask another chain for items on a day (异地医保目录查询)."""
        return self._write(
            "request_remote",
            RequestRemoteItemsRequest(
                question_id=question_id, region=region, codes=codes, date=date, channel=channel
            ),
        )

    def share(self, region: str, *, edition: int, chunk: int) -> Receipt:
        """Share a chunk of a published edition (本省医保目录共享)."""
        return self._write(
            "share", ShareCatalogueRequest(region=region, edition=edition, chunk=chunk)
        )

    def store_remote(
        self,
        region: str,
        *,
        edition: int,
        home_chain: str,
        reference: str,
        items: Sequence[CatalogueItem],
    ) -> Receipt:
        """Keep collected items of another region's edition (异地医保目录上链)."""
        return self._write(
            "store_remote",
            StoreRemoteItemsRequest(
                region=region,
                edition=edition,
                home_chain=home_chain,
                reference=reference,
                items=items,
            ),
        )

    def get(self, region: str, edition: int) -> EditionReply:
        """An edition of a region's catalogue."""
        return self._get("GetEdition", EditionKey(region=region, edition=edition), EditionReply)

    def trace(self, region: str, edition: int) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get("TraceEdition", EditionKey(region=region, edition=edition), TraceReply)

    def get_chunk(self, region: str, edition: int, chunk: int) -> ChunkReply:
        """Which items came in a chunk of an edition, and their digest."""
        return self._get(
            "GetChunk", ChunkKey(region=region, edition=edition, chunk=chunk), ChunkReply
        )

    def trace_chunk(self, region: str, edition: int, chunk: int) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get(
            "TraceChunk", ChunkKey(region=region, edition=edition, chunk=chunk), TraceReply
        )

    def get_item(self, region: str, code: str) -> ItemReply:
        """All versions of an item."""
        return self._get("GetItem", ItemKey(region=region, code=code), ItemReply)

    def trace_item(self, region: str, code: str) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get("TraceItem", ItemKey(region=region, code=code), TraceReply)

    def get_series(self, region: str) -> SeriesReply:
        """The latest editions of a region."""
        return self._get("GetSeries", RegionKey(region=region), SeriesReply)

    def trace_series(self, region: str) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get("TraceSeries", RegionKey(region=region), TraceReply)

    def get_question(self, question_id: str) -> QuestionReply:
        """What became of a question to another chain."""
        return self._get("GetQuestion", QuestionKey(question_id=question_id), QuestionReply)

    def trace_question(self, question_id: str) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get("TraceQuestion", QuestionKey(question_id=question_id), TraceReply)

    def get_item_in_force(self, region: str, code: str, date: str) -> ItemInForceReply:
        """The version of an item in force on a day (医保目录查询)."""
        return self._get(
            "GetItemInForce", ItemOnDay(region=region, code=code, date=date), ItemInForceReply
        )
