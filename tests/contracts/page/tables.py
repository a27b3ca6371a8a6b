"""The state tables that the contracts' modules hold, for the page to draw."""

import importlib
import pkgutil

import contracts
from contracts.states import StateTable


def tables() -> list[tuple[str, StateTable]]:
    """(contract, table) for every table at the top of a module, by contract, then by name."""
    found: dict[int, tuple[str, StateTable]] = {}
    for module in pkgutil.walk_packages(contracts.__path__, "contracts."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, StateTable):
                found.setdefault(id(value), (module.name.split(".")[1], value))
    return sorted(found.values(), key=lambda one: (one[0], one[1].name))
