"""Every contract method this code knows, of every version; the registry enters them at import.

It stands apart from the registry so that governance, itself a contract, can ask what exists.
"""

from collections.abc import Iterable

from contracts.framework import Contract, Method
from faults import Misuse

_methods: dict[tuple[str, int, str], tuple[Contract, Method]] = {}


def enter(contracts: Iterable[Contract]) -> None:
    """Make these contracts known. Raises Misuse when a version of a contract is known already."""
    for contract in contracts:
        if contract.version in versions(contract.name):
            raise Misuse(f"two contracts {contract.name} of version {contract.version}")
        for name, declared in contract.methods().items():
            _methods[contract.name, contract.version, name] = (contract, declared)


def known_method(contract: str, version: int, method: str) -> tuple[Contract, Method] | None:
    """A method of one version of a contract, with the contract."""
    return _methods.get((contract, version, method))


def newest_method(contract: str, method: str) -> Method | None:
    """The newest declaration of a method; None when there is no such method."""
    known = (_methods.get((contract, version, method)) for version in versions(contract))
    return next((found[1] for found in reversed(list(known)) if found), None)


def versions(contract: str) -> tuple[int, ...]:
    """The versions of a contract that this code knows, ascending."""
    return tuple(sorted({version for name, version, _ in _methods if name == contract}))


def all_methods() -> tuple[tuple[str, Method], ...]:
    """The newest version of every method with its contract's name, in order: for the documents."""
    newest = {(name[0], name[2]): _methods[name][1] for name in sorted(_methods)}
    return tuple((contract, newest[contract, method]) for contract, method in sorted(newest))
