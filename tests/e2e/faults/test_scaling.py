"""The count follows the load: out before anybody fails, in slowly, and never by draining what still serves."""

import asyncio
import json
import math
import os
import re
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.e2e.environment import Environment

from evenly.local.journal import sentence
from evenly.verify._outcomes import Outcome
from evenly.verify.drilling import Sent
from evenly.verify.load import LoadPlan, Stage
from evenly.verify.sending import sending

NARROW = (Path(__file__).parents[1] / "apps" / "narrow.py").read_text()
APP = "app: {serve: 'narrow:app'}\ndatabase: null"
TARGET_MS, WITHIN_S = 200.0, 15.0
CALM_S, STEP_S, AFTER_S = 6.0, 25.0, 60.0  # the last at the most: until two are left
DRAINED_S = 2.0
CALM, STEP, AFTER = 50.0, 150.0, 20.0  # two instances bear 100 a second
VOID_RUNS = 3


@pytest.mark.timeout(600)
def test_after_a_step_p95_is_back_under_its_target_and_the_fleet_shrinks_again(
    make: Callable[..., Environment],
) -> None:
    count = f"count: {{range: 2-8, response_time: {TARGET_MS:g}ms, cooldown: {{in: 5s, out: 5s}}}}"
    made = make(f"{APP}\n{count}", files={"narrow.py": NARROW})
    made.up()
    for _ in range(VOID_RUNS):
        made.wait_for(lambda: made.look().desired == 2, 120, "two instances")
        made.wait_healthy()
        sent = asyncio.run(_step(made))
        if sent.load.void is None:
            break
    else:
        pytest.fail(f"No run counts, of {VOID_RUNS}: {sent.load.void}")
    assert sent.load.errors == 0
    assert sent.load.requests > CALM_S * CALM + STEP_S * STEP
    step = [it for it in sent.outcomes if CALM_S <= it.due_s < CALM_S + STEP_S]
    slow = [second for second, p95 in _p95_by_second(step).items() if p95 > TARGET_MS]
    assert slow, "the step was none"
    assert max(slow) < CALM_S + WITHIN_S, f"slow in the seconds {sorted(slow)}"
    entries = made.journal()
    whys = [it["why"] for it in entries if it["action"] == "scale-because"]
    assert whys[0].startswith("p95 was ") and whys[0].endswith(f", over {TARGET_MS:g} ms")
    assert "that one is known to bear" in whys[-1]
    drained = {it["instance"] for it in entries if it["action"] == "drain"}
    assert {it["instance"] for it in entries if it["action"] == "stop"} <= drained
    assert not [it for it in entries if it["action"] == "kill"]


async def _step(made: Environment) -> Sent:
    plan = LoadPlan(
        f"https://localhost:{made.https_port}/",
        CALM,
        CALM_S,
        ca_file=made.home / "certificates" / "ca.pem",
        then=(Stage(STEP, STEP_S), Stage(AFTER, AFTER_S)),
        connections=400,
    )
    async with sending(plan) as flow:
        await asyncio.sleep(CALM_S + STEP_S)
        await asyncio.to_thread(
            made.wait_for, lambda: made.look().desired == 2, AFTER_S, "two instances again"
        )
        await asyncio.sleep(DRAINED_S)
        return await flow.finish()


def _p95_by_second(outcomes: Sequence[Outcome]) -> dict[int, float]:
    """Milliseconds, of the requests that were due in each second."""
    took: dict[int, list[float]] = defaultdict(list)
    for it in outcomes:
        took[int(it.due_s)].append((it.at_s - it.due_s) * 1000)
    return {at: sorted(each)[math.ceil(0.95 * len(each)) - 1] for at, each in took.items()}


def test_it_goes_on_over_a_killed_supervisor_and_from_where_it_was_scaled_by_hand(
    make: Callable[..., Environment],
) -> None:
    count = "count: {range: 2-5, requests: 10, cpu: 90, cooldown: {in: 4s, out: 1s}}"
    made = make(f"{APP}\n{count}", files={"narrow.py": NARROW})
    made.up()
    assert "  scaling     2 to 5 instances; each " in made.run("status").stdout
    with _requests(made, 27):
        made.wait_for(lambda: made.look().desired == 3, 30, "three instances")
        made.wait_healthy()
        os.kill(made.look().supervisor.pid or 0, signal.SIGKILL)
        made.wait_for(lambda: made.look().scaling is not None, 30, "another supervisor")
        assert made.look().desired == 3
        scaled = made.run("scale", "5")
        assert scaled.returncode == 0, scaled.stderr
        assert made.look().desired == 5
        made.wait_for(lambda: made.look().desired == 4, 40, "one less")
    made.wait_for(lambda: made.look().desired == 2, 60, "the fewest")
    assert made.run("scale", "6").returncode == 2
    told = [text for entry in made.journal() if (text := sentence(entry))]
    assert "5 instances are wanted" in told
    why = r"3 instances are wanted: \d+ requests a second came to each, over 10"
    assert any(re.fullmatch(why, text) for text in told)


@contextmanager
def _requests(made: Environment, rate: float) -> Iterator[None]:
    """`rate` a second while the block lasts; none may fail."""
    load = subprocess.Popen(
        [sys.executable, "-m", "evenly", "load", "--rate", f"{rate:g}", "--for", "10m", "--json"],
        cwd=made.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with load:
        try:
            yield
        finally:
            load.send_signal(signal.SIGINT)
            told, _ = load.communicate(timeout=60)
    assert json.loads(told)["result"]["errors"] == 0
