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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What an emulator can't show stands beside what it showed."""
    told = [it for key in ("passed", "failed") for it in terminalreporter.stats.get(key, ())]
    if any(it.nodeid.startswith("tests/functional/aws/lifecycle/") for it in told):
        from tests.functional.aws.lifecycle.leaving_out import BARE, NAMED

        terminalreporter.write_line(f"left out on MiniStack, which does not know them: {', '.join(NAMED)}")
        terminalreporter.write_line(f"there and empty in test_lifecycle: {', '.join(BARE)}")
