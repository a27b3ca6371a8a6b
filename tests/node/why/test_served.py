"""The same answer over gRPC, HTTP and the command line; and the page that explains every code."""

import json
import socket
import urllib.request
from collections.abc import Iterator

import pytest

from cli.main import EXIT_UNAVAILABLE, main
from faults import Code
from node.client import Client
from node.why import codes
from node.why.answer import why_reply
from tests.node.chains import ROOT, Keys
from tests.node.served import Served
from tests.node.why.test_explain import GONE, IDLE, four, replace


@pytest.fixture
def node() -> Iterator[Served]:
    with Served(Keys()) as served:
        yield served


def test_grpc_http_and_the_command_line_agree(node: Served, capsys: pytest.CaptureFixture[str]):
    facts = replace(IDLE, validators=four(c=GONE, d=GONE))
    node.why_reply = why_reply(facts, "节点-0")
    with Client(node.grpc_address) as client:
        assert client.why().verdict == "halted"
    with urllib.request.urlopen(f"http://{node.http_address}/v1/why", timeout=10) as answer:
        over_http = json.loads(answer.read())
    assert main(["why", "--node", node.grpc_address, "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == over_http
    assert main(["why", "--node", node.grpc_address]) == 1
    text = capsys.readouterr().out
    assert text.startswith("节点-0: halted\n")
    assert text.index("WHY_NO_QUORUM") < text.index("WHY_VALIDATOR_UNREACHABLE")
    assert "表决权不足：c, d" in text
    assert [line.split()[0] for line in text.splitlines()[-4:]] == ["a", "b", "c", "d"]


def test_the_exit_code_is_0_when_all_is_well_and_69_when_nobody_answers(node: Served, capsys):
    assert main(["why", "--node", node.grpc_address]) == 0
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = f"127.0.0.1:{free.getsockname()[1]}"
    assert main(["why", "--node", nobody]) == EXIT_UNAVAILABLE
    assert "nobody answers" in capsys.readouterr().err


def test_the_page_for_operators_explains_every_code():
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    declared = {code.name for code in vars(codes).values() if isinstance(code, Code)}
    assert {name for name in declared if f"`{name}`" not in page} == set()
