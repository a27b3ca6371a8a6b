"""Collects COMMITTED signatures into certificates. Nothing ever waits for it."""

from dataclasses import dataclass, field

from consensus.messages import Committed
from ledger.certificate import COMMITTED, Certificate
from ledger.validators import ValidatorSet

HEIGHTS_KEPT = 64
RESEND_HEIGHTS = 8


@dataclass(slots=True)
class Finality:
    """The COMMITTED signatures of recent heights. Signatures are checked before they come here."""

    chain_id: str
    decided: dict[int, bytes] = field(default_factory=dict)
    """Hash of what we committed, by height."""
    complete: dict[int, Certificate] = field(default_factory=dict)
    """Certificates that are done."""
    own: dict[int, Committed] = field(default_factory=dict)
    """What we signed, to be sent again until the certificate is there."""
    _signed: dict[int, dict[bytes, Committed]] = field(default_factory=dict)

    def wants(self, message: Committed, committed: int) -> bool:
        """Whether the message is of a height we collect for, and new."""
        height = message.height
        if not committed - HEIGHTS_KEPT < height <= committed + 2 or height in self.complete:
            return False
        return message.validator not in self._signed.get(height, {})

    def said(self, message: Committed) -> Committed | None:
        """What its validator said of that height before, if we still know."""
        return self._signed.get(message.height, {}).get(message.validator)

    def add(self, message: Committed) -> bool:
        """Take a checked signature; False if it is under another hash than what we committed.

        That is said by a faulty validator, or else this chain has forked: worth an alarm.
        """
        self._signed.setdefault(message.height, {})[message.validator] = message
        return self.decided.get(message.height) in (None, message.block_hash)

    def committed(self, height: int, block_hash: bytes) -> None:
        """We committed this block; old heights are forgotten."""
        self.decided[height] = block_hash
        kept: tuple[dict[int, object], ...] = (
            self.decided,  # type: ignore[assignment]
            self.complete,
            self.own,
            self._signed,
        )
        for known in kept:
            for old in [number for number in known if number <= height - HEIGHTS_KEPT]:
                del known[old]

    def finish(self, height: int, validators: ValidatorSet) -> Certificate | None:
        """The certificate of a height, once its signatures reach a quorum, and only then once."""
        block_hash = self.decided.get(height)
        if block_hash is None or height in self.complete:
            return None
        signatures: dict[int, bytes] = {}
        for key, message in sorted(self._signed.get(height, {}).items()):
            index = validators.index(key)
            if index is not None and message.block_hash == block_hash:
                signatures[index] = message.signature
        if not validators.has_quorum(sum(validators.validators[i].power for i in signatures)):
            return None
        self.complete[height] = Certificate.assemble(
            kind=COMMITTED,
            chain_id=self.chain_id,
            height=height,
            round=0,
            block_hash=block_hash,
            validators=validators,
            signatures=signatures,
        )
        return self.complete[height]

    def lacking(self) -> list[int]:
        """The latest heights we committed that have no COMMITTED certificate yet."""
        missing = [height for height in sorted(self.decided) if height not in self.complete]
        return missing[-RESEND_HEIGHTS:]
