"""Puts one environment's supervisor together: reads its files, adopts what runs, wires the parts, and runs.

A concern is a module of its own. Here it has a line where it is made, and one where it is told what happens.
"""

import os
import time
from collections.abc import Coroutine, Iterator
from typing import Protocol

from evenly.core.fleet import Fleet, Instance, Outdated, find
from evenly.core.scalingfacts import scaling_policy
from evenly.core.status import PartState, PartStatus
from evenly.local import control, processes
from evenly.local.balancer.admin import AdminClient
from evenly.local.jobs.telling import job_statuses
from evenly.local.paths import Paths
from evenly.local.processes import Command, Marked
from evenly.local.reporting import environment_status
from evenly.local.settings import make_runtime
from evenly.local.supervisor.balancer import BALANCER_ROLE, Balancer
from evenly.local.supervisor.companion import hold_watchdog
from evenly.local.supervisor.credentials import Certificates, certificate_names
from evenly.local.supervisor.database import DATABASE_ROLE, Database, database_of
from evenly.local.supervisor.diagnosis import never_healthy
from evenly.local.supervisor.endings import ending
from evenly.local.supervisor.ground import stand_on
from evenly.local.supervisor.hands import InstanceHands
from evenly.local.supervisor.jobs import Jobs
from evenly.local.supervisor.keeper import Keeper
from evenly.local.supervisor.logkeeping import LogKeeping
from evenly.local.supervisor.ownedge import OwnEdge
from evenly.local.supervisor.parts import PartKeeper
from evenly.local.supervisor.problems import Problems, sentence
from evenly.local.supervisor.record import adopt
from evenly.local.supervisor.recording import Recorder
from evenly.local.supervisor.renewal import Renewal
from evenly.local.supervisor.scaling import Scaling
from evenly.local.supervisor.supervision import Supervision, policy
from evenly.local.supervisor.workers import Workers
from evenly.local.surroundings import Surroundings, surroundings


class Held(Protocol):
    """What a part keeper holds: how to start it, and how to tell that it works."""

    async def command(self) -> Command: ...

    async def wait_ready(self) -> None: ...


class Supervisor:
    """The supervisor of the environment at `paths`. To be made inside a running event loop."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._ground = ground = stand_on(paths)
        self._topology = ground.topology
        self._journal = ground.journal
        self._reasons: dict[str, str] = {}
        self._recorder = Recorder(ground)
        own = OwnEdge(paths, ground.release.manifest, ground.journal)
        self._certificates = Certificates(
            paths, certificate_names(ground.topology, ground.settings), ground.journal, own
        )
        self._balancer = Balancer(paths, ground.topology, ground.settings, self._certificates)
        self._database = database_of(paths, ground.release, ground.secrets)
        self._balancer_keeper = self._part(BALANCER_ROLE, self._balancer)
        self._database_keeper = self._database_part()
        self._keepers = tuple(filter(None, (self._balancer_keeper, self._database_keeper)))
        self._problems = Problems(paths, ground.journal, self._keepers)
        self._hands = self._instance_hands()
        self._supervision = self._compose()
        self._renewal = self._renewing()
        self._workers = Workers(ground, self._recorder, self._around, self._supervision.background.start)
        self._jobs = self._scheduled()
        self._scaling = self._scaled()

    async def run(self) -> None:
        """Hold the environment until this process is ended from outside."""
        make_runtime(self._paths.runtime)
        self._journal.write("supervisor", pid=os.getpid())
        self._adopt()
        for work in self._work():
            self._supervision.background.start(self._problems.guard(work))
        async with await control.serve(self._paths.control_socket, self._answer):
            await self._supervision.run()

    def _work(self) -> Iterator[Coroutine[None, None, None]]:
        """What goes on beside the loop, for as long as this supervisor lives."""
        for keeper in self._keepers:
            yield keeper.run()
        yield self._prepare_launches()
        yield self._renewal.run()
        yield self._workers.run()
        yield self._jobs.run()
        if self._scaling:
            yield self._scaling.run()
        yield LogKeeping(self._paths, self._recorder.writing).run()
        yield hold_watchdog(self._paths, self._ground.watches, self._journal)

    # --- what there is

    def _compose(self) -> Supervision:
        fleet = self._recorder.record.fleet
        keeper = Keeper(fleet, policy(self._topology), self._hands, time.monotonic, may_launch=False)
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
            changed=self._part_changed,
            watches=self._ground.watches,
            journal=self._journal,
            clock=time.monotonic,
        )

    def _database_part(self) -> PartKeeper | None:
        """What holds the database, where it is ours to hold."""
        return self._part(DATABASE_ROLE, self._database) if isinstance(self._database, Database) else None

    def _instance_hands(self) -> InstanceHands:
        return InstanceHands(
            paths=self._paths,
            topology=self._topology,
            around=self._around,
            journal=self._journal,
            watches=self._ground.watches,
            files=self._certificates.variables,
            publish=self._balancer.publish,
            record=lambda fleet: self._recorder.save(fleet=fleet),
            exited=self._instance_exited,
            killing=self._note_reason,
        )

    def _scheduled(self) -> Jobs:
        return Jobs(
            self._ground,
            around=self._around,
            zones=lambda: self._supervision.keeper.fleet.zones,
            was_down=self._recorder.was_down,
            beside=self._supervision.background.start,
        )

    def _scaled(self) -> Scaling | None:
        """What moves the count, where the manifest asks for it."""
        policy = scaling_policy(self._topology.count)
        if policy is None:
            return None
        return Scaling(
            policy,
            admin=AdminClient(self._paths.admin_socket),
            fleet=lambda: self._supervision.keeper.fleet,
            hold=self._supervision.scale,
            recorder=self._recorder,
            journal=self._journal,
        )

    def _renewing(self) -> Renewal:
        keeper, secured = self._supervision.keeper, self._topology.app.protocol == "https"
        return Renewal(
            self._certificates,
            self._journal,
            instances=lambda: keeper.fleet.instances if secured else (),
            outdated=lambda ids, why: self._supervision.tell(Outdated(ids, why)),
        )

    def _around(self) -> Surroundings:
        """What every process of the app finds around it."""
        database = self._database.variables() if self._database else {}
        return surroundings(self._paths, self._ground.release, self._ground.secrets, database)

    # --- what runs already

    def _adopt(self) -> None:
        """Take over what runs, and note what ended while nobody looked."""
        marked = processes.find_marked(self._paths.home)
        self._adopt_fleet(marked)
        self._workers.adopt(marked)
        self._jobs.adopt(marked)
        for keeper in self._keepers:
            for found in processes.mains(marked, keeper.name)[:1]:
                self._journal.write(f"adopt-{keeper.name}", pid=found.process.pid)
                keeper.adopt(found.process)
        self._recorder.save_parts(self._keepers)

    def _adopt_fleet(self, marked: tuple[Marked, ...]) -> None:
        adopted = adopt(self._recorder.record.fleet, marked, time.monotonic())
        self._supervision.keeper.fleet = adopted.fleet
        for instance in adopted.fleet.instances:
            self._journal.write("adopt-instance", instance=instance.id)
            self._hands.adopt(instance)
        for id in adopted.lost:
            self._journal.write("lost-instance", instance=id)
        self._recorder.save(fleet=adopted.fleet)

    # --- what happens

    async def _prepare_launches(self) -> None:
        """Instances are launched when the database is ready for their release: roles made, migrations applied."""
        release = self._ground.release.number
        if self._database and self._recorder.record.prepared != release:
            if self._database_keeper:
                await self._database_keeper.until_ready()
            for step in await self._database.prepare():
                self._journal.write("migrate", file=step)
            self._recorder.save(prepared=release)
        self._supervision.allow_launches()
        self._workers.allow_starts()
        self._jobs.allow_starts()

    def _part_changed(self) -> None:
        self._recorder.save_parts(self._keepers)
        self._supervision.changed()

    def _note_reason(self, instance: Instance, why: str) -> None:
        if not instance.given_up:
            self._reasons[instance.id] = why
            return
        self._reasons[instance.id] = never_healthy(
            instance, self._topology.health, self._topology.app.protocol
        )

    def _instance_exited(self, id: str, code: int | None) -> None:
        instance = find(self._supervision.keeper.fleet, id)
        after_s = time.monotonic() - instance.launched_at if instance else 0.0
        why = self._reasons.pop(id, None) or ending(code, after_s)
        self._certificates.forget(id)
        self._supervision.instance_ended(id, why, after_s)

    # --- what is asked

    async def _answer(self, request: control.Request) -> control.Report:
        self._supervision.control(request)
        self._workers.control(request)
        self._jobs.control(request)
        return self._report(self._supervision.keeper.fleet)

    def _report(self, fleet: Fleet) -> control.Report:
        problem = self._problems.current()
        return control.Report(
            status=environment_status(
                self._paths,
                self._ground.settings,
                self._topology,
                fleet,
                balancer=self._balancer_keeper.part,
                database=self._database_keeper.part if self._database_keeper else None,
                supervisor=PartStatus(PartState.RUNNING, os.getpid()),
                problem=sentence(fleet, problem) or self._certificates.own.problem,
                workers=self._workers.fleets,
                jobs=job_statuses(self._jobs.states, time.time()),
                notices=self._renewal.notices,
                scaling=self._scaling.status if self._scaling else None,
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
