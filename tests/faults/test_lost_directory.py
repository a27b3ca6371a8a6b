"""A validator that lost its data directory follows the chain and signs nothing (FAULTS 20)."""

import shutil
from pathlib import Path

import pytest

from ledger.certificate import Certificate
from ledger.validators import Validator, ValidatorSet
from testnet.faults.cluster import Cluster, lay_out
from tests.faults.conftest import ALL

pytestmark = [pytest.mark.processes, pytest.mark.slow]

VICTIM = 1


def signers(cluster: Cluster, height: int) -> set[bytes]:
    """The keys whose signatures are in any validator's certificate of a block."""
    validators = ValidatorSet(tuple(Validator(key, 1) for key in sorted(cluster.keys)))
    found: set[bytes] = set()
    for number in ALL:
        certificate = Certificate.decode(cluster.client(number).block(height).certificate)
        bits = int.from_bytes(certificate.bitmap, "little")
        found |= {
            one.public_key for index, one in enumerate(validators.validators) if bits >> index & 1
        }
    return found


@pytest.mark.covers(row=20)
def test_who_lost_all_follows_and_does_not_sign(tmp_path: Path) -> None:
    cluster = lay_out(tmp_path)
    with cluster.running():
        cluster.grows(ALL, 3)
        before = cluster.height(0)
        assert any(cluster.keys[VICTIM] in signers(cluster, h) for h in range(1, before + 1))
        victim = cluster.members[VICTIM]
        victim.kill()
        killed_at = max(cluster.heights([0, 2, 3]))
        for part in ("store", "consensus"):
            shutil.rmtree(victim.home / part)
        victim.start()
        victim.addresses()
        cluster.grows(ALL, 5, 60)
        heights = range(killed_at + 2, cluster.height(VICTIM) + 1)
        assert len(heights) >= 3
        assert all(cluster.keys[VICTIM] not in signers(cluster, height) for height in heights)
        victim.kill()
        victim.start()
        victim.addresses()
        cluster.grows(ALL, 3, 60)
        assert cluster.keys[VICTIM] not in signers(cluster, cluster.height(VICTIM))
        assert cluster.differing_heights() == []
