"""The sender against a server whose latency and failures are known."""

import asyncio
import resource
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from evenly.errors import UsageError
from evenly.verify.load import Fault, LoadPlan, send

Serve = Callable[..., Awaitable[Any]]  # see conftest.py: a KnownServer


async def quickly(_: int) -> int:
    return 200


async def in_20_ms(_: int) -> int:
    await asyncio.sleep(0.02)
    return 200


async def test_an_even_load_arrives_whole_and_its_latency_is_the_servers(serve: Serve) -> None:
    server = await serve(in_20_ms)
    result = await send(LoadPlan(server.url, rate=100, duration_s=2))
    assert (result.requests, server.requests, result.failed) == (200, 200, ())
    assert result.by_status == {200: 200}
    assert result.by_instance == {"i-0": 100, "i-1": 100}
    assert result.by_zone == {"local-a": 200}
    assert 20 <= result.latency.p50_ms < 100
    assert [second.requests for second in result.timeline] == [100, 100]


async def test_connections_are_kept(serve: Serve) -> None:
    server = await serve(quickly)
    await send(LoadPlan(server.url, rate=100, duration_s=1))
    assert server.connections < 50


async def test_connections_are_opened_before_the_first_request_is_due_and_used(serve: Serve) -> None:
    server = await serve(in_20_ms)
    opened: list[int] = []
    plan = LoadPlan(server.url, rate=100, duration_s=1, connections=25)
    result = await send(plan, begins=lambda: opened.append(server.connections))
    assert opened == [25]
    assert (result.requests, server.requests, result.failed) == (100, 100, ())
    assert server.connections <= 50


async def test_where_no_connection_comes_the_load_begins_and_tells(unused_tcp_port: int) -> None:
    plan = LoadPlan(f"http://127.0.0.1:{unused_tcp_port}/", rate=10, duration_s=0.5, connections=10**6)
    result = await asyncio.wait_for(send(plan), 10)
    assert result.by_fault == {Fault.REFUSED: 5}


async def test_every_kind_of_failure_is_counted_once_and_nothing_is_tried_twice(serve: Serve) -> None:
    async def script(number: int) -> int | None:
        match number % 10:
            case 3:
                return 503
            case 5:
                return None
            case 7:
                await asyncio.sleep(1.2)
        return 200

    server = await serve(script)
    result = await send(LoadPlan(server.url, rate=50, duration_s=2, timeout_s=0.8))
    faults = sorted((failure.what, failure.status) for failure in result.failed)
    assert faults == [(Fault.BROKEN, None)] * 10 + [(Fault.STATUS, 503)] * 10 + [(Fault.TIMEOUT, None)] * 10
    assert result.requests == server.requests == 100
    assert result.by_status == {200: 70, 503: 10}
    assert all(0.8 <= f.at_s - f.due_s < 1.8 for f in result.failed if f.what is Fault.TIMEOUT)


async def test_a_redirect_is_not_followed_and_is_no_success(serve: Serve) -> None:
    async def moved(_: int) -> int:
        return 301

    server = await serve(moved)
    result = await send(LoadPlan(server.url, rate=10, duration_s=0.5))
    assert result.by_status == {301: 5}
    assert len(result.failed) == server.requests == 5


async def test_where_nothing_listens_every_request_is_refused(unused_tcp_port: int) -> None:
    result = await send(LoadPlan(f"http://127.0.0.1:{unused_tcp_port}/", rate=50, duration_s=1))
    assert [failure.what for failure in result.failed] == [Fault.REFUSED] * 50
    assert result.longest_gap_s == result.ended_s


async def test_a_stalled_second_is_felt_by_every_request_that_was_due_in_it(serve: Serve) -> None:
    resumed: list[float] = []

    async def stalls(number: int) -> int:
        if number == 50:
            resumed.append(time.monotonic() + 1.0)
        if resumed:
            await asyncio.sleep(resumed[0] - time.monotonic())
        return 200

    server = await serve(stalls)
    result = await send(LoadPlan(server.url, rate=100, duration_s=3))
    assert (result.requests, result.failed) == (300, ())
    # A closed loop would have sent one request in that second, and shown a p95 of a healthy server.
    assert result.latency.p99_ms > 900
    assert result.latency.p90_ms > 600
    assert 0.9 < result.longest_gap_s < 3
    assert result.timeline[0].latency.max_ms > 900 > 500 > result.timeline[2].latency.p50_ms


async def test_a_sender_that_was_held_up_voids_the_run(serve: Serve) -> None:
    server = await serve(quickly)
    asyncio.get_running_loop().call_later(0.3, time.sleep, 0.2)  # blocks the loop on purpose
    result = await send(LoadPlan(server.url, rate=100, duration_s=1))
    assert 0.15 < result.lateness_s < 5
    assert result.latency.max_ms > 150  # from when it was due, not from when it was sent
    assert result.void
    assert result.requests == 100


async def test_stop_ends_it_early_and_what_is_under_way_still_counts(serve: Serve) -> None:
    server = await serve(in_20_ms)
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.5, stop.set)
    result = await asyncio.wait_for(send(LoadPlan(server.url, rate=50, duration_s=60), stop), 10)
    assert 0 < result.requests == server.requests < 100
    assert result.failed == ()


async def test_cancelling_leaves_no_connection_open(serve: Serve) -> None:
    under_way = asyncio.Event()

    async def script(number: int) -> int:
        if number == 10:
            under_way.set()
        return await in_20_ms(number)

    server = await serve(script)
    running = asyncio.create_task(send(LoadPlan(server.url, rate=50, duration_s=60)))
    await under_way.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await asyncio.wait_for(server.all_closed(), 10)


async def test_a_run_without_free_descriptors_is_void() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.create_server(("127.0.0.1", 0), backlog=200) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        resource.setrlimit(resource.RLIMIT_NOFILE, (silent.fileno() + 20, hard))
        try:
            result = await send(LoadPlan(url, rate=100, duration_s=1, timeout_s=0.5))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert {failure.what for failure in result.failed} == {Fault.SENDER, Fault.TIMEOUT}
    assert result.void == "The sender had no file descriptors left."


async def test_over_tls_only_the_given_authority_is_trusted(serve: Serve, authority: Any) -> None:
    server = await serve(quickly, authority.server)
    trusted = await send(LoadPlan(server.url, rate=50, duration_s=0.5, ca_file=authority.file))
    assert (trusted.requests, trusted.failed) == (25, ())
    untrusted = await send(LoadPlan(server.url, rate=50, duration_s=0.2))
    assert {failure.what for failure in untrusted.failed} == {Fault.TLS}


@pytest.mark.parametrize("url", ["localhost:8443", "ftp://localhost/", "https://", "http://[::1/", ""])
async def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="is no address to send to"):
        await send(LoadPlan(url, rate=1, duration_s=1))
