"""Holds the workers: each is a keeper over the worker's own fleet, whose hands start processes without a port."""

import asyncio
import secrets
import signal
import time
from collections.abc import Callable, Coroutine, Sequence

from msgspec.structs import replace

from evenly.core import workers
from evenly.core.crashes import has_crashed
from evenly.core.fleet import (
    Event,
    Exited,
    Fleet,
    Instance,
    Launched,
    Outdated,
    ProcessRef,
    Started,
    ZoneSet,
    find,
)
from evenly.core.planning import Action, FleetPolicy, Launch
from evenly.errors import UsageError
from evenly.local import control, processes
from evenly.local.processes import WORKER_MARK, Command, Marked
from evenly.local.settings import timestamp_now
from evenly.local.supervisor.endings import crash_facts, ending
from evenly.local.supervisor.ground import Ground
from evenly.local.supervisor.keeper import Keeper
from evenly.local.supervisor.logfiles import keep_newest
from evenly.local.supervisor.record import WORKER_ROLE, adopt
from evenly.local.supervisor.recording import Recorder
from evenly.local.supervisor.turns import Turns
from evenly.local.surroundings import Process, Surroundings, arguments, environment
from evenly.manifest.types import Worker

LOGS_KEPT = 20
END_POLL_S = 0.1
POLICY = FleetPolicy()
Beside = Callable[[Coroutine[None, None, None]], None]


class WorkerHands:
    """What a keeper's actions do for one worker. `exited` hears of the end of a process: (id, exit code or `None`)."""

    def __init__(
        self,
        name: str,
        worker: Worker,
        ground: Ground,
        *,
        around: Callable[[], Surroundings],
        record: Callable[[Fleet], None],
        exited: Callable[[str, int | None], None],
    ) -> None:
        self._name = name
        self._worker = worker
        self._paths = ground.paths
        self._journal = ground.journal
        self._watches = ground.watches
        self._around = around
        self._exited = exited
        self.record = record

    def begin_launch(self, fleet: Fleet, action: Launch) -> Launched:  # noqa: ARG002  a worker has no address
        id = f"w-{secrets.token_hex(9)[:17]}"
        return Launched(id, action.zone, address="", release=action.release, started_at=timestamp_now())

    def start(self, instance: Instance) -> Started | Exited:
        try:
            process, child = processes.spawn(self._command(instance))
        except UsageError as error:
            return Exited(instance.id, f"could not be started: {error.what}")
        except OSError as error:
            return Exited(instance.id, f"could not be started: {error.strerror}: {error.filename}")
        self._watches.add(process, lambda code: self._exited(instance.id, code), child)
        return Started(instance.id, process)

    def adopt(self, instance: Instance) -> None:
        if instance.process is not None:
            self._watches.add(instance.process, lambda code: self._exited(instance.id, code))

    def stop(self, instance: Instance) -> None:
        if instance.process is not None:
            processes.send(instance.process, signal.SIGTERM)

    def kill(self, instance: Instance, why: str) -> None:  # noqa: ARG002  the journal has it
        if instance.process is not None:
            processes.send(instance.process, signal.SIGKILL)

    def publish(self, fleet: Fleet) -> None:
        """Nobody has to find a worker."""

    def note(self, action: Action, id: str) -> None:
        verb = type(action).__name__.lower()
        if verb != "drain":  # a worker has no requests to finish: its stop follows at once
            zone = action.zone if isinstance(action, Launch) else None
            self._journal.write(f"{verb}-worker", worker=self._name, instance=id, zone=zone, why=action.why)

    def _command(self, instance: Instance) -> Command:
        folder = self._paths.worker_logs
        folder.mkdir(mode=0o700, exist_ok=True)
        keep_newest(folder, f"{self._name}-w-{'[0-9a-f]' * 17}.log", LOGS_KEPT)
        around = self._around()
        process = Process(
            role=WORKER_ROLE,
            id=instance.id,
            zone=instance.zone,
            variables=self._worker.variables,
            given={WORKER_MARK: self._name},
        )
        found = environment(around, process)
        return Command(
            argv=arguments(self._worker.command, around, found),
            environment=found,
            folder=around.folder,
            log=folder / f"{self._name}-{instance.id}.log",
        )


class Crew:
    """One worker: its keeper, and what happens to its processes."""

    def __init__(
        self,
        name: str,
        worker: Worker,
        ground: Ground,
        *,
        fleet: Fleet,
        around: Callable[[], Surroundings],
        record: Callable[[str, Fleet], None],
        changed: Callable[[], None],
        beside: Beside,
    ) -> None:
        self.name = name
        self._ground = ground
        self._changed = changed
        self._beside = beside
        self._hands = WorkerHands(
            name,
            worker,
            ground,
            around=around,
            record=lambda fleet: record(name, fleet),
            exited=self._exited,
        )
        self.keeper = Keeper(fleet, POLICY, self._hands, time.monotonic, may_launch=False)

    def adopt(self, marked: Sequence[Marked]) -> None:
        own = [it for it in marked if it.environment.get(WORKER_MARK) == self.name]
        adopted = adopt(self.keeper.fleet, own, time.monotonic(), WORKER_ROLE)
        self.keeper.fleet = adopted.fleet
        for instance in adopted.fleet.instances:
            self._ground.journal.write("adopt-worker", worker=self.name, instance=instance.id)
            self._hands.adopt(instance)
        for id in adopted.lost:
            self._ground.journal.write("lost-worker", worker=self.name, instance=id)
        self._hands.record(adopted.fleet)
        self._replace_others()

    def _replace_others(self) -> None:
        """What was started for another release goes, once one of this release runs in its place."""
        release = self._ground.release.number
        others = tuple(it.id for it in self.keeper.fleet.instances if it.release != release)
        if others:
            self._tell(Outdated(others, f"release {release} runs now"))

    def turn(self) -> float | None:
        """Do what is to be done now. Returns when to call again at the latest (monotonic seconds)."""
        now = time.monotonic()
        self.keeper.handle(workers.running(self.keeper.fleet, now))
        times = (self.keeper.step(), workers.look_at(self.keeper.fleet, now))
        return min((it for it in times if it is not None), default=None)

    def set_zone(self, name: str, available: bool) -> None:
        self._tell(ZoneSet(name, available))
        if not available:
            for instance in self.keeper.fleet.instances:
                if instance.zone == name:
                    self._hands.kill(instance, "its zone was lost")

    def _exited(self, id: str, code: int | None) -> None:
        instance = find(self.keeper.fleet, id)
        after_s = time.monotonic() - instance.launched_at if instance else 0.0
        why = ending(code, after_s)
        crash = crash_facts(f"worker {self.name}", after_s) if has_crashed(self.keeper.fleet, id) else {}
        self._ground.journal.write("ended-worker", worker=self.name, instance=id, why=why, **crash)
        self._beside(asyncio.to_thread(processes.end_rest, self._ground.paths.home, id))
        self._tell(Exited(id, why))

    def _tell(self, event: Event) -> None:
        self.keeper.handle(event)
        self._changed()


class Workers:
    """All workers of an environment."""

    def __init__(
        self, ground: Ground, recorder: Recorder, around: Callable[[], Surroundings], beside: Beside
    ) -> None:
        self._recorder = recorder
        self._beside = beside
        self._turns = Turns()
        self._crews = tuple(
            Crew(
                name,
                worker,
                ground,
                fleet=_known(recorder, name, worker, ground, number),
                around=around,
                record=self._record,
                changed=self._turns.news,
                beside=beside,
            )
            for number, (name, worker) in enumerate(ground.topology.workers)
        )

    def adopt(self, marked: Sequence[Marked]) -> None:
        """Take over what runs. A worker that the release does not have any more is stopped."""
        for crew in self._crews:
            crew.adopt(marked)
        known = {crew.name for crew in self._crews}
        for it in processes.mains(marked, WORKER_ROLE):
            if it.environment.get(WORKER_MARK) not in known:
                self._beside(_end(it.process))

    def allow_starts(self) -> None:
        """The database is prepared."""
        for crew in self._crews:
            crew.keeper.may_launch = True
        self._turns.news()

    def control(self, request: control.Request) -> None:
        """Do what a command asks, as far as it is about workers."""
        if isinstance(request, control.SetZone):
            for crew in self._crews:
                crew.set_zone(request.name, request.available)

    async def run(self) -> None:
        await self._turns.run(lambda: [crew.turn() for crew in self._crews])

    @property
    def fleets(self) -> dict[str, Fleet]:
        return {crew.name: crew.keeper.fleet for crew in self._crews}

    def _record(self, name: str, fleet: Fleet) -> None:
        self._recorder.save(workers={**self._recorder.record.workers, name: fleet})


async def _end(process: ProcessRef) -> None:
    """SIGTERM, and SIGKILL where that is not enough."""
    processes.send(process, signal.SIGTERM)
    until = time.monotonic() + POLICY.stop_timeout
    while processes.is_alive(process) and time.monotonic() < until:
        await asyncio.sleep(END_POLL_S)
    processes.send(process, signal.SIGKILL)


def _known(recorder: Recorder, name: str, worker: Worker, ground: Ground, number: int) -> Fleet:
    """As recorded, with the zones and the count of now. Each worker begins with another zone."""
    zones = recorder.record.fleet.zones
    first = number % len(zones)
    zones = (*zones[first:], *zones[:first])
    new = workers.worker_fleet(worker.count, ground.release.number, zones)
    known = recorder.record.workers.get(name, new)
    return replace(known, desired=new.desired, release=new.release, zones=zones)
