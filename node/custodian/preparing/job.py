"""One request to prepare: its caller is known, its options were read by the table of kinds."""

from collections.abc import Callable
from dataclasses import dataclass

from contracts.framework import Identity
from faults import Rejected
from node.codes import REQUEST_INVALID
from proto.services_pb2 import PrepareRequest


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a kind: what it says, and the check that its text has to pass."""

    name: str
    about: str
    check: Callable[[str], object]  # raises ValueError with a reason, without the value
    required: bool = True


@dataclass(frozen=True, slots=True)
class Job:
    """A request whose caller and options were checked."""

    request: PrepareRequest
    identity: Identity

    @property
    def signer(self) -> bytes:
        """The key that will sign the bodies."""
        return self.request.signer

    @property
    def document(self) -> bytes:
        """The document's original bytes."""
        return self.request.document

    def text(self, name: str) -> str:
        """An option's text; "" when it isn't given."""
        return self.request.options.get(name, "")

    def number(self, name: str) -> int:
        """A whole number that its option checked."""
        return int(self.text(name))

    @property
    def bill(self) -> tuple[str, str]:
        """Bill code and number from the options `code` and `number`."""
        return self.text("code"), self.text("number")


def check_options(request: PrepareRequest, options: tuple[Option, ...]) -> None:
    """Raise Rejected(REQUEST_INVALID) for an option that is missing, malformed or unknown."""
    known = {option.name for option in options}
    if any(name not in known for name in request.options):
        takes = ", ".join(option.name for option in options) or "none"
        raise Rejected(
            REQUEST_INVALID, field="options", reason=f"unknown; this kind takes: {takes}"
        )
    for option in options:
        given = request.options.get(option.name, "")
        if not given:
            if option.required:
                raise Rejected(REQUEST_INVALID, field=f"options.{option.name}", reason="required")
            continue
        try:
            option.check(given)
        except ValueError as wrong:
            raise Rejected(
                REQUEST_INVALID, field=f"options.{option.name}", reason=str(wrong)
            ) from None
