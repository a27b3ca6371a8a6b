"""A province with its custodian, begun for each test."""

from collections.abc import Iterator

import pytest

from tests.node.custodian.stage import Chain, finance_chain, province_chain


@pytest.fixture
def province() -> Iterator[Chain]:
    chain = province_chain()
    chain.begin(chain.genesis())
    yield chain
    chain.executor.close()


@pytest.fixture
def finance() -> Iterator[Chain]:
    chain = finance_chain()
    chain.begin(chain.genesis())
    yield chain
    chain.executor.close()
