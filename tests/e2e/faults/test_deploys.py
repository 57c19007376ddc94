"""Deploys under load: a good release costs nothing, each bad one is rolled back by the gate that it fails."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.e2e.environment import Environment
from tests.e2e.faults.conftest import planned

from evenly.verify.drilling import Sent
from evenly.verify.load import LoadResult
from evenly.verify.sending import READY

RATE = 500
VOID_RUNS = 4
DETECTED_S = 5.0  # a figure counts over a window of five seconds, and is read each half second
UNDONE_S = 10.0
PROGRAM = (Path(__file__).parents[1] / "apps" / "release.py").read_text()


def manifest(version: int, kind: str = "well", strategy: str = "strategy: rolling") -> str:
    return (
        "app: {command: [python3, release.py]}\ncount: {range: 4-8}\ndatabase: null\n"
        f'variables: {{VERSION: "{version}", KIND: {kind}, SLOW_S: "1.5"}}\n'
        f"deployment: {{{strategy}, bake: 4s}}\n"
    )


HTTP = "healthcheck: {grace_period: 8s}"


@pytest.fixture(scope="module")
def shop(make_shared):
    made = make_shared(manifest(1), HTTP, files={"release.py": PROGRAM})
    made.up()
    return made


@dataclass
class Load:
    """What came of 500 requests a second, from the sender of `evenly drill`. `void`: why it proves nothing."""

    result: LoadResult | None = None

    @property
    def void(self) -> str | None:
        return self.result.void if self.result else "It has not ended."

    @property
    def failed(self) -> int:
        return self.result.errors if self.result else 0

    @property
    def sent(self) -> int:
        return self.result.requests if self.result else 0

    @property
    def how(self) -> str:
        """What the failures were, and when: seconds of the load."""
        failures = self.result.failed if self.result else ()
        kinds = Counter((it.what.value, it.status) for it in failures)
        at = sorted(it.at_s for it in failures)
        return f": {dict(kinds)} from {at[0]:.2f} to {at[-1]:.2f} s" if at else ""


@contextmanager
def load(made: Environment) -> Iterator[Load]:
    """From before the block until after it."""
    seen = Load()
    command = [sys.executable, "-m", "evenly.verify.sending"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as sender:
        assert sender.stdin and sender.stdout
        sender.stdin.write(msgspec.json.encode(planned(made, RATE, None), enc_hook=str) + b"\n")
        sender.stdin.flush()
        assert sender.stdout.readline() == READY
        time.sleep(2)
        yield seen
        time.sleep(1)
        told, _ = sender.communicate(b"", timeout=60)
    seen.result = msgspec.msgpack.decode(told, type=Sent).load


@dataclass(frozen=True)
class Deployed:
    """How a deploy went. `entries`: what the supervisor wrote of it."""

    code: int
    told: str
    entries: list[dict[str, Any]]
    load: Load

    def at(self, action: str) -> float:
        """When that happened last, in seconds since 1970."""
        found = [it["at"] for it in self.entries if it["action"].startswith(action)]
        return datetime.fromisoformat(found[-1]).timestamp()

    @property
    def actions(self) -> list[str]:
        return [it["action"] for it in self.entries]


def deployed(made: Any, capsys: Any, said: str, *words: str) -> Deployed:
    """Deploy that manifest under load; again where the sender was late, from the release that runs. Other `words` can't
    be said again: what they do is done. Then a run counts whose sender was late, with fewer requests at once."""
    for _ in range(1 if words else VOID_RUNS):
        made.write_manifest(said, HTTP)
        before = len(made.journal())
        with load(made) as seen:
            done = made.run(*(words or ("deploy",)))
        entries = [
            it for it in made.journal()[before:] if it["action"].startswith(("deploy", "kill", "ended-b"))
        ]
        if not seen.void:
            break
        said = said.replace('VERSION: "', 'VERSION: "1')  # else there would be nothing to deploy
    assert words or not seen.void, f"the sender was late: {seen.void}"
    found = Deployed(done.returncode, done.stdout + done.stderr, entries, seen)
    with capsys.disabled():
        print(f"\n{said.splitlines()[3]} {seen.failed} of {seen.sent} failed{seen.how}")
        print("\n".join(f"  {it['at'][17:23]} {it['action']} {it.get('why', '')}" for it in entries))
    return found


def is_rolled_back(made: Any, found: Deployed, runs: int) -> None:
    """The release that ran before serves, alone and in full, soon after the gate failed."""
    assert found.code == 1, found.told
    assert found.at("deploy-undone") - found.at("deploy-failed") < UNDONE_S
    status = made.wait_healthy()
    assert status.release == runs
    made.wait_for(lambda: {it.release for zone in made.look().zones for it in zone.instances} == {runs})
    assert len(made.look().serving) == 4


# --- good ones


@pytest.mark.parametrize(
    "strategy",
    ["strategy: rolling", "strategy: blue-green", "strategy: canary, steps: [{weight: 10, time: 4s}]"],
)
def test_a_good_release_costs_no_request(shop, capsys, strategy):
    before = shop.look().release
    found = deployed(shop, capsys, manifest(before + 1, strategy=strategy))
    assert found.code == 0, found.told
    assert found.load.failed == 0
    status = shop.wait_healthy()
    assert status.release > before
    assert {it.release for it in status.serving} == {status.release}
    assert len(status.serving) == 4


# --- bad ones that are caught before they get traffic


@pytest.mark.parametrize(
    ("kind", "words"), [("never", "was not answered with 200"), ("broken", "synthetic gate")]
)
def test_a_release_that_is_wrong_from_the_start_costs_no_request(shop, capsys, kind, words):
    before = shop.look().release
    found = deployed(shop, capsys, manifest(before + 1, kind))
    assert found.load.failed == 0
    assert words in found.told
    assert not any(it.startswith("deploy-holding") for it in found.actions)
    is_rolled_back(shop, found, before)


# --- bad ones that show under traffic


def test_a_release_that_fails_some_requests_costs_no_more_than_its_share(shop, capsys):
    before = shop.look().release
    found = deployed(shop, capsys, manifest(before + 1, "share"))
    seconds = found.at("deploy-undoing") - found.at("deploy-holding")
    assert seconds < DETECTED_S
    assert 0 < found.load.failed <= RATE * 2 / 6 * 1 / 5 * (seconds + 0.5) * 1.2
    assert "the limit is 1 %" in found.told
    is_rolled_back(shop, found, before)


def test_a_canary_has_its_share_of_the_failures_alone(shop, capsys):
    before = shop.look().release
    canary = "strategy: canary, steps: [{weight: 10, time: 10s}]"
    found = deployed(shop, capsys, manifest(before + 1, "share", canary))
    seconds = found.at("deploy-undoing") - found.at("deploy-holding")
    assert seconds < DETECTED_S
    assert 0 < found.load.failed <= RATE * 0.1 * 1 / 5 * (seconds + 0.5) * 1.5
    is_rolled_back(shop, found, before)


def test_a_slow_release_is_rolled_back_and_fails_no_request(shop, capsys):
    before = shop.look().release
    found = deployed(shop, capsys, manifest(before + 1, "slow"))
    assert found.load.failed == 0
    assert "95 % of their requests; the limit is 1000 ms" in found.told
    is_rolled_back(shop, found, before)


def test_a_release_that_dies_after_a_while_is_rolled_back(shop, capsys):
    before = shop.look().release
    found = deployed(shop, capsys, manifest(before + 1, "mortal"))
    assert found.load.failed <= RATE * 0.02
    assert "exited with code 9" in found.told
    is_rolled_back(shop, found, before)


# --- and back


def test_a_rollback_costs_no_request(shop, capsys):
    before = shop.look().release
    found = deployed(shop, capsys, manifest(before + 50), "rollback")
    assert found.code == 0, found.told
    assert found.load.failed == 0
    after = shop.wait_healthy().release
    listed = {it["number"]: it["state"] for it in json.loads(shop.run("releases", "--json").stdout)}
    assert after < before
    assert (listed[after], listed[before]) == ("runs", "good")
