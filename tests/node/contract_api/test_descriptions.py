"""proto/api/ describes every method and every record, and the client has a call for each rpc."""

import inspect
from importlib import import_module
from typing import Any

import msgspec
import pytest
from google.protobuf.descriptor import Descriptor

from contracts.registry import CONTRACTS, all_methods
from ledger.records import Record
from node.client import Client
from node.client.domain import Domain
from node.contract_api.answers import ANSWERS
from node.contract_api.reads import READS
from node.contract_api.service import descriptions
from node.custodian.preparing.kinds import KINDS
from node.rpc_names import method_name
from proto.api.call_pb2 import Unsigned
from proto.services_pb2 import PrepareReply

RPCS = {
    f"{subject}.{rpc.name}": rpc for subject, service in descriptions() for rpc in service.methods
}
CALLS = {
    f"{name.split('.')[0]}.{method_name(rpc.name)}": rpc
    for name, rpc in RPCS.items()
    if rpc.output_type in (Unsigned.DESCRIPTOR, PrepareReply.DESCRIPTOR)
}
METHODS = {f"{contract}.{method.name}": method for contract, method in all_methods()}
MACHINES_OWN = ("bridge", "equivocation")
"""Called by routers and nodes, which build their bodies themselves."""


def test_every_method_has_its_rpc_and_every_rpc_its_method() -> None:
    assert CALLS.keys() == METHODS.keys()
    assert {contract.name for contract in CONTRACTS} | {"benefit"} == {s for s, _ in descriptions()}


@pytest.mark.parametrize("name", METHODS)
def test_a_call_takes_the_methods_own_request_or_a_document_the_custodian_knows(name: str) -> None:
    rpc = CALLS[name]
    if rpc.output_type is Unsigned.DESCRIPTOR:
        operations = rpc.input_type.fields_by_name["operations"]
        assert operations.message_type is METHODS[name].request.DESCRIPTOR
    else:
        assert name in KINDS
        assert "operations" not in rpc.input_type.fields_by_name
    assert rpc.input_type.fields_by_name["caller"].number == 1


def test_every_document_the_custodian_knows_can_be_brought() -> None:
    brought = {name for name, rpc in CALLS.items() if rpc.output_type is PrepareReply.DESCRIPTOR}
    assert brought == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_documents_call_has_the_custodians_options(kind: str) -> None:
    fields = [field.name for field in CALLS[kind].input_type.fields]
    options = {option.name for option in KINDS[kind].options}
    if "bill" in fields:
        assert {"code", "number"} <= options
        options = (options - {"code", "number"}) | {"bill"}
    assert set(fields) - {"caller", "document"} == options
    assert ("document" in fields) == bool(KINDS[kind].document)


def mirrors(message: Descriptor, cls: type[Record]) -> None:
    """The message has the record's fields, nested records too."""
    kinds = {field.name: field.type for field in msgspec.structs.fields(cls)}
    assert [field.name for field in message.fields] == list(kinds), message.full_name
    for field in message.fields:
        inner = record_in(kinds[field.name])
        if inner is not None:
            mirrors(field.message_type, inner)


def record_in(kind: Any) -> type[Record] | None:
    for one in (kind, *getattr(kind, "__args__", ())):
        if isinstance(one, type) and issubclass(one, Record):
            return one
    return None


@pytest.mark.parametrize("thing", READS)
def test_a_reply_shows_the_whole_record(thing: str) -> None:
    subject, name = thing.split(".")
    reply = RPCS[f"{subject}.Get{name}"].output_type
    mirrors(reply.fields_by_name["record"].message_type, READS[thing].record)


def test_every_rpc_that_reads_is_answered() -> None:
    reading = RPCS.keys() - {f"{n.split('.')[0]}.{rpc.name}" for n, rpc in CALLS.items()}
    gets = {
        f"{t.split('.')[0]}.{verb}{t.split('.')[1]}" for t in READS for verb in ("Get", "Trace")
    }
    assert reading <= gets | ANSWERS.keys()


def domains() -> dict[str, Domain]:
    with Client("127.0.0.1:1", chain_id="yl-test") as client:
        return {one.contract: one for one in vars(client).values() if isinstance(one, Domain)}


def test_the_client_has_a_call_for_every_rpc() -> None:
    found = domains()
    for subject, service in descriptions():
        if subject in MACHINES_OWN:
            continue
        assert found[subject].service is service
        text = inspect.getsource(import_module(type(found[subject]).__module__))
        for rpc in service.methods:
            assert f'"{rpc.name}"' in text or f'"{method_name(rpc.name)}"' in text, rpc.full_name
