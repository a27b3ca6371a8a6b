"""Who may ask the custodian, and how that is known.

A prepared body is worth nothing until the named signer signs it, so preparing asks only that the
signer could call the method on the chain. What answers with plaintext asks for the caller's own
signature over the request. Callers are told apart by their TLS certificates once the node serves
mutual TLS: this is where that check belongs.
"""

from contracts.bridge.contract import ROUTER_ROLE
from contracts.framework import Identity, Rule
from contracts.identity import signer_identity
from contracts.state_view import StateView
from crypto import Suite, tagged
from faults import Rejected
from node.custodian.chain_reader import ChainReader
from node.custodian.codes import BAD_REQUEST_SIGNATURE, CALLER_NOT_ALLOWED
from node.custodian.methods import find_method

CUSTODIAN_ROLE = "custodian"
REQUEST_TAG = "yilian/custodian-request/v1"


class _State:
    """The chain's committed state as contracts read it."""

    def __init__(self, chain: ChainReader) -> None:
        self._chain = chain

    def get(self, key: str) -> bytes | None:
        return self._chain.state(key)


class Callers:
    """Checks callers against the identities of the chain and the contracts' own rules."""

    def __init__(self, suite: Suite, chain: ChainReader, org: str) -> None:
        self._suite = suite
        self._chain = chain
        self._org = org

    def may_call(self, signer: bytes, contract: str, method: str) -> Identity:
        """The signer's identity, if the method's rule lets it call; Rejected otherwise."""
        identity = signer_identity(StateView(_State(self._chain)), signer)
        find_method(contract, method).rule.check(identity)
        return identity

    def own_router(self, key: bytes) -> Identity:
        """This organisation's router; Rejected(CUSTODIAN_CALLER_NOT_ALLOWED) for anyone else's."""
        identity = signer_identity(StateView(_State(self._chain)), key)
        Rule(roles=(ROUTER_ROLE,)).check(identity)
        if identity.org != self._org:
            raise Rejected(CALLER_NOT_ALLOWED, org=identity.org)
        return identity

    def check_signature(self, key: bytes, message: bytes, signature: bytes) -> None:
        """Raise Rejected(BAD_REQUEST_SIGNATURE) unless `key` signed the tagged message."""
        if not self._suite.verify(key, tagged(REQUEST_TAG, message), signature):
            raise Rejected(BAD_REQUEST_SIGNATURE)


def is_custodian(identity: Identity) -> bool:
    """Whether the identity may open accounts and attach objects to them."""
    return CUSTODIAN_ROLE in identity.roles
