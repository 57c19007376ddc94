"""A balancer that does not answer: one that hangs is killed, one that only waits for its turn is left to serve."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from evenly.core.fleet import Fleet, Health, ProcessRef, ZoneFact
from evenly.core.handover import Epoch, Handover
from evenly.core.parts import Part
from evenly.local.balancer.admin import AdminError
from evenly.local.processes import main_thread_s
from evenly.local.supervisor.attention import BUSY_S, SILENT_S
from evenly.local.supervisor.looking import Background, HealthLooks

BUSY = "while True: pass"


@pytest.fixture
def process() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen([sys.executable, "-c", BUSY]) as busy:
        yield busy
        busy.kill()


@dataclass
class Balancer:
    answers: bool = False
    handover: Handover = field(default_factory=Handover)

    async def health(self, fleet: Fleet) -> Mapping[str, Health]:
        if not self.answers:
            raise AdminError("the balancer does not answer", Path("admin.sock"))
        return {}


@dataclass
class Keeper:
    part: Part
    killed: list[str] = field(default_factory=list)

    def kill(self, why: str) -> None:
        self.killed.append(why)


@dataclass
class World:
    """`at`: what the clock says when the balancer is asked next."""

    keeper: Keeper
    balancer: Balancer = field(default_factory=Balancer)
    now: float = 0.0
    looks: Any = None

    def __post_init__(self) -> None:
        background = Background()
        self.looks = HealthLooks(self.balancer, self.keeper, lambda seen: None, background, lambda: self.now)  # type: ignore[arg-type]

    async def at(self, now: float) -> list[str]:
        self.now = now
        self.looks.look_if_due(Fleet(0, 1, (ZoneFact("local-a"),)))
        await asyncio.sleep(0.01)
        return self.keeper.killed


def world(process: "subprocess.Popen[bytes]") -> World:
    return World(Keeper(Part(ProcessRef(process.pid, "t"), ready=True)))


async def test_one_that_hangs_is_killed(process: "subprocess.Popen[bytes]") -> None:
    stop(process)
    seen = world(process)
    assert await seen.at(10) == []
    assert await seen.at(10 + SILENT_S) == []
    assert await seen.at(11 + SILENT_S) == ["did not answer for 6 s"]


async def test_one_that_has_no_turn_on_a_busy_machine_is_left_alone_for_long(
    process: "subprocess.Popen[bytes]",
) -> None:
    seen = world(process)
    await seen.at(10)
    while not works(process):
        await asyncio.sleep(0.01)
    assert await seen.at(11 + SILENT_S) == []
    assert await seen.at(10 + BUSY_S) == []
    assert await seen.at(11 + BUSY_S) == ["did not answer for 31 s"]


async def test_an_answer_in_between_begins_it_anew(process: "subprocess.Popen[bytes]") -> None:
    stop(process)
    seen = world(process)
    await seen.at(10)
    seen.balancer.answers = True
    await seen.at(14)
    seen.balancer.answers = False
    assert await seen.at(16) == []
    assert await seen.at(16 + SILENT_S) == []
    assert await seen.at(17 + SILENT_S) != []


async def test_another_process_has_its_own_patience(process: "subprocess.Popen[bytes]") -> None:
    stop(process)
    seen = world(process)
    await seen.at(10)
    seen.keeper.part = Part(ProcessRef(process.pid, "another"), ready=True)
    assert await seen.at(11 + SILENT_S) == []


async def test_while_another_takes_over_silence_is_none_of_its_own(
    process: "subprocess.Popen[bytes]",
) -> None:
    stop(process)
    seen = world(process)
    await seen.at(10)
    seen.balancer.handover = Handover(next=Epoch(ProcessRef(2**30, "t"), 1, "digest", 0.0))
    assert await seen.at(20 + SILENT_S) == []
    seen.balancer.handover = Handover()
    assert await seen.at(21 + SILENT_S) == []
    assert await seen.at(22 + 2 * SILENT_S) != []


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Returns when it has been stopped in truth."""
    process.send_signal(signal.SIGSTOP)
    os.waitpid(process.pid, os.WUNTRACED)


def works(process: "subprocess.Popen[bytes]") -> bool:
    return main_thread_s(process.pid) > 0.5
