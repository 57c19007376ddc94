"""The access log: a line for each request, whoever answered it, and none lost where it is turned over under load."""

import asyncio
import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from evenly.local.logs.rotation import Bounds
from evenly.local.paths import Paths
from evenly.local.supervisor.logkeeping import LogKeeping

KEYS = {
    "time",
    "request_id",
    "client",
    "method",
    "host",
    "path",
    "protocol",
    "tls",
    "user_agent",
    "status",
    "flags",
}
KEYS |= {"details", "bytes_received", "bytes_sent", "duration_ms", "attempts", "upstream", "instance", "zone"}


@pytest.fixture
def logs(world) -> Path:
    paths = Paths(world.folder, world.folder, world.folder)
    paths.logs.mkdir()
    world.settings = replace(world.settings, access_log=paths.logs / "access.log")
    return paths.logs


def lines(logs: Path) -> list[dict]:
    return [json.loads(line) for file in logs.glob("access.log*") for line in file.read_text().splitlines()]


async def test_every_request_has_a_line_whoever_answered(world, client, logs):
    instance = await world.instance(1)
    await world.start_balancer([instance.endpoint])
    await world.until_healthy(instance)
    await client.get(
        f"{world.url}/echo?token=secret", {"Referer": "https://else.where/?q=secret", "User-Agent": "me"}
    )
    await client.get(world.plain_url, {"Host": "evil.com"})
    await world.until(lambda: len(lines(logs)) >= 2)
    served, refused = sorted(lines(logs), key=lambda it: it["status"])
    assert served.keys() == refused.keys() == KEYS
    assert "secret" not in json.dumps(served)
    assert (served["path"], served["status"], served["attempts"]) == ("/echo", 200, 1)
    assert (served["instance"], served["zone"]) == (instance.endpoint.id, "local-a")
    assert (served["protocol"], served["tls"], served["user_agent"]) == ("HTTP/1.1", "TLSv1.3", "me")
    assert (refused["status"], refused["instance"], refused["tls"]) == (400, None, None)
    assert refused["details"] == "direct_response"


async def test_no_request_and_no_line_is_lost_where_the_log_turns_over(world, client, logs):
    instance = await world.instance(1)
    await world.start_balancer([instance.endpoint])
    await world.until_healthy(instance)
    keeping = LogKeeping(
        Paths(world.folder, world.folder, world.folder), frozenset, Bounds(file_bytes=20_000, older=200)
    )
    asked = 0
    for _ in range(5):
        answers = await asyncio.gather(*(client.get(f"{world.url}/echo?{n}") for n in range(100)))
        assert {it.status for it in answers} == {200}
        asked += len(answers)
        await world.until(lambda: (logs / "access.log").exists() or list(logs.glob("access.log.1")))
        await asyncio.to_thread(keeping.look, frozenset())
    await world.until(lambda: len(lines(logs)) == asked)
    assert len(list(logs.glob("access.log*"))) > 1
    assert len({it["request_id"] for it in lines(logs)}) == asked
