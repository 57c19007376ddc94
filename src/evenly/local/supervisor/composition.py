"""Puts one environment's supervisor together: reads its files, adopts what runs, wires the parts, and runs."""

import asyncio
import os
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Protocol

from evenly.core.fleet import Fleet, Instance, ZoneFact, find
from evenly.core.status import PartState, PartStatus
from evenly.core.topology import Topology, local_topology
from evenly.errors import EvenlyError, StateError
from evenly.local import control, processes
from evenly.local.paths import Paths
from evenly.local.postgres import start_failure
from evenly.local.processes import Command, Watches
from evenly.local.releases import app_folder, migrations_folder
from evenly.local.reporting import environment_status
from evenly.local.settings import Settings, make_runtime, read_release, read_settings, timestamp
from evenly.local.state import DamagedError
from evenly.local.supervisor.balancer import BALANCER_ROLE, Balancer
from evenly.local.supervisor.companion import running_watchdog, watchdog_command
from evenly.local.supervisor.credentials import Certificates
from evenly.local.supervisor.database import DATABASE_ROLE, Database
from evenly.local.supervisor.diagnosis import never_healthy
from evenly.local.supervisor.endings import ending
from evenly.local.supervisor.hands import InstanceHands
from evenly.local.supervisor.journal import Journal
from evenly.local.supervisor.keeper import Keeper
from evenly.local.supervisor.parts import PartKeeper
from evenly.local.supervisor.record import Record, adopt, read_record, write_record
from evenly.local.supervisor.supervision import Supervision, policy
from evenly.local.waiting import LOG_LINES, tail

FAILED_STARTS = 4
RETRY_S = 1.0


class Held(Protocol):
    """What a part keeper holds: how to start it, and how to tell that it works."""

    async def command(self) -> Command: ...

    async def wait_ready(self) -> None: ...


class Supervisor:
    """The supervisor of the environment at `paths`. To be made inside a running event loop."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._journal = Journal(paths.journal, timestamp)
        self._settings = _settings(paths)
        self._release = read_release(paths, self._settings.release)
        self._topology = local_topology(self._release.manifest)
        self._watches = Watches(asyncio.get_running_loop())
        self._problem: EvenlyError | None = None
        self._reasons: dict[str, str] = {}
        self._record = self._read_record()
        self._certificates = Certificates(paths, self._topology, self._journal)
        self._balancer = Balancer(paths, self._topology, self._settings, self._certificates)
        self._database = Database.of(paths, self._topology, migrations_folder(paths, self._release))
        self._balancer_keeper = self._part(BALANCER_ROLE, self._balancer)
        self._database_keeper = self._part(DATABASE_ROLE, self._database) if self._database else None
        self._hands = self._instance_hands()
        self._supervision = self._compose()

    async def run(self) -> None:
        """Hold the environment until this process is ended from outside."""
        make_runtime(self._paths.runtime)
        self._journal.write("supervisor", pid=os.getpid())
        self._adopt()
        if self._database_keeper:
            self._background(self._database_keeper.run())
        self._background(self._balancer_keeper.run())
        self._background(self._prepare_launches())
        self._background(self._hold_watchdog())
        async with await control.serve(self._paths.control_socket, self._answer):
            await self._supervision.run()

    def _compose(self) -> Supervision:
        keeper = Keeper(
            self._record.fleet, policy(self._topology), self._hands, time.monotonic, may_launch=False
        )
        return Supervision(
            topology=self._topology,
            keeper=keeper,
            balancer=self._balancer,
            balancer_keeper=self._balancer_keeper,
            journal=self._journal,
            lose=lambda it: self._hands.kill(it, "its zone was lost"),
        )

    def _part(self, name: str, held: Held) -> PartKeeper:
        return PartKeeper(
            name,
            command=held.command,
            wait_ready=held.wait_ready,
            changed=self._changed,
            watches=self._watches,
            journal=self._journal,
            clock=time.monotonic,
        )

    def _instance_hands(self) -> InstanceHands:
        return InstanceHands(
            paths=self._paths,
            topology=self._topology,
            app_folder=app_folder(self._paths, self._release),
            journal=self._journal,
            watches=self._watches,
            database=self._database.variables if self._database else dict,
            files=self._certificates.variables,
            publish=self._balancer.publish,
            record=self._save,
            exited=self._instance_exited,
            killing=self._note_reason,
        )

    # --- what runs already

    def _read_record(self) -> Record:
        try:
            known = read_record(self._paths)
        except DamagedError as error:
            self._journal.write("damaged-record", kept_as=error.aside.name)
            known = None
        return known or Record(fleet=_new_fleet(self._topology, self._release.number))

    def _adopt(self) -> None:
        """Take over what runs, and note what ended while nobody looked."""
        marked = processes.find_marked(self._paths.home)
        adopted = adopt(self._record.fleet, marked, time.monotonic())
        self._supervision.keeper.fleet = adopted.fleet
        for instance in adopted.fleet.instances:
            self._journal.write("adopt-instance", instance=instance.id)
            self._hands.adopt(instance)
        for id in adopted.lost:
            self._journal.write("lost-instance", instance=id)
        for keeper in filter(None, (self._balancer_keeper, self._database_keeper)):
            for found in processes.mains(marked, keeper.name)[:1]:
                self._journal.write(f"adopt-{keeper.name}", pid=found.process.pid)
                keeper.adopt(found.process)
        self._save(adopted.fleet)

    # --- work beside the loop

    def _background(self, work: Coroutine[None, None, None]) -> None:
        self._supervision.background.start(self._guarded(work))

    async def _guarded(self, work: Coroutine[None, None, None]) -> None:
        """What a person can mend is kept and told; anything else ends this supervisor, for another to try."""
        try:
            await work
        except EvenlyError as error:
            self._problem = error
            self._journal.write("problem", what=str(error))

    async def _prepare_launches(self) -> None:
        """Instances are launched when the database is ready for their release: roles made, migrations applied."""
        if self._database and self._database_keeper and self._record.prepared != self._release.number:
            await self._database_keeper.until_ready()
            for step in await self._database.prepare():
                self._journal.write("migrate", file=step)
            self._record = _prepared(self._record, self._release.number)
        self._supervision.allow_launches()

    async def _hold_watchdog(self) -> None:
        own = processes.reference(os.getpid())
        while self._paths.wanted.exists():
            running = await asyncio.to_thread(running_watchdog, self._paths)
            if running is not None:
                await self._watches.end_of(running)
                continue
            try:
                started, child = processes.spawn(watchdog_command(self._paths, own))
            except OSError as error:  # no memory, no processes left: there may be later
                self._journal.write("no-watchdog", why=error.strerror)
                await asyncio.sleep(RETRY_S)
                continue
            self._journal.write("start-watchdog", pid=started.pid)
            await self._watches.end_of(started, child)

    # --- what happened

    def _part_problem(self) -> EvenlyError | None:
        """A part that does not stay up, however often it is started."""
        for keeper in filter(None, (self._balancer_keeper, self._database_keeper)):
            part = keeper.part
            if part.failures >= FAILED_STARTS and not part.ready:
                log = self._paths.logs / f"{keeper.name}.log"
                return StateError(
                    f"the {keeper.name} does not stay up: it {part.why}{_last_words(keeper.name, log)}",
                    where=str(log),
                    try_=f"Read its last lines with `evenly logs {keeper.name}`.",
                )
        return None

    def _changed(self) -> None:
        self._save(self._supervision.keeper.fleet)
        self._supervision.changed()

    def _note_reason(self, instance: Instance, why: str) -> None:
        if not instance.given_up:
            self._reasons[instance.id] = why
            return
        self._reasons[instance.id] = never_healthy(instance, self._topology.health)

    def _instance_exited(self, id: str, code: int | None) -> None:
        instance = find(self._supervision.keeper.fleet, id)
        after_s = time.monotonic() - instance.launched_at if instance else 0.0
        why = self._reasons.pop(id, None) or ending(code, after_s)
        self._certificates.forget(id)
        self._supervision.instance_ended(id, why)

    def _save(self, fleet: Fleet) -> None:
        database = self._database_keeper.part.process if self._database_keeper else None
        self._record = Record(
            fleet=fleet,
            balancer=self._balancer_keeper.part.process,
            database=database,
            prepared=self._record.prepared,
        )
        try:
            write_record(self._paths, self._record)
        except OSError as error:  # a full disk, say: what runs goes on, and is found again by its marks
            print(f"{timestamp()} the record could not be written: {error}", file=sys.stderr)  # noqa: T201

    # --- what is asked

    async def _answer(self, request: control.Request) -> control.Report:
        self._supervision.control(request)
        return self._report()

    def _report(self) -> control.Report:
        fleet = self._supervision.keeper.fleet
        problem = self._problem or self._part_problem()
        return control.Report(
            status=environment_status(
                self._paths,
                self._settings,
                self._topology,
                fleet,
                balancer=self._balancer_keeper.part,
                database=self._database_keeper.part if self._database_keeper else None,
                supervisor=PartStatus(PartState.RUNNING, os.getpid()),
                problem=_sentence(fleet, problem),
            ),
            problem=problem.what if problem else None,
            problem_where=problem.where if problem else None,
            problem_try=problem.try_ if problem else None,
            failures=fleet.failures,
            failed=fleet.failed,
        )


async def hold(paths: Paths) -> None:
    """Be the supervisor of the environment at `paths`."""
    await Supervisor(paths).run()


def _settings(paths: Paths) -> Settings:
    settings = read_settings(paths)
    if settings is None:
        raise StateError("this environment was never started", where=str(paths.home), try_="Run `evenly up`.")
    return settings


def _new_fleet(topology: Topology, release: int) -> Fleet:
    zones = tuple(ZoneFact(zone.name) for zone in topology.zones)
    return Fleet(desired=topology.count.minimum, release=release, zones=zones)


def _prepared(record: Record, release: int) -> Record:
    return Record(fleet=record.fleet, balancer=record.balancer, database=record.database, prepared=release)


def _last_words(part: str, log: Path) -> str:
    """What PostgreSQL said when it gave up; the balancer's log is not that easy to quote."""
    if part != DATABASE_ROLE:
        return ""
    return f" ({start_failure(chr(10).join(tail(log, LOG_LINES))).what})"


def _sentence(fleet: Fleet, problem: EvenlyError | None) -> str | None:
    if problem:
        return str(problem)
    return f"instance {fleet.failed.id} {fleet.failed.why}" if fleet.failed else None
