"""What the benchmarks of log rotation and of WebSockets make of what they saw."""

import json
from pathlib import Path

import pytest
from bench import rotation, websockets
from bench.figures import is_met


def test_requests_are_counted_over_all_files_of_the_access_log(tmp_path: Path) -> None:
    def write(name: str, *paths: str) -> None:
        (tmp_path / name).write_text("".join(json.dumps({"path": path}) + "\n" for path in paths))

    write("access.log", "/a", "/b")
    write("access.log.1", "/a")
    write("access.log.2", "/b", "/a")
    write("balancer.log", "/a")
    assert rotation.lines_of(tmp_path, "/a") == 3


@pytest.mark.parametrize(("failed", "missing"), [(0, 0), (1, 0), (0, 1)])
def test_no_request_may_fail_and_no_line_be_missing(failed: int, missing: int) -> None:
    quiet = rotation.Seen(0, 0, 0, 2.0, 9.0)
    turned = (rotation.Seen(0, 0, 9, 2.0, 9.0), rotation.Seen(failed, missing, 9, 2.0, 9.0))
    found = rotation.findings(turned, (quiet, quiet))
    assert [is_met(each) for each in found.measures] == [None, not failed, not missing, None, None]


def test_a_connections_share_is_of_what_came_on_top() -> None:
    one = seen(1, memory_mb=80.0, lost=0)
    many = seen(1001, memory_mb=152.0, lost=0)
    (table,) = websockets.findings(one, many).tables
    assert table.rows == (("balancer", "72.0", "30.0"),)


@pytest.mark.parametrize(("lost", "met"), [(0, True), (1, False)])
def test_no_connection_may_be_lost(lost: int, met: bool) -> None:
    found = websockets.findings(seen(1, 80.0, 0), seen(1000, 152.0, lost))
    assert is_met(found.measures[0]) is met


def seen(connections: int, memory_mb: float, lost: int) -> websockets.Seen:
    held = {"balancer": websockets.Held(memory_mb, 0.3)}
    return websockets.Seen(connections, held, (100.0, 110.0), {"balancer": 30.0}, lost)
