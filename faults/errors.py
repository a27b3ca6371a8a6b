"""The five families of errors. Anything else that escapes a room is a bug."""

from faults.codes import Code


class Rejected(Exception):
    """The input is wrong or not allowed now. Nothing was changed; the sentence says what to do.

    `fields` say what it is about (an element, a configuration key, an amount in fen) and never hold
    personal data: they are shown, logged and, for refused operations, kept in receipts.
    """

    def __init__(self, code: Code, **fields: str | int) -> None:
        self.code = code
        self.fields: dict[str, str] = {name: str(value) for name, value in sorted(fields.items())}
        about = ", ".join(f"{name}={value}" for name, value in self.fields.items())
        super().__init__(f"{code.name}: {code.en}" + (f" ({about})" if about else ""))


class PeerFault(Exception):
    """A remote peer broke the protocol: score it and drop the connection."""

    def __init__(self, code: Code, detail: str = "") -> None:
        self.code = code
        super().__init__(f"{code.name}: {code.en}" + (f" ({detail})" if detail else ""))


class Misuse(Exception):
    """Our own caller broke a function's contract: a bug to fix, not a condition to handle."""


class InvariantBroken(BaseException):
    """Something that can't be is. The process stops; it is never caught and passed over.

    It derives from BaseException so that no `except Exception` between here and the process's end
    can swallow it.
    """


class StorageFault(BaseException):
    """The disk did not do as asked: stop, acknowledge nothing, never retry the same write."""
