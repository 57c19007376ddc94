"""A status to show, and a folder to run commands in."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from evenly.cli.main import run
from evenly.core.status import (
    EnvironmentState,
    EnvironmentStatus,
    InstanceState,
    InstanceStatus,
    PartState,
    PartStatus,
    Urls,
    ZoneStatus,
)


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    out: str
    err: str


@pytest.fixture
def evenly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Runs a command line in an empty folder of its own. `typed`: what its stdin holds."""
    project = tmp_path / "shop"
    project.mkdir()
    monkeypatch.chdir(project)

    def ran(*arguments: str, typed: str = "") -> Ran:
        with CliRunner().isolation(input=typed) as (out, err, _):
            code = run(arguments)
            return Ran(int(code), out.getvalue().decode(), err.getvalue().decode())

    return ran


def instance(id: str, state: InstanceState = InstanceState.HEALTHY) -> InstanceStatus:
    return InstanceStatus(id, state, 4242, "127.0.1.10:20000", 1, "2026-03-01T12:00:00.000Z")


@pytest.fixture
def status() -> EnvironmentStatus:
    return EnvironmentStatus(
        environment="local",
        target="local",
        state=EnvironmentState.HEALTHY,
        urls=Urls("https://localhost:8443/", "http://localhost:8080/"),
        ca_certificate="/shop/.evenly/local/certificates/ca.pem",
        release=1,
        desired=2,
        zones=(
            ZoneStatus("local-a", True, (instance("i-0123456789abcdef0"),)),
            ZoneStatus("local-b", True, (instance("i-fedcba98765432100"),)),
        ),
        balancer=PartStatus(PartState.RUNNING, 11),
        database=PartStatus(PartState.RUNNING, 12),
        supervisor=PartStatus(PartState.RUNNING, 13),
    )


@pytest.fixture
def plain() -> Callable[[str], str]:
    """Text without its colours."""
    return click.unstyle
