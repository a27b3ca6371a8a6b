"""Commits blocks, says COMMITTED afterwards, and gathers what the others say into certificates."""

import logging
from collections.abc import Callable

from consensus.application import Application
from consensus.checks import Checks
from consensus.codes import BLOCK_UNPROVED
from consensus.finality import RESEND_HEIGHTS, Finality
from consensus.messages import BlockRequest, Committed, CommittedCertificate, encode
from consensus.network import Network, PeerId
from consensus.signing import Notary
from consensus.witness import Witness
from faults import PeerFault, Rejected, failpoint, invariant
from ledger.block import Block, block_hash
from ledger.certificate import COMMITTED, Certificate, verify_certificate

_log = logging.getLogger(__name__)


class Committer:
    """What happens to a block once it is decided, here or by certificate. Never waits for a peer.

    `alarm` is called with a COMMITTED message under another hash than the one committed here.
    """

    def __init__(
        self,
        application: Application,
        notary: Notary | Witness,
        checks: Checks,
        network: Network,
        alarm: Callable[[object], None],
    ) -> None:
        self._application = application
        self._notary = notary
        self._checks = checks
        self._network = network
        self._alarm = alarm
        self._finality = Finality(checks.chain_id)

    def commit(self, block: Block, certificate: Certificate) -> None:
        """Commit durably, then sign and send COMMITTED if its certificate isn't complete yet."""
        height = block.header.height
        failpoint("consensus.commit.before")
        self._application.commit(block, certificate)
        failpoint("consensus.commit.after")
        invariant(self._application.height() == height, "a committed block is the last one")
        self._look_for_own(height, certificate)
        self._finality.committed(height, certificate.block_hash)
        if certificate.kind == COMMITTED:
            self._finality.complete[height] = certificate
        else:
            self._say_committed(height, certificate.block_hash)

    def recall(self) -> None:
        """At the start: learn which of the latest blocks lack their COMMITTED certificate.

        For the last one a crash may have come between committing and signing: sign it now.
        """
        top = self._application.height()
        for height in range(max(1, top - RESEND_HEIGHTS + 1), top + 1):
            stored = self._application.block(height)
            if stored is None:
                continue
            block, certificate = stored
            digest = block_hash(self._checks.suite, block.header)
            self._finality.committed(height, digest)
            if height == top:  # it may have come as a snapshot, which nobody looked at here
                self._look_for_own(height, certificate)
            if certificate.kind == COMMITTED:
                self._finality.complete[height] = certificate
            elif height == top:
                self._say_committed(height, digest)

    def resend(self) -> None:
        """Say again what may have been lost, and ask for certificates that others have by now."""
        for height in self._finality.lacking():
            own = self._finality.own.get(height)
            if own is not None:
                self._network.broadcast(encode(own))
            elif height < self._application.height():
                self._network.broadcast(encode(BlockRequest(height, 1)))

    def take(self, peer: PeerId, message: Committed) -> None:
        """A validator's COMMITTED; who still collects what we have complete gets that instead."""
        earlier = self._finality.said(message)
        if earlier is not None and earlier.block_hash != message.block_hash:
            self._checks.committed(message, self._application.validators(message.height))
            self._alarm((earlier, message))
            return
        done = self._finality.complete.get(message.height)
        if done is not None:
            answer = CommittedCertificate(message.height, done.encode())
            self._network.send(peer, encode(answer))
            return
        if not self._finality.wants(message, self._application.height()):
            return
        self._checks.committed(message, self._application.validators(message.height))
        if self._finality.add(message):
            self._attach(message.height)
        else:
            self._alarm(message)

    def take_certificate(self, height: int, encoded: bytes) -> None:
        """A complete certificate for a block we committed; PeerFault if it is not valid."""
        digest = self._finality.decided.get(height)
        if digest is None or height in self._finality.complete:
            return
        try:
            certificate = Certificate.decode(encoded)
            ours = (self._checks.chain_id, height, digest)
            if certificate.kind != COMMITTED or ours != (
                certificate.chain_id,
                certificate.height,
                certificate.block_hash,
            ):
                return
            validators = self._application.validators(height)
            verify_certificate(self._checks.suite, validators, certificate)
        except Rejected as refusal:
            raise PeerFault(BLOCK_UNPROVED, refusal.fields.get("reason", "")) from None
        self._hand_over(height, certificate)

    def _look_for_own(self, height: int, certificate: Certificate) -> None:
        """A signature of ours that our record does not know of: the record is not the newest."""
        index = self._application.validators(height).index(self._notary.key)
        if index in certificate.signers and not self._notary.saw_own_signature(height):
            record = self._notary.signing_record.hex()
            fields = {"height": height, "key": record}
            _log.error("signing.record_lost", extra={"yilian_fields": fields})

    def _say_committed(self, height: int, digest: bytes) -> None:
        if self._application.validators(height).index(self._notary.key) is not None:
            failpoint("consensus.committed.before_sign")
            try:
                own = self._notary.sign_committed(height, digest)
            except Rejected as refusal:
                _log.info(
                    "committed.not_signed",
                    extra={"yilian_fields": {"height": height, "code": refusal.code.name}},
                )
                return
            self._finality.own[height] = own
            self._finality.add(own)
            self._network.broadcast(encode(own))
        self._attach(height)

    def _attach(self, height: int) -> None:
        validators = self._application.validators(height)
        certificate = self._finality.finish(height, validators)
        if certificate is not None:
            self._hand_over(height, certificate)

    def _hand_over(self, height: int, certificate: Certificate) -> None:
        failpoint("consensus.committed.before_attach")
        self._application.attach_committed(height, certificate)
        failpoint("consensus.committed.after_attach")
        self._finality.complete[height] = certificate
        self._finality.own.pop(height, None)
