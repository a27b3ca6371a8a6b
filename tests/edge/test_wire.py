"""The sockets themselves: bytes that are no message, unknown methods, bad paths, huge keys."""

import secrets
import socket
from collections.abc import Iterator

import grpc
import httpx
import pytest

from node.client import ClientError
from node.grpc_errors import TRAILER, from_status
from proto import services_pb2 as pb
from proto.services_pb2_grpc import RelayStub
from testnet.journey.world import World
from testnet.stage import BILL_CHANNEL, FINANCE
from tests.documents.support import shows_a_person
from tests.edge.outside import Outside, checked

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]

METHODS = [
    f"/yilian.v1.{service}/{method.name}"
    for service in ("Ledger", "Custodian", "Relay")
    for method in pb.DESCRIPTOR.services_by_name[service].methods
]


@pytest.fixture(scope="module")
def node(finance: Outside) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(finance.client.address) as channel:
        yield channel


@pytest.fixture(scope="module")
def router(world: World) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(world.stage.routers[FINANCE].relay) as channel:
        yield channel


@pytest.fixture(scope="module")
def http(finance: Outside) -> Iterator[httpx.Client]:
    address = f"http://{finance.world.stage.http_address(FINANCE)}"
    with httpx.Client(base_url=address, trust_env=False, timeout=20) as client:
        yield client


def send(channel: grpc.Channel, method: str, raw: bytes) -> grpc.StatusCode:
    """The status of a call with these bytes; a node's refusal must have its stable code."""
    try:
        channel.unary_unary(method)(raw, timeout=20)
    except grpc.RpcError as error:
        call: grpc.Call = error
        status = call.code()
        if any(key == TRAILER for key, _ in call.trailing_metadata() or ()):
            assert from_status(error).code not in ("INTERNAL", "NODE_UNREACHABLE")
        return status
    return grpc.StatusCode.OK


@pytest.mark.parametrize("method", METHODS)
def test_bytes_that_are_no_message(
    finance: Outside, node: grpc.Channel, router: grpc.Channel, method: str
) -> None:
    channel = router if "Relay" in method else node
    spoiled = [b"\xff" * 20, b"\x0a\xff\xff\xff\xff\x0f", b"\x0b" * 1000, b"\x0a\x01"]
    # A parser may take random bytes for unknown fields: then it is an empty request, no more.
    spoiled += [secrets.token_bytes(size) for size in (1, 3, 10, 100, 10_000)]
    with finance.untouched():
        for raw in spoiled:
            status = send(channel, method, raw)
            assert status not in (grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL), raw
        assert send(channel, method, b"\xff" * 20) is grpc.StatusCode.INVALID_ARGUMENT
        send(channel, method, b"")


@pytest.mark.parametrize("method", METHODS)
def test_calls_over_the_size_limit(
    finance: Outside, node: grpc.Channel, router: grpc.Channel, method: str
) -> None:
    channel = router if "Relay" in method else node
    with finance.untouched(seconds=20):
        raw = bytes(13 * 1024 * 1024)
        assert send(channel, method, raw) is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_methods_and_services_that_do_not_exist(
    finance: Outside, node: grpc.Channel, router: grpc.Channel
) -> None:
    with finance.untouched():
        for channel in (node, router):
            for method in ("/yilian.v1.Ledger/Burn", "/yilian.v9.Ledger/Status", "/", "/x", "//"):
                assert send(channel, method, b"") is grpc.StatusCode.UNIMPLEMENTED
        assert send(router, "/yilian.v1.Ledger/Status", b"") is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (pb.PullPacketsRequest(channel="nowhere", limit=1), "ROUTER_UNKNOWN_CHANNEL"),
        (pb.PullPacketsRequest(channel=BILL_CHANNEL, limit=0), "ROUTER_BAD_PULL"),
        (pb.PullPacketsRequest(channel=BILL_CHANNEL, limit=2**32 - 1), "ROUTER_BAD_PULL"),
        (
            pb.PullPacketsRequest(channel=BILL_CHANNEL, limit=1, envelope_key=bytes(65)),
            "ROUTER_WRONG_ENVELOPE_KEY",
        ),
        (
            pb.PullReceiptsRequest(channel=BILL_CHANNEL, sequences=range(1, 100_000)),
            "ROUTER_BAD_PULL",
        ),
        (pb.PullReceiptsRequest(channel=BILL_CHANNEL, sequences=[0]), "ROUTER_BAD_PULL"),
        (pb.PullReceiptsRequest(channel="c" * 100_000, sequences=[1]), "ROUTER_UNKNOWN_CHANNEL"),
    ],
)  # fmt: skip
def test_pulls_a_router_refuses(
    router: grpc.Channel,
    request_: pb.PullPacketsRequest | pb.PullReceiptsRequest,
    code: str,
) -> None:
    stub = RelayStub(router)
    packets = isinstance(request_, pb.PullPacketsRequest)
    with pytest.raises(grpc.RpcError) as caught:
        if packets:
            stub.PullPackets(request_, timeout=20)
        else:
            stub.PullReceipts(request_, timeout=20)
    checked(from_status(caught.value), code)


def test_what_a_custodian_opens_only_for_its_own_router(finance: Outside) -> None:
    """Unsigned, signed by another, by another organisation: nothing is opened."""
    desk, unknown = finance.actor, finance.actor.suite.generate_private_key()
    router = finance.world.stage.actors["finance router"].public_key

    def asked(requester: bytes, signature: bytes = bytes(64)) -> pb.OpenForRouterRequest:
        return pb.OpenForRouterRequest(
            requester=requester, packet_id=bytes(32), nonce=bytes(16), signature=signature
        )

    requests = (
        (pb.OpenForRouterRequest(), "REQUEST_INVALID"),
        (asked(desk.public_key), "NOT_PERMITTED"),
        (asked(desk.suite.public_key(unknown)), "UNKNOWN_IDENTITY"),
        (asked(router), "BAD_REQUEST_SIGNATURE"),
        (asked(router, b""), "BAD_REQUEST_SIGNATURE"),
        (asked(router, desk.signer.sign(bytes(48))), "BAD_REQUEST_SIGNATURE"),
    )
    with finance.untouched():
        for request, code in requests:
            with pytest.raises(ClientError) as caught:
                finance.client.open_for_router(request)
            checked(caught.value, code)


@pytest.mark.parametrize("key", ["", "k" * 257, "k" * 1_000_000, "钱" * 100])
def test_keys_of_the_wrong_size(finance: Outside, key: str) -> None:
    with finance.untouched():
        for read in (finance.client.state, finance.client.trace, finance.client.evidence):
            with pytest.raises(ClientError) as caught:
                read(key)
            assert "key" in checked(caught.value, "REQUEST_INVALID")


@pytest.mark.parametrize("key", ["bill/none", "/", "../../etc/passwd", "\x00", "parameters"])
def test_keys_where_nothing_stands(finance: Outside, key: str) -> None:
    with finance.untouched():
        assert not finance.client.state(key).found
        with pytest.raises(ClientError) as caught:
            finance.client.trace(key)
        checked(caught.value, "OBJECT_NOT_FOUND")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/state/" + "k" * 300, 400, "REQUEST_INVALID"),
        ("/v1/state/" + "%E9%92%B1" * 100, 400, "REQUEST_INVALID"),
        ("/v1/state/", 400, "REQUEST_INVALID"),
        ("/v1/trace/bill/%00", 404, "OBJECT_NOT_FOUND"),
        ("/v1/trace/%FF%FE", 404, "OBJECT_NOT_FOUND"),
        ("/v1/trace/..%2F..%2Fetc%2Fpasswd", 404, "OBJECT_NOT_FOUND"),
        ("/v1/blocks/-1", 400, "REQUEST_INVALID"),
        ("/v1/blocks/1e9", 400, "REQUEST_INVALID"),
        ("/v1/blocks/" + "9" * 5_000, 400, "REQUEST_INVALID"),
        ("/v1/blocks/9223372036854775807", 404, "BLOCK_NOT_FOUND"),
        ("/v1/receipts/zz", 400, "REQUEST_INVALID"),
        ("/v1/receipts/" + "A" * 64, 400, "REQUEST_INVALID"),
        ("/v1/nothing", 404, "PATH_NOT_FOUND"),
        ("/%2e%2e/etc/passwd", 404, "PATH_NOT_FOUND"),
        ("//etc/passwd", 404, "PATH_NOT_FOUND"),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else str(value),
)
def test_bad_paths(finance: Outside, http: httpx.Client, path: str, status: int, code: str) -> None:
    with finance.untouched():
        reply = http.get(path)
    body = reply.json()
    assert (reply.status_code, body["code"]) == (status, code)
    assert body["zh"]
    assert body["en"]
    assert len(reply.content) < 4_096


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW"])
def test_wrong_methods(finance: Outside, http: httpx.Client, method: str) -> None:
    with finance.untouched():
        reply = http.request(method, "/v1/status", content=b"x" * 1_000_000)
    assert (reply.status_code, reply.json()["code"]) == (405, "PATH_NOT_FOUND")


RAW = {
    "no request": b"\x00\x01\x02\x03\r\n\r\n",
    "a huge request line": b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n\r\n",
    "a huge header": b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
    "two lengths": b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "a negative length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
}


@pytest.mark.parametrize("case", RAW)
def test_what_is_no_http(finance: Outside, http: httpx.Client, case: str) -> None:
    with finance.untouched():
        answer = speak(finance.world.stage.http_address(FINANCE), RAW[case])
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
        assert http.get("/healthz").status_code == 200


@pytest.mark.parametrize("case", RAW)
def test_what_is_no_grpc(finance: Outside, case: str) -> None:
    with finance.untouched():
        speak(finance.client.address, RAW[case])
        assert finance.client.status().chain_id == FINANCE


def speak(address: str, raw: bytes) -> bytes:
    """What comes back for raw bytes, until the other side closes or is silent for two seconds."""
    host, _, port = address.rpartition(":")
    answer = b""
    with socket.create_connection((host, int(port)), timeout=2) as connection:
        try:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            while more := connection.recv(65_536):
                answer += more
        except OSError:
            return answer
    return answer


def test_the_logs_say_nothing_went_wrong_inside(world: World) -> None:
    """Whatever was thrown at them above: no defect was met, and nothing personal was written."""
    for process in world.stage.supervisor.processes.values():
        if process.log.exists():
            text = process.log.read_text(encoding="utf-8")
            assert "bug" not in text
            assert "Traceback" not in text
            assert '"error"' not in text
            assert not shows_a_person(text)
