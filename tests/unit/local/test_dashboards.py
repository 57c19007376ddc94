"""Where the dashboard listens, and what its processes are told: files and values, no process."""

from pathlib import Path

import pytest

from evenly.errors import StateError
from evenly.local import state
from evenly.local.dashboards import (
    VERSION,
    Place,
    dashboard_command,
    drill_environment,
    open_dashboard,
    own_place,
    running_dashboard,
)
from evenly.local.paths import Paths

PLACE = Place(4711, "the-token")


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    made = Paths(tmp_path, tmp_path / ".evenly" / "local", tmp_path / "runtime")
    for folder in (made.home, made.runtime):
        folder.mkdir(parents=True)
    return made


def test_a_place_is_kept_for_its_user_alone(paths: Paths) -> None:
    assert own_place(paths) is None
    state.write(paths.dashboard, PLACE, VERSION)
    assert own_place(paths) == PLACE
    assert paths.dashboard.stat().st_mode & 0o777 == 0o600
    assert PLACE.url == "http://127.0.0.1:4711/the-token/"


@pytest.mark.parametrize("content", [b"", b"{", b'{"version": 1, "data": {"port": "x"}}'])
def test_a_damaged_one_is_kept_aside_and_none_is_known(paths: Paths, content: bytes) -> None:
    paths.dashboard.write_bytes(content)
    assert own_place(paths) is None
    assert paths.dashboard.with_name("dashboard.json.damaged-1").read_bytes() == content


def test_no_token_is_told_to_a_process(paths: Paths) -> None:
    state.write(paths.dashboard, PLACE, VERSION)
    said = {"PATH": "/bin", "AWS_SECRET_ACCESS_KEY": "s3cret", "PYTHONPATH": "/mine"}
    command = dashboard_command(paths, said)
    told = (*command.argv, *command.environment.values(), *drill_environment(paths, said).values())
    assert not any("the-token" in it or "s3cret" in it for it in told)
    assert command.environment["EVENLY_ROLE"] == "dashboard" and command.environment["PYTHONPATH"] == "/mine"
    assert drill_environment(paths, said)["EVENLY_ROLE"] == "drill"


def test_none_runs_where_none_was_started(paths: Paths) -> None:
    assert running_dashboard(paths) is None


def test_what_is_not_there_has_no_dashboard(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="no environment here"):
        open_dashboard(tmp_path)
