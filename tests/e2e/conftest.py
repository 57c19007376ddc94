"""Environments for the end-to-end tests. Other processes run such tests at the same time, a file each."""

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from tests.e2e.environment import Environment, environment

# The files that take longest, first: what is left at the end is short, and no process waits for another.
LONGEST = (
    "test_state",
    "test_setup",
    "test_upgrade",
    "test_backups",
    "test_sigkill",
    "test_broken_apps",
    "test_deploys_by_hand",
    "test_examples",
    "test_wheel",
    "test_unprivileged",
    "test_dashboard",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda it: LONGEST.index(it.path.stem) if it.path.stem in LONGEST else len(LONGEST))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What the environments of a test that failed have to say, before they are taken down."""
    report = yield
    if report.when == "call" and report.failed:
        for name, made in getattr(item, "funcargs", {}).items():
            if isinstance(made, Environment):
                report.sections.append((f"{name}: what happened last, and its problem", made.last_words()))
    return report


@pytest.fixture
def make() -> Iterator[Callable[..., Environment]]:
    """Makes environments; each is taken down after the test, and has to leave nothing."""
    with contextlib.ExitStack() as stack:
        yield lambda *words, **options: stack.enter_context(environment(*words, **options))


@pytest.fixture(scope="module")
def make_shared() -> Iterator[Callable[..., Environment]]:
    """The same, for an environment that the tests of a module share."""
    with contextlib.ExitStack() as stack:
        yield lambda *words, **options: stack.enter_context(environment(*words, **options))


@pytest.fixture
def default_ports() -> Iterator[None]:
    """For an environment whose manifest names no ports: as long as this test runs, no other test has one."""
    guard = Path(tempfile.gettempdir()) / f"e2e-default-ports-{os.geteuid()}.lock"
    with guard.open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
