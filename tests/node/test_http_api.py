"""The JSON side over loopback."""

from collections.abc import Iterator

import httpx
import pytest

from tests.node.chains import CHAIN, Keys, identity_key, registration
from tests.node.served import Served

KEYS = Keys()


@pytest.fixture
def node() -> Iterator[Served]:
    with Served(KEYS) as served:
        yield served


@pytest.fixture
def http(node: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://{node.http_address}", trust_env=False) as client:
        yield client


def test_health_and_readiness(node: Served, http: httpx.Client) -> None:
    assert http.get("/healthz").json() == {"status": "ok"}
    assert http.get("/readyz").status_code == 200
    node.waits_for = "blocks from peers"
    waiting = http.get("/readyz")
    assert (waiting.status_code, waiting.json()["waits_for"]) == (503, "blocks from peers")


def test_the_reads(node: Served, http: httpx.Client) -> None:
    tx_hash, _ = node.executor.submit(registration(KEYS, 1))
    node.decide()
    key = identity_key(KEYS, 1)
    status = http.get("/v1/status").json()
    assert (status["chain_id"], status["height"], status["pool"]) == (CHAIN, 1, 0)
    block = http.get("/v1/blocks/1").json()
    assert block == http.get("/v1/blocks/0").json()
    assert block["block_hash"] == status["block_hash"]
    state = http.get(f"/v1/state/{key}").json()
    assert (state["found"], state["record"]["org"]) == (True, "agency")
    assert state["proof"]
    trace = http.get(f"/v1/trace/{key}").json()
    assert [one["event"]["action"] for one in trace["events"]] == ["register"]
    receipt = http.get(f"/v1/receipts/{tx_hash.hex()}").json()
    assert receipt["operations"][0]["code"] == "OK"
    assert receipt["operations"][0]["result"]["object"] == key
    assert http.get("/v1/state/bill/none").json()["found"] is False


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/blocks/9", 404, "BLOCK_NOT_FOUND"),
        ("/v1/blocks/-1", 400, "REQUEST_INVALID"),
        ("/v1/blocks/x", 400, "REQUEST_INVALID"),
        ("/v1/blocks/99999999999999999999", 400, "REQUEST_INVALID"),
        ("/v1/receipts/zz", 400, "REQUEST_INVALID"),
        ("/v1/receipts/" + "0" * 64, 404, "RECEIPT_NOT_FOUND"),
        ("/v1/trace/bill/none", 404, "OBJECT_NOT_FOUND"),
        ("/v1/state/" + "k" * 300, 400, "REQUEST_INVALID"),
        ("/v1/nothing", 404, "PATH_NOT_FOUND"),
    ],
)
def test_refusals_have_code_and_sentences(
    http: httpx.Client, path: str, status: int, code: str
) -> None:
    reply = http.get(path)
    body = reply.json()
    assert (reply.status_code, body["code"]) == (status, code)
    assert body["zh"]
    assert body["en"]
    assert isinstance(body["fields"], dict)


def test_writing_is_not_offered(http: httpx.Client) -> None:
    assert http.post("/v1/status", json={}).status_code == 405


def test_a_defect_answers_500_and_says_nothing(
    node: Served, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ValueError("secret detail")

    monkeypatch.setattr(node.reader, "status", broken)
    reply = http.get("/v1/status")
    assert (reply.status_code, reply.json()["code"]) == (500, "INTERNAL")
    assert "secret" not in reply.text


def test_metrics_and_openapi(node: Served, http: httpx.Client) -> None:
    node.metrics.gauge("yilian_height", "Newest committed height", node.executor.height)
    node.metrics.count("yilian_blocks_total", 2)
    http.get("/v1/blocks/9")
    text = http.get("/metrics").text
    assert "# TYPE yilian_height gauge\nyilian_height 0\n" in text
    assert "yilian_blocks_total 2\n" in text
    assert 'yilian_http_errors_total{code="BLOCK_NOT_FOUND"} 1\n' in text
    assert "/v1/state/{key}" in http.get("/openapi.json").json()["paths"]


def test_oversized_requests_are_cut_off(http: httpx.Client) -> None:
    assert http.get("/v1/state/" + "k" * 20_000).status_code in {400, 431}
