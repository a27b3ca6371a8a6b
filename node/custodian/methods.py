"""The contracts' declared methods by name: who may call them, and their request messages."""

from contracts.codes import UNKNOWN_METHOD
from contracts.framework import Method
from contracts.registry import all_methods
from faults import Rejected

_METHODS = {(contract, declared.name): declared for contract, declared in all_methods()}


def find_method(contract: str, method: str) -> Method:
    """The declared method; Rejected(UNKNOWN_METHOD) when there is none."""
    found = _METHODS.get((contract, method))
    if found is None:
        raise Rejected(UNKNOWN_METHOD, contract=contract, method=method)
    return found
