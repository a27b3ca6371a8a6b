"""File import (人工导入, 2.2.1.4.5.1–2) of policies and catalogues: a file becomes operations.

A catalogue comes in many chunks. An import that ended early goes on where the chain stands: the
same file and edition again brings only what is missing, and never an item twice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from contracts.catalogue.item import Chunk, read_items
from contracts.catalogue.records import DRAFT
from documents.catalogue_csv import parse_catalogue
from documents.policy_json import parse_policy
from faults import Rejected
from node.client.catalogues import Catalogues
from node.client.outcome import Receipt
from node.client.policies import Policies
from node.codes import IMPORT_DIFFERS
from proto.api.catalogue_pb2 import ChunkReply
from proto.catalogue_pb2 import AddCatalogueItemsRequest

Progress = Callable[[int, int], None]
"""Told (chunks on the chain, chunks in the file) as they come."""


class Published(Protocol):
    """The client, as far as an import needs it."""

    policies: Policies
    catalogues: Catalogues


@dataclass(frozen=True, slots=True)
class Edition:
    """What an edition says of itself; dates yyyymmdd."""

    number: int
    title: str
    document_number: str
    issued_date: str


def import_policy(client: Published, raw: bytes) -> Receipt:
    """Publish the policy version in a `policy/1` file. Rejected when the file is not one."""
    return client.policies.publish(parse_policy(raw))


def import_catalogue(
    client: Published,
    raw: bytes,
    edition: Edition,
    progress: Progress = lambda done, total: None,
) -> Receipt:
    """Open an edition, add the file's items chunk by chunk, publish it; the last receipt.

    Rejected, with nothing sent, when the file is no catalogue or not the one that the open draft
    was begun from; ClientError when the contract refuses.
    """
    file = parse_catalogue(raw)
    chunks = list(file.chunks(edition.number))
    draft = client.catalogues.get(file.region, edition.number).record
    done = draft.chunks if draft.state == DRAFT else 0
    for chunk in chunks[:done]:
        _check_same(client.catalogues.get_chunk(file.region, edition.number, chunk.chunk), chunk)
    if draft.state != DRAFT:
        client.catalogues.begin(
            file.region,
            edition=edition.number,
            title=edition.title,
            document_number=edition.document_number,
            issued_date=edition.issued_date,
            item_count=len(file.items),
        )
    for chunk in chunks[done:]:
        progress(done, len(chunks))
        client.catalogues.add(
            chunk.region, edition=chunk.edition, chunk=chunk.chunk, items=chunk.items
        )
        done += 1
    progress(done, len(chunks))
    return client.catalogues.publish(file.region, edition=edition.number)


def _check_same(standing: ChunkReply, chunk: AddCatalogueItemsRequest) -> None:
    """Raise Rejected(IMPORT_DIFFERS) unless the chunk on the chain is the file's."""
    if standing.record.digest != Chunk(items=read_items(chunk.items)).digest():
        raise Rejected(IMPORT_DIFFERS, edition=chunk.edition, chunk=chunk.chunk)
