"""What holds for every test."""

import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# A machine that is busy is no reason to fail.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture(autouse=True)
def own_path() -> Iterator[None]:
    """A folder that a test's own code was imported from is no place where the next one looks for modules."""
    before = list(sys.path)
    yield
    sys.path[:] = before
