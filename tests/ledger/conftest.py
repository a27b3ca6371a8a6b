"""What the tests of this room share."""

import pytest

from crypto.suites import GM, INTL, Suite


@pytest.fixture(params=[GM, INTL], ids=lambda suite: suite.name)
def suite(request: pytest.FixtureRequest) -> Suite:
    chosen: Suite = request.param
    return chosen
