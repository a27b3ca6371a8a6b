"""What can go wrong, in one vocabulary for the whole house.

`errors` has the five families, `codes` the stable codes with their sentences in Chinese and
English, `invariant` the check that stops the process, `failpoint` the named places where tests
kill it.
"""

from faults.codes import Code, all_codes, declare
from faults.errors import InvariantBroken, Misuse, PeerFault, Rejected, StorageFault
from faults.failpoint import failpoint
from faults.invariant import invariant

__all__ = [
    "Code",
    "InvariantBroken",
    "Misuse",
    "PeerFault",
    "Rejected",
    "StorageFault",
    "all_codes",
    "declare",
    "failpoint",
    "invariant",
]
