"""Status as text, word for word."""

from datetime import UTC, datetime

import click
from msgspec.structs import replace

from evenly.cli.screens import status_lines, verdict
from evenly.cli.words import age, count_of, duration, listed, size, table
from evenly.core.status import (
    EnvironmentState,
    EnvironmentStatus,
    PartState,
    PartStatus,
    ScalingStatus,
    ZoneStatus,
)

NOW = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
HEALTHY = """\
local is healthy: 2 of 2 instances serve, evenly over 2 zones.

  https://localhost:8443/
  http://localhost:8080/

  ZONE     INSTANCE             STATE    ADDRESS           PID   RELEASE  AGE
  local-a  i-0123456789abcdef0  healthy  127.0.1.10:20000  4242  1        5 min
  local-b  i-fedcba98765432100  healthy  127.0.1.10:20000  4242  1        5 min

  balancer    running  pid 11
  database    running  pid 12
  supervisor  running  pid 13"""
DEGRADED = """\
local is degraded: 1 of 2 instances serves; local-b is out; the database is down.
  instance i-fedcba98765432100 was killed
It is being put right. See how: evenly logs supervisor"""


def plain(lines: list[str]) -> str:
    return click.unstyle("\n".join(lines))


def test_a_healthy_environment(status: EnvironmentStatus) -> None:
    assert plain(status_lines(status, NOW)) == HEALTHY


def test_a_degraded_one_says_what_is_wrong_and_what_to_try(status: EnvironmentStatus) -> None:
    ailing = replace(
        status,
        state=EnvironmentState.DEGRADED,
        zones=(status.zones[0], ZoneStatus("local-b", False, ())),
        database=PartStatus(PartState.DOWN, None),
        problem="instance i-fedcba98765432100 was killed",
    )
    told = plain(status_lines(ailing, NOW))
    assert told.startswith(DEGRADED)
    assert "  local-b (out)  -\n" in told
    assert "  database    down\n" in told


def test_one_that_is_down_names_up(status: EnvironmentStatus) -> None:
    down = replace(status, state=EnvironmentState.DOWN)
    assert plain(status_lines(down, NOW)).startswith("local is down: nothing serves.\nTry: evenly up\n\n")


def test_where_nothing_runs_there_is_nothing_to_list(status: EnvironmentStatus) -> None:
    gone = PartStatus(PartState.DOWN, None)
    zones = tuple(replace(zone, instances=()) for zone in status.zones)
    down = replace(
        status, state=EnvironmentState.DOWN, zones=zones, balancer=gone, database=gone, supervisor=gone
    )
    assert plain(status_lines(down, NOW)) == "local is down: nothing serves.\nTry: evenly up"


def test_without_a_database(status: EnvironmentStatus) -> None:
    assert "  database    none" in plain(status_lines(replace(status, database=None), NOW))


def test_states_have_colours(status: EnvironmentStatus) -> None:
    assert verdict(status).startswith("local is \x1b[32mhealthy\x1b[0m:")


def test_words() -> None:
    assert [duration(it) for it in (-1, 59.9, 60, 7199, 86_400 * 3)] == ["0 s", "59 s", "1 min", "1 h", "3 d"]
    assert [count_of(it, "zone") for it in (0, 1, 2)] == ["0 zones", "1 zone", "2 zones"]
    assert [listed(it) for it in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert size(3 * 1024**3 / 2) == "1.5 GiB"
    assert age("yesterday", NOW) == "-"


def test_colours_do_not_bend_a_table() -> None:
    red = click.style("x", fg="red")
    assert [click.unstyle(it) for it in table([(red, "1"), ("long", "2")])] == ["x     1", "long  2"]


def test_what_scaling_sees_and_holds(status: EnvironmentStatus) -> None:
    scaling = ScalingStatus(2, 8, 43.2, 200.0, 12.5, 100, None, 60, None)
    told = plain(status_lines(replace(status, scaling=scaling), NOW))
    assert told.endswith(
        "  supervisor  running  pid 13\n"
        "  scaling     2 to 8 instances; p95 43 of 200 ms, each 12 of 100 requests a second, each - of 60 % of a core"
    )
    full = replace(scaling, limited="p95 was 312 ms, over 200 ms")
    assert plain(status_lines(replace(status, scaling=full), NOW)).endswith(
        "  more would be wanted, but that is the most: p95 was 312 ms, over 200 ms"
    )
