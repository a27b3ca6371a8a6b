"""One cluster of four validators for all tests of a module; each leaves it as it found it."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from testnet.faults.cluster import Cluster, lay_out
from testnet.faults.load import Load

ALL = (0, 1, 2, 3)
_FIRST = count(0, 20_000)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    found = lay_out(tmp_path_factory.mktemp("cluster"))
    with found.running():
        yield found
        found.restore()
        assert found.differing_heights() == []
        assert min(found.check_stores()) > 1


@pytest.fixture
def restored(cluster: Cluster) -> Iterator[None]:
    """Whatever a test did to the cluster ends with it, even if it failed."""
    yield
    cluster.restore()


@pytest.fixture
def load(cluster: Cluster) -> Callable[[], Load]:
    """Makes a load of transactions that no other test of this process hands in."""

    def make() -> Load:
        addresses = [member.addresses()["grpc"] for member in cluster.members]
        return Load(addresses, threads=4, first=next(_FIRST))

    return make
