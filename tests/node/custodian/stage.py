"""Two chains in memory with real contracts, executors and custodians; blocks decided by hand."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from google.protobuf.message import Message

from contracts.account import Owned
from contracts.trace import record_class
from crypto import GM, INTL, Suite, tagged
from crypto.ports import Signer
from documents import InstitutionTable, load_institutions
from faults import Rejected
from ledger.block import block_hash
from ledger.certificate import PRECOMMIT, Certificate, precommit_bytes
from ledger.genesis import (
    Genesis,
    GenesisChannel,
    GenesisIdentity,
    GenesisValidator,
    core_hash,
    dump_genesis,
)
from ledger.kv import MemoryKeyValue
from ledger.packet import outbox_key
from ledger.receipt import Receipt
from ledger.records import decode
from ledger.transaction import encode_transaction, parse_transaction, sign_body
from node.block_store import BlockStore
from node.chain_view import ChainView
from node.custodian.bodies import Bodies
from node.custodian.service import CustodianService, build_custodian
from node.custodian.vault import Vault
from node.executor import Executor
from node.mempool import Pool, PoolLimits
from node.reader import Reader
from proto.services_pb2 import (
    OpenForRouterRequest,
    PrepareDeliveryRequest,
    PrepareReply,
    PrepareRequest,
)
from proto.transaction_pb2 import TxBody

TIME_MS = 1_700_000_000_000
ROOT = Path(__file__).resolve().parents[3]
SAMPLES = ROOT / "testnet" / "samples"
FINANCE, PROVINCE, NATIONAL = "yl-finance", "yl-province", "yl-national"
CHANNEL = "channel-1"
OPERATIONS = ("BILL_BLUE", "BILL_RED", "ENTRY", "ENTRY_REVERSAL", "LOCK", "UNLOCK")
REPORTS = ("SETTLEMENT_REPORT", "VOUCHER_REPORT")
MASTER = bytes(range(32))

BLUE_BILLS = (
    "ebill_out_01.xml",
    "ebill_out_02.xml",
    "ebill_out_03_selfpay.xml",
    "ebill_in_04_remote.xml",
    "ebill_in_05.xml",
)
SETTLEMENTS = (
    "setl_2207_bill01.json",
    "setl_2207_bill02.json",
    "setl_2304_bill04.json",
    "setl_2304_bill05.json",
)


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def institutions() -> InstitutionTable:
    return load_institutions(sample("institutions.toml"), form="toml")


Actors = dict[str, tuple[str, tuple[str, ...]]]
"""Name -> organisation and roles."""


@dataclass
class Chain:
    """One chain with one validator, its custodian and its actors by name."""

    chain_id: str
    suite: Suite
    org: str
    mode: str
    actors: Actors
    keys: dict[str, Signer] = field(default_factory=dict)
    master: bytes = MASTER

    def __post_init__(self) -> None:
        self.validator = self.suite.signer(self.suite.generate_private_key())
        self.private_keys = {name: self.suite.generate_private_key() for name in self.actors}
        self.keys = {name: self.suite.signer(key) for name, key in self.private_keys.items()}
        self.vault_store = MemoryKeyValue()
        self.own_key = self.suite.generate_private_key()

    def genesis(self, channels: tuple[GenesisChannel, ...] = ()) -> Genesis:
        identities = tuple(
            GenesisIdentity(
                public_key=self.keys[name].public_key.hex(), org=org, roles=roles, label=name
            )
            for name, (org, roles) in self.actors.items()
        )
        validator = GenesisValidator(public_key=self.validator.public_key.hex(), power=1)
        return Genesis(
            chain_id=self.chain_id,
            suite=self.suite.name,
            time_ms=TIME_MS,
            org=self.org,
            validators=(validator,),
            identities=identities,
            channels=channels,
        )

    def begin(self, genesis: Genesis) -> None:
        store = BlockStore(MemoryKeyValue())
        self.executor = Executor(store, dump_genesis(genesis), Pool(PoolLimits()))
        self.reader = Reader(self.executor, "test")
        self.view = ChainView(self.executor)
        self.custodian = self.open_custodian()
        self.decide()

    def open_custodian(self) -> CustodianService:
        return build_custodian(
            suite=self.suite,
            chain_id=self.chain_id,
            org=self.org,
            mode=self.mode,
            chain=self.view,
            vault=Vault(self.vault_store, self.master),
            private_key=self.own_key,
            institutions=institutions(),
            clock=lambda: TIME_MS,
        )

    def decide(self) -> None:
        height = self.executor.height() + 1
        block = self.executor.build(height, self.validator.public_key, TIME_MS + 1000 * height)
        assert self.executor.execute(block) is None
        digest = block_hash(self.suite, block.header)
        certificate = Certificate(
            kind=PRECOMMIT,
            chain_id=self.chain_id,
            height=height,
            round=0,
            block_hash=digest,
            bitmap=b"\x01",
            signatures=(self.validator.sign(precommit_bytes(self.chain_id, height, 0, digest)),),
        )
        self.executor.commit(block, certificate)

    def prepare(
        self, actor: str, kind: str, document: bytes = b"", /, **options: str
    ) -> PrepareReply:
        request = PrepareRequest(
            kind=kind, document=document, signer=self.keys[actor].public_key, options=options
        )
        return self.custodian.Prepare(request)

    def submit(self, actor: str, bodies: Sequence[bytes]) -> list[Receipt]:
        """Sign and commit the bodies one after the other; the first receipt of each."""
        receipts = []
        for body in bodies:
            raw = encode_transaction(sign_body(self.keys[actor], body))
            self.executor.submit(raw)
            self.decide()
            parsed = parse_transaction(raw, self.suite, chain_id=self.chain_id)
            committed = self.view.transaction(parsed.hash)
            assert committed is not None
            receipts.append(committed.receipts[0])
        return receipts

    def call(self, actor: str, contract: str, method: str, request: Message) -> Receipt:
        """One transaction that needs no custodian."""
        bodies = Bodies(self.chain_id, self.view)
        body = bodies.make(contract, method, request, self.keys[actor].public_key)
        return self.submit(actor, [body])[0]

    def do(self, actor: str, kind: str, document: bytes = b"", /, **options: str) -> PrepareReply:
        """Prepare, sign, submit; everything has to be OK."""
        reply = self.prepare(actor, kind, document, **options)
        codes = [receipt.code for receipt in self.submit(actor, reply.bodies)]
        assert codes == ["OK"] * len(reply.bodies)
        return reply

    def owned(self, key: str) -> Owned:
        raw, cls = self.view.state(key), record_class(key)
        assert raw is not None
        assert cls is not None
        record = decode(cls, raw)
        assert isinstance(record, Owned)
        return record

    def open_request(self, actor: str, packet_id: bytes) -> OpenForRouterRequest:
        nonce = secrets.token_bytes(16)
        message = tagged("yilian/custodian-request/v1", packet_id + nonce)
        return OpenForRouterRequest(
            packet_id=packet_id,
            requester=self.keys[actor].public_key,
            nonce=nonce,
            signature=self.keys[actor].sign(message),
        )


def body_of(raw: bytes) -> TxBody:
    return TxBody.FromString(raw)


def finance_chain() -> Chain:
    actors: Actors = {
        "desk": ("finance", ("finance",)),
        "router": ("finance", ("router",)),
        "other router": ("bureau", ("router",)),
        "stranger": ("insurer", ("insurer",)),
    }
    return Chain(FINANCE, INTL, "finance", "organisation", actors)


def province_chain() -> Chain:
    actors: Actors = {
        "desk": ("bureau", ("bureau", "custodian")),
        "hospital": ("hospital-1", ("hospital",)),
        "archivist": ("archive-system", ("archive",)),
        "clerk": ("bureau", ("bureau",)),
        "centre": ("centre", ("fund",)),
        "bank": ("bank", ("fund",)),
        "router": ("bureau", ("router",)),
        "insurer": ("insurer", ("insurer",)),
        "stranger": ("other-insurer", ("insurer",)),
    }
    return Chain(PROVINCE, GM, "bureau", "persons", actors)


def national_chain() -> Chain:
    actors: Actors = {"router": ("national", ("router",))}
    return Chain(NATIONAL, GM, "national", "organisation", actors)


def two_chains() -> tuple[Chain, Chain]:
    """Finance and province, joined by one channel."""
    finance, province = finance_chain(), province_chain()
    finance.begin(finance.genesis((channel_to(province, home=False),)))
    province.begin(province.genesis((channel_to(finance, home=True),)))
    return finance, province


def reporting_chains() -> tuple[Chain, Chain]:
    """Province and national chain, joined by one channel."""
    return joined(province_chain(), national_chain(), REPORTS)


def joined(one: Chain, other: Chain, carries: Sequence[str]) -> tuple[Chain, Chain]:
    """Two chains joined by one channel that carries these operations, both begun."""
    one.begin(one.genesis((channel_to(other, home=False, carries=carries),)))
    other.begin(other.genesis((channel_to(one, home=False, carries=carries),)))
    return one, other


def carry(source: Chain, destination: Chain, sequence: int) -> PrepareReply:
    """What a router does with one packet, all of it checked on the way."""
    reply = prepare_delivery(source, destination, sequence)
    (receipt,) = destination.submit("router", reply.bodies)
    assert receipt.code == "OK", (receipt.code, receipt.fields)
    assert msgspec.json.decode(receipt.result)["outcome"] == "OK", receipt.result
    return reply


def prepare_delivery(source: Chain, destination: Chain, sequence: int) -> PrepareReply:
    """Open a packet where it was sent, and prepare its delivery."""
    state = source.reader.state(outbox_key(CHANNEL, 1, sequence))
    entry = msgspec.msgpack.decode(state.value)
    opened = source.custodian.OpenForRouter(source.open_request("router", entry["packet_id"]))
    return destination.custodian.PrepareDelivery(
        PrepareDeliveryRequest(
            packet=entry["packet"],
            proof=state.proof,
            plaintext=opened.plaintext,
            signer=destination.keys["router"].public_key,
        )
    )


PERSONAL = (
    "测试甲", "测试乙", "测试丙", "测试丁", "469900198403129992", "469900195607189985",
    "469900201505019975", "439900197909299964", "46000000000000009900000001", "13800138000",
)  # fmt: skip
"""Names and numbers of the samples' persons: none may stand in clear anywhere."""


def refused(chain: Chain, code: str, call: Callable[[], object]) -> None:
    """The call is refused with this code, names nobody, and leaves no row in the vault."""
    before = dict(chain.vault_store.scan(b""))
    with pytest.raises(Rejected) as caught:
        call()
    assert caught.value.code.name == code, str(caught.value)
    assert not any(canary in str(caught.value) for canary in PERSONAL)
    assert dict(chain.vault_store.scan(b"")) == before


def check_nothing_personal(chain: Chain, *replies: PrepareReply) -> None:
    """Neither the chain's store nor the vault nor an answer names anybody in clear."""
    stores = (chain.executor.store.kv, chain.vault_store)
    shown = b"".join(key + value for store in stores for key, value in store.scan(b""))
    shown += b"".join(reply.SerializeToString() for reply in replies)
    assert [canary for canary in PERSONAL if canary.encode() in shown] == []


def methods(reply: PrepareReply) -> list[str]:
    """What the bodies call, in order."""
    return [f"{body_of(raw).contract}.{body_of(raw).method}" for raw in reply.bodies]


def channel_to(peer: Chain, *, home: bool, carries: Sequence[str] = OPERATIONS) -> GenesisChannel:
    bare = peer.genesis()
    return GenesisChannel(
        id=CHANNEL,
        peer_chain=peer.chain_id,
        peer_suite=peer.suite.name,
        peer_genesis_hash=core_hash(bare).hex(),
        peer_validators=bare.validators,
        peer_router_key=GM.public_key(GM.generate_private_key()).hex(),
        operations=dict.fromkeys(carries, "L3"),
        home=home,
    )
