"""What viewers are told, and what it costs when nobody looks."""

import time
from typing import Any

import pytest
from tests.dashboard_world import FakeTarget
from tests.functional.dashboard.reading import Stream, wait_for, watching

from evenly.core.status import EnvironmentState, PartState, PartStatus
from evenly.errors import StateError


def test_who_comes_is_told_all_that_is_known(target: FakeTarget, url: str) -> None:
    first = target.happen("instance i-1 launching", instance="i-1", zone="local-a")
    with watching(url) as stream:
        assert [stream.next() and stream.names()[-1] for _ in range(3)] == ["hello", "drill", "view"]
        (_, hello), (_, drill), (_, view) = stream.events
    assert (hello["name"], hello["environment"], hello["url"]) == ("shop", "local", "https://localhost:8443/")
    assert (hello["production"], hello["rates"], hello["history"]) == (False, [200], [])
    assert [it["number"] for it in hello["events"]] == [first.number]
    assert {"kind": "zone", "what": "the last zone is lost, with all its instances"} in hello["drills"]
    assert (drill["state"], drill["lines"]) == ("idle", [])
    assert view["status"]["desired"] == 4 and view["release"]["number"] == 3 and not view["stale"]


def test_a_change_is_told_within_a_second(target: FakeTarget, url: str) -> None:
    with watching(url) as stream:
        stream.until("view")
        began = time.monotonic()
        target.change(state=EnvironmentState.DEGRADED)
        target.happen("instance i-2 exited")
        stream.until("view", lambda it: it["status"]["state"] == "degraded")
        assert time.monotonic() - began < 1
        told = [data for name, data in stream.events if name == "events"]
        told = told or [stream.until("events")]
    assert [it["what"] for it in told[0]] == ["instance i-2 exited"]


def test_a_quiet_environment_is_told_every_two_seconds(url: str) -> None:
    with watching(url) as stream:
        stream.until("view")
        began = time.monotonic()
        stream.until("view")
        stream.until("view")
        assert 3.0 < time.monotonic() - began < 5.0


def test_traffic_comes_twice_a_second_and_is_kept_for_who_comes_later(target: FakeTarget, url: str) -> None:
    with watching(url) as stream:
        stream.until("traffic")
        target.serve_requests(100, errors=10)
        point = stream.until("traffic", lambda it: it["requests_per_s"])
        assert point["errors_per_s"] == pytest.approx(point["requests_per_s"] / 10)
        assert 0 < point["p50_ms"] <= point["p99_ms"] <= 2.5 and point["active"] == 1
        with watching(url) as second:
            assert point in second.until("hello")["history"]


def test_a_balancer_that_does_not_answer_is_a_gap(target: FakeTarget, url: str) -> None:
    with watching(url) as stream:
        stream.until("traffic", lambda it: it["requests_per_s"] == 0)
        target.counted = StateError("the balancer does not answer")
        gap = stream.until("traffic", lambda it: it["requests_per_s"] is None)
        assert set(gap.values()) == {None, gap["at"]}


def test_without_a_supervisor_it_is_stale_and_without_all_it_is_down(target: FakeTarget, url: str) -> None:
    with watching(url) as stream:
        stream.until("view")
        target.change(supervisor=PartStatus(PartState.DOWN, None))
        assert stream.until("view", lambda it: it["stale"])["problem"]
        target.told = StateError("there is no environment here")
        gone = stream.until("view", lambda it: it["status"] is None)
        assert (gone["problem"], gone["stale"]) == ("There is no environment here.", False)


def test_a_defect_is_said_once_in_the_log_and_the_view_goes_on(
    target: FakeTarget, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    status = target.told
    with watching(url) as stream:
        stream.until("view")
        target.told = target.counted = ZeroDivisionError("a defect")
        assert "went wrong" in stream.until("view", lambda it: it["status"] is None)["problem"]
        stream.until("view")
        target.told = status
        stream.until("view", lambda it: it["status"] is not None)
    assert caplog.text.count("ZeroDivisionError: a defect") == 1


def test_nobody_is_asked_while_nobody_looks(target: FakeTarget, url: str) -> None:
    time.sleep(0.6)
    assert target.asked == 0
    with watching(url) as stream:
        stream.until("view")
    asked = target.asked
    wait_for(lambda: target.asked == asked)
    time.sleep(0.6)
    before = target.asked
    time.sleep(0.8)
    assert target.asked == before


def test_it_is_asked_once_for_all(target: FakeTarget, url: str) -> None:
    streams = [Stream(url) for _ in range(5)]
    for stream in streams:
        stream.until("view")
    before = target.asked
    time.sleep(2)
    assert target.asked - before <= 9
    for stream in streams:
        stream.close()


def test_who_comes_back_is_told_what_is_and_not_what_was(target: FakeTarget, url: str) -> None:
    with watching(url) as stream:
        stream.until("view")
    time.sleep(0.4)
    target.change(desired=7)
    target.happen("while nobody looked")
    with watching(url) as stream:
        hello = stream.until("hello")
        assert [it["what"] for it in hello["events"]] == ["while nobody looked"]
        assert stream.until("view")["status"]["desired"] == 7


def test_a_viewer_who_does_not_read_holds_up_nobody_and_is_sent_away(target: FakeTarget, serve: Any) -> None:
    url, dashboard = serve()
    target.happen("x" * 400_000)
    with watching(url) as stuck, watching(url) as stream:
        stuck.stop_reading()
        stream.until("hello")
        for number in range(500):  # how much the system keeps for it is the system's to say
            target.happen(f"{number} {'y' * 60_000}")
            stream.until("events", within_s=2)
            if len(dashboard.board._viewers) == 1:
                break
        assert len(dashboard.board._viewers) == 1
    wait_for(lambda: not dashboard.board.is_looking)


def test_a_viewer_who_is_gone_is_noticed(target: FakeTarget, serve: Any) -> None:
    url, dashboard = serve()
    streams = [Stream(url) for _ in range(3)]
    for stream in streams:
        stream.until("view")
    for stream in streams[:2]:
        stream.close()
    wait_for(lambda: len(dashboard.board._viewers) == 1)
    assert dashboard.board.is_looking
    streams[2].close()
    wait_for(lambda: not dashboard.board.is_looking)


def test_who_leaves_before_the_first_look_is_noticed_too(target: FakeTarget, serve: Any) -> None:
    url, dashboard = serve()
    for _ in range(20):
        Stream(url).close()
    wait_for(lambda: not dashboard.board.is_looking)
    with watching(url) as stream:
        stream.until("view")
