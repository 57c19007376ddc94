"""The live view's picture at any size, and its numbers."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from msgspec.structs import replace
from rich.console import Console

from evenly.cli.drawing import Note, Scene, draw
from evenly.core.status import (
    EnvironmentStatus,
    JobStatus,
    Outcome,
    PartState,
    PartStatus,
    PastRun,
    WorkerStatus,
)
from evenly.core.traffic import Rates

RATES = Rates(512.34, 0.5, 2.0, 4.25, 9.0, error_share=0.001, errors=3, active=7)
EVENTS = tuple((f"12:00:{number:02d}", f"event {number}") for number in range(60))


def scene(status: EnvironmentStatus | None, *, stops: bool = True, rates: Rates | None = RATES) -> Scene:
    return Scene("shop", status, rates, EVENTS, datetime(2026, 3, 1, 12, 5, tzinfo=UTC), stops)


def drawn(scene: Scene, width: int = 80, height: int = 24) -> list[str]:
    console = Console(file=StringIO(), width=width, height=height, legacy_windows=False, color_system=None)
    with console.capture() as captured:
        console.print(draw(scene, width, height))
    return captured.get().splitlines()


def test_it_shows_zones_instances_traffic_parts_and_events(status: EnvironmentStatus) -> None:
    lines = drawn(scene(status))
    assert lines[0].split() == [
        *("shop", "is", "healthy:", "2", "of", "2", "instances", "serving"),
        "https://localhost:8443/",
    ]
    assert (
        "requests/s 512.3" in lines[1] and "p95 4.2 ms" in lines[1] and "errors 0.10% (3 in all)" in lines[1]
    )
    picture = "\n".join(lines)
    for word in ("local-a", "local-b", "i-0123456789abcdef0 healthy 5 min", "database running", "event 59"):
        assert word in picture
    assert lines[-1] == " Ctrl-C stops it. Data stays."


@pytest.mark.parametrize("width", [40, 80, 120, 200])
@pytest.mark.parametrize("height", [14, 24, 40])
@pytest.mark.parametrize("count", [0, 1, 4, 40])
def test_it_fits_any_terminal(status: EnvironmentStatus, width: int, height: int, count: int) -> None:
    zones = tuple(replace(zone, instances=zone.instances * count) for zone in status.zones)
    lines = drawn(scene(replace(status, zones=zones)), width, height)
    assert len(lines) <= height
    assert all(len(line) <= width for line in lines)


@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("height", [14, 24])
def test_workers_and_jobs_have_a_line_that_fits(status: EnvironmentStatus, width: int, height: int) -> None:
    workers = (WorkerStatus("mailer", 3, {"local-a": 2}, ()),)
    last = PastRun(Outcome.LOST, None, "j-0", None, None, "local-a", 1, None, None, 1)
    jobs = (JobStatus("tidy", "0 * * * *", None, last, None),)
    zones = tuple(replace(zone, instances=zone.instances * 40) for zone in status.zones)
    lines = drawn(scene(replace(status, zones=zones, workers=workers, jobs=jobs)), width, height)
    assert len(lines) <= height
    assert any(line.startswith(" workers 2 of 3 running") for line in lines)
    assert width < 80 or any("jobs 0 of 1 running, 1 failed" in line for line in lines)


def test_what_has_no_room_is_counted(status: EnvironmentStatus) -> None:
    zones = tuple(replace(zone, instances=zone.instances * 40) for zone in status.zones)
    assert "and 29 more" in "\n".join(drawn(scene(replace(status, zones=zones))))


def test_a_zone_that_is_out_and_a_part_that_is_down(status: EnvironmentStatus) -> None:
    ailing = replace(
        status,
        zones=(status.zones[0], replace(status.zones[1], available=False, instances=())),
        supervisor=PartStatus(PartState.DOWN, None),
        database=None,
    )
    picture = "\n".join(drawn(scene(ailing, rates=None)))
    assert "local-b (out)" in picture
    assert "supervisor down" in picture
    assert "database" not in picture
    assert "the balancer does not answer yet" in picture


def test_leaving_is_told_apart_from_stopping(status: EnvironmentStatus) -> None:
    assert drawn(scene(status, stops=False))[-1] == " Ctrl-C leaves this view; it goes on running."
    assert "no environment here any more" in drawn(scene(None))[0]


@pytest.mark.parametrize("height", [14, 24, 40])
@pytest.mark.parametrize("count", [0, 1, 3, 40])
def test_what_became_of_reloads_stands_below_the_events(
    status: EnvironmentStatus, height: int, count: int
) -> None:
    notes = tuple(Note("12:04:00", f"note {number} " + "x" * 200, "failed") for number in range(count))
    lines = drawn(replace(scene(status), notes=notes), 80, height)
    assert len(lines) <= height and all(len(line) <= 80 for line in lines)
    told = [index for index, line in enumerate(lines) if "note " in line]
    events = [index for index, line in enumerate(lines) if "event " in line]
    assert events and (not told or max(events) < min(told))
    assert not count or f"note {count - 1} " in lines[max(told)]
