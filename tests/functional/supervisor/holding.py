"""A supervisor's workers and jobs over real processes, in a folder of their own, without balancer and database."""

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from evenly.core.fleet import ProcessRef, ZoneFact
from evenly.core.jobs import JobState
from evenly.core.topology import Topology, local_topology
from evenly.local import processes
from evenly.local.control import RunJob, SetZone
from evenly.local.paths import Paths, local_paths
from evenly.local.processes import Watches
from evenly.local.settings import Release, Settings, make_folders, timestamp_now
from evenly.local.supervisor.ground import Ground
from evenly.local.supervisor.jobs import Jobs
from evenly.local.supervisor.journal import Journal
from evenly.local.supervisor.recording import Recorder
from evenly.local.supervisor.workers import Workers
from evenly.local.surroundings import Surroundings
from evenly.manifest.types import Manifest

ZONES = (ZoneFact("local-a"), ZoneFact("local-b"))


@dataclass
class Wall:
    """The time of day, as told."""

    now: float = 1_772_366_400.0  # 2026-03-01 12:00 UTC

    def __call__(self) -> float:
        return self.now


class MortalWatches(Watches):
    """Bury children as any; tell a supervisor that is dead nothing."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.dead = False

    def add(
        self,
        process: ProcessRef,
        ended: Callable[[int | None], None],
        child: "subprocess.Popen[bytes] | None" = None,
    ) -> None:
        super().add(process, lambda code: None if self.dead else ended(code), child)

    def bury(self) -> None:
        for child in self._children.values():
            child.kill()
            child.wait()


@dataclass
class Home:
    """An environment's folder, and one supervisor's life after the other in it."""

    paths: Paths
    manifest: Manifest
    wall: Wall = field(default_factory=Wall)
    zones: tuple[ZoneFact, ...] = ZONES
    release: int = 1
    watches: list[MortalWatches] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def supervised(self) -> AsyncIterator["Life"]:
        """One life. It ends as by SIGKILL: nothing is told to anybody."""
        watches = MortalWatches(asyncio.get_running_loop())
        self.watches.append(watches)
        ground = _ground(self.paths, self.manifest, watches, self.release)
        recorder = Recorder(ground)
        recorder.save(fleet=replace(recorder.record.fleet, zones=self.zones))
        tasks: set[asyncio.Task[None]] = set()

        def beside(work: Coroutine[None, None, None]) -> None:
            tasks.add(asyncio.ensure_future(work))

        workers = Workers(ground, recorder, self._around(ground.topology), beside)
        jobs = Jobs(
            ground,
            around=self._around(ground.topology),
            zones=lambda: self.zones,
            was_down=recorder.was_down,
            beside=beside,
            wall_clock=self.wall,
        )
        life = Life(self, workers, jobs)
        marked = processes.find_marked(self.paths.home)
        workers.adopt(marked)
        jobs.adopt(marked)
        beside(workers.run())
        beside(jobs.run())
        workers.allow_starts()
        jobs.allow_starts()
        try:
            yield life
        finally:
            watches.dead = True
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert not [it for it in results if isinstance(it, Exception)]

    def _around(self, topology: Topology) -> Callable[[], Surroundings]:
        project = self.paths.project
        return lambda: Surroundings(
            topology, release=self.release, home=self.paths.home, project=project, folder=project
        )

    def pids(self, role: str) -> list[int]:
        found = processes.find_marked(self.paths.home)
        return [it.process.pid for it in processes.mains(found, role)]

    def clean(self) -> None:
        """End all, until there is nothing more: what is killed may just have started another."""
        while marked := processes.find_marked(self.paths.home):
            for it in marked:
                processes.send(it.process, signal.SIGKILL, group=False)
            for watches in self.watches:
                watches.bury()


@dataclass
class Life:
    """One supervisor's life."""

    home: Home
    workers: Workers
    jobs: Jobs

    def state(self, name: str) -> JobState:
        return self.jobs.states[name]

    def running(self, name: str) -> dict[str, int]:
        """The worker's processes that count as running, by zone."""
        instances = self.workers.fleets[name].instances
        return {
            zone.name: sum(it.zone == zone.name and it.state == "healthy" for it in instances)
            for zone in self.home.zones
        }

    def ask(self, name: str) -> None:
        self.jobs.control(RunJob(name))

    def set_zone(self, name: str, available: bool) -> None:
        self.home.zones = tuple(
            replace(it, available=available) if it.name == name else it for it in self.home.zones
        )
        self.workers.control(SetZone(name, available))
        self.jobs.control(SetZone(name, available))

    def advance(self, seconds: float) -> None:
        """The time of day goes on, and the jobs look at it."""
        self.home.wall.now += seconds
        self.jobs.allow_starts()

    async def until(self, condition: Callable[[], Any], within_s: float = 30.0) -> None:
        await until(condition, within_s)

    async def ended(self, name: str, count: int = 1) -> JobState:
        """The job's state when its history has so many entries."""
        await self.until(lambda: len(self.state(name).history) >= count and self.state(name).run is None)
        return self.state(name)


async def until(condition: Callable[[], Any], within_s: float = 30.0) -> None:
    latest = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < latest, "it did not happen"
        await asyncio.sleep(0.02)


def home(folder: Path, manifest: Manifest) -> Home:
    paths = local_paths(folder, folder, os.geteuid())
    make_folders(paths)
    return Home(paths, manifest)


def _ground(paths: Paths, manifest: Manifest, watches: Watches, number: int) -> Ground:
    settings = Settings(
        name="hello", release=number, https_port=1, http_port=2, runtime_root=str(paths.runtime)
    )
    release = Release(number=number, created_at="", created_by="", digest="", manifest=manifest)
    return Ground(
        paths=paths,
        settings=settings,
        release=release,
        topology=local_topology(manifest),
        secrets={},
        journal=Journal(paths.journal, timestamp_now),
        watches=watches,
    )
