"""A contract's method and its rpc have one name in two spellings: `issue_blue` and `IssueBlue`."""

import re


def rpc_name(method: str) -> str:
    """The rpc of a method."""
    return "".join(part.capitalize() for part in method.split("_"))


def method_name(rpc: str) -> str:
    """The method of an rpc."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", rpc).lower()
