"""Members come and go during the storm: governance's own transactions, on the real contract."""

from contracts.governance import requests
from contracts.governance.records import KeyRecord, key_key
from ledger.records import decode
from tests.contracts.harness import key_bytes
from tests.simulation import workload
from tests.simulation.choice import between, pick
from tests.simulation.fakes import FakeSigner

MEMBERS_MIN = 3
POWER_MAX = 3
GOVERNOR = "governor"


class Governance:
    """Proposes changes that keep the chain alive; the contract decides what becomes of them."""

    def __init__(self, world) -> None:
        self._world = world
        self._number = 0

    def trouble(self) -> None:
        """One change of the set: add, remove, weigh anew or rotate."""
        best = self._best()
        if best is None:
            return
        members = best.executor.validators(best.height() + 2).validators
        keys = {member.public_key for member in members}
        outside = [node for node in self._world.honest if node.key not in keys and node.alive]
        inside = [node for node in self._world.honest if node.key in keys]
        choice = self._world.choice
        action = pick(choice, ("power", "add", "remove", "rotate"))
        if action == "power" and inside:
            change = requests.set_power(pick(choice, inside).key, between(choice, 1, POWER_MAX))
        elif action == "add" and outside:
            change = self._add(best, pick(choice, outside))
        elif action == "remove" and len(members) > MEMBERS_MIN:
            change = requests.remove(pick(choice, inside).key)
        elif action == "rotate" and outside and inside:
            change = self._rotate(best, pick(choice, inside), pick(choice, outside))
        else:
            return
        self._world.saw("membership", action)
        for node in self._world.nodes:
            self._world.saw("membership", node.step())
        self._propose(change)

    def readmit(self, node) -> None:
        """Let a node that lost its disk sign again with its new record, if it is up."""
        best = self._best()
        if best is None or not node.alive or node.driver is None:
            return
        if best.executor.validators(best.height() + 1).index(node.key) is None:
            return
        record = node.driver.signing_record
        if best.executor.signing_record(node.key, best.height() + 1) == record:
            return
        signer = FakeSigner(node.key)
        change = requests.readmit(
            workload.CHAIN,
            signer,
            best.height(),
            epoch=self._epoch(best, node.key),
            signing_record=record,
        )
        self._world.saw("membership", "readmit")
        self._propose(change)

    def _best(self):
        up = [node for node in self._world.honest if node.alive and node.driver is not None]
        return max(up, key=lambda node: node.height(), default=None)

    def _epoch(self, best, key: bytes) -> int:
        raw = best.executor.tree.get(key_key(key))
        return 1 if raw is None else decode(KeyRecord, raw).epoch + 1

    def _proof(self, best, node) -> dict:
        record = node.driver.signing_record if node.driver is not None else b""
        return {"epoch": self._epoch(best, node.key), "signing_record": record}

    def _add(self, best, node):
        power = between(self._world.choice, 1, POWER_MAX)
        signer = FakeSigner(node.key)
        proof = self._proof(best, node)
        return requests.add(workload.CHAIN, signer, power, best.height(), **proof)

    def _rotate(self, best, old, new):
        proof = self._proof(best, new)
        signer = FakeSigner(new.key)
        return requests.rotate(workload.CHAIN, old.key, signer, best.height(), **proof)

    def _propose(self, change) -> None:
        self._number += 1
        request = requests.propose([change])
        raw = workload.signed(
            key_bytes(GOVERNOR), "governance.propose_validators", request, 10**6 + self._number
        )
        self._world.offer(raw)
