"""Prepare -> sign -> submit: a document becomes bodies that the caller checks and signs.

Here a document is read, its person is found, its form is committed to and its payload is sealed.
Whatever the vault has to know afterwards is durable before a body is handed out, so preparing the
same document again leads to the same account. A body says nothing about the chain's answer: what is
already there is refused by the contract, with its own code.

`kinds` is the table of what can be prepared and with which options; `preparer` answers by it. Every
other file makes the bodies of one subject out of a `job`, with what stands on the `desk`.
"""

from node.custodian.preparing.desk import Desk
from node.custodian.preparing.preparer import Preparer

__all__ = ["Desk", "Preparer"]
