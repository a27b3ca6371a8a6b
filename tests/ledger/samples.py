"""Sample chains for the tests of this room: fixed keys, real signatures, real trees."""

from dataclasses import dataclass, field

from crypto.ports import Signer
from crypto.suites import Suite
from ledger import records
from ledger.block import Block, Header, block_hash, history_leaf, transactions_root
from ledger.certificate import COMMITTED, Certificate, committed_bytes, precommit_bytes
from ledger.evidence import (
    StateEvidence,
    TransactionPart,
    build_evidence,
    transaction_part,
)
from ledger.genesis import Genesis, GenesisValidator, dump_genesis, genesis_hash
from ledger.kv import MemoryKeyValue
from ledger.merkle import HashLog, log_path
from ledger.receipt import Receipt, events_hash, receipts_root
from ledger.records import Record
from ledger.state_tree import StateTree
from ledger.trace import EMPTY_HEAD, Event, encode_event, next_head
from ledger.transaction import encode_transaction, parse_transaction, sign_body
from ledger.validators import Validator, ValidatorSet
from proto.transaction_pb2 import TxBody

CHAIN = "yl-test"


def signer_of(suite: Suite, number: int) -> Signer:
    return suite.signer((0x1000 + number).to_bytes(32, "big"))


def members(suite: Suite, count: int, first: int = 1) -> tuple[ValidatorSet, list[Signer]]:
    """A set of `count` validators of power 10 and their signers, in the set's order."""
    signers = sorted(
        (signer_of(suite, first + i) for i in range(count)), key=lambda s: s.public_key
    )
    return ValidatorSet.of(*(Validator(s.public_key, 10) for s in signers)), signers


def certify(
    suite: Suite,
    header: Header,
    validators: ValidatorSet,
    signers: dict[int, Signer],
    *,
    kind: int = COMMITTED,
    round: int = 0,
) -> Certificate:
    hashed = block_hash(suite, header)
    if kind == COMMITTED:
        message = committed_bytes(header.chain_id, header.height, hashed)
    else:
        message = precommit_bytes(header.chain_id, header.height, round, hashed)
    return Certificate.assemble(
        kind=kind,
        chain_id=header.chain_id,
        height=header.height,
        round=round,
        block_hash=hashed,
        validators=validators,
        signatures={i: signer.sign(message) for i, signer in signers.items()},
    )


def sample_header(validators_hash: bytes, height: int = 5, **changes: object) -> Header:
    fields: dict[str, object] = {
        "chain_id": CHAIN,
        "height": height,
        "time_ms": 1_700_000_000_000 + height,
        "previous_hash": b"\x01" * 32,
        "transactions_root": b"\x02" * 32,
        "receipts_root": b"\x03" * 32,
        "state_root": b"\x04" * 32,
        "history_root": b"\x05" * 32,
        "validators_hash": validators_hash,
        "next_validators_hash": validators_hash,
        "proposer": b"\x04" + b"\x06" * 64,
    }
    return Header(**{**fields, **changes})  # type: ignore[arg-type]


def transaction_bytes(suite: Suite, signer: Signer, nonce: int, operations: int = 1) -> bytes:
    body = TxBody(
        chain_id=CHAIN,
        contract="bill",
        method="lock",
        operations=[b"operation %d" % i for i in range(operations)],
        signer=signer.public_key,
        nonce=nonce.to_bytes(16, "big"),
        last_height=100,
    )
    return encode_transaction(sign_body(signer, body.SerializeToString()))


class Thing(Record, frozen=True, kw_only=True):
    """A business object that keeps a trace."""

    name: str
    trace_count: int
    trace_head: bytes


@dataclass
class Chain:
    """A chain of blocks with one traced object, `thing/1`, changed by every transaction."""

    suite: Suite
    count: int = 4
    blocks: list[tuple[Block, tuple[Receipt, ...], Certificate]] = field(default_factory=list)
    events: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.validators, self.signers = members(self.suite, self.count)
        self.next_set, self.next_signers = self.validators, self.signers
        genesis = Genesis(
            chain_id=CHAIN,
            suite=self.suite.name,
            time_ms=1_700_000_000_000,
            org="bureau",
            validators=tuple(
                GenesisValidator(public_key=v.public_key.hex(), power=v.power)
                for v in self.validators.validators
            ),
        )
        self.genesis_file = dump_genesis(genesis)
        self.kv = MemoryKeyValue()
        self.tree = StateTree(self.kv, self.suite.hash)
        self.log = HashLog()
        self.log_nodes: dict[tuple[int, int], bytes] = {}
        self._remember(genesis_hash(self.genesis_file))
        self.kv.write(self.tree.stage(0, None, {"other/1": b"x", "other/2": b"y"}).batch)
        self.head = EMPTY_HEAD

    def add(self, operations: tuple[int, ...] = ()) -> Header:
        """One more block with a transaction of so many operations for each number."""
        height = len(self.blocks) + 1
        signer = signer_of(self.suite, 99)
        raws = tuple(
            transaction_bytes(self.suite, signer, 1000 * height + i, count)
            for i, count in enumerate(operations)
        )
        receipts = [receipt for raw in raws for receipt in self._apply(raw, height)]
        thing = Thing(name="a thing", trace_count=len(self.events), trace_head=self.head)
        writes = {"thing/1": records.encode(thing)} if raws else {}
        staged = self.tree.stage(height, height - 1, writes)
        self.kv.write(staged.batch)
        header = Header(
            chain_id=CHAIN,
            height=height,
            time_ms=1_700_000_000_000 + 1000 * height,
            previous_hash=self.last_hash,
            transactions_root=transactions_root(self.suite, raws),
            receipts_root=receipts_root(self.suite, receipts),
            state_root=staged.root,
            history_root=self.log.root(self.suite.hash),
            validators_hash=self.validators.hash(self.suite),
            next_validators_hash=self.next_set.hash(self.suite),
            proposer=self.signers[0].public_key,
        )
        quorum = dict(list(enumerate(self.signers))[: len(self.signers) * 2 // 3 + 1])
        certificate = certify(self.suite, header, self.validators, quorum)
        self.blocks.append((Block(header, raws), tuple(receipts), certificate))
        self._remember(block_hash(self.suite, header))
        self.validators, self.signers = self.next_set, self.next_signers
        return header

    def announce(self, count: int, first: int) -> None:
        """The next block announces another set, which decides the block after it."""
        self.next_set, self.next_signers = members(self.suite, count, first)

    def state(self, key: str = "thing/1") -> StateEvidence:
        block, _, certificate = self.blocks[-1]
        height = block.header.height
        proof = self.tree.prove(key, height)
        return StateEvidence(block.header, certificate, key, self.tree.get(key, height), proof)

    def part(self, height: int, index: int) -> TransactionPart:
        newest = self.blocks[-1][0].header.height
        block, receipts, _ = self.blocks[height - 1]
        path: tuple[bytes, ...] = ()
        if height < newest:
            path = log_path(
                self.suite.hash, height, newest, lambda level, i: self.log_nodes[level, i]
            )
        return transaction_part(self.suite, block, receipts, index, path)

    def evidence_file(self, key: str = "thing/1") -> bytes:
        parts = [
            self.part(block.header.height, index)
            for block, _, _ in self.blocks
            for index in range(len(block.transactions))
        ]
        return build_evidence(self.suite, self.state(key), self.events, parts)

    def _apply(self, raw: bytes, height: int) -> list[Receipt]:
        parsed = parse_transaction(raw, self.suite, chain_id=CHAIN)
        receipts = []
        for operation in range(len(parsed.body.operations)):
            event = encode_event(
                Event(
                    index=len(self.events),
                    action="lock",
                    time_ms=1_700_000_000_000 + 1000 * height,
                    height=height,
                    tx_hash=parsed.hash,
                    actor_org="bureau",
                    code="OK",
                    details={"b": "2", "a": "1"},
                )
            )
            self.events.append(event)
            self.head = next_head(self.suite.hash, self.head, event)
            hashed = events_hash(self.suite, [("thing/1", event)])
            receipts.append(Receipt(parsed.hash, operation, "OK", (), b'{"n":1}', hashed))
        return receipts

    def _remember(self, hashed: bytes) -> None:
        self.last_hash = hashed
        self.log, nodes = self.log.append_with_nodes(self.suite.hash, history_leaf(hashed))
        self.log_nodes.update(nodes)
