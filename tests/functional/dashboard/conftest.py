"""A dashboard of a target in memory, served for real."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.dashboard_world import FakeTarget, served

from evenly.dashboard.app import Dashboard

Serve = Callable[..., tuple[str, Dashboard]]


@pytest.fixture
def target() -> FakeTarget:
    return FakeTarget()


@pytest.fixture
def serve(target: FakeTarget, tmp_path: Path) -> Iterator[Serve]:
    """Serves `target` until the test ends; `drill`: a script in the place of `evenly drill`."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(served(target, tmp_path, **options))


@pytest.fixture
def url(serve: Serve) -> str:
    return serve()[0]
