"""Puts one environment's supervisor together: reads its files, adopts what runs, wires the parts, and runs.

A concern is a module of its own. Here it has a line where it is made, and one where it is told what happens.
"""

import os
import time
from collections.abc import Coroutine, Iterator, Mapping

from evenly.core.fleet import Fleet, Outdated, find
from evenly.core.scalingfacts import scaling_policy
from evenly.core.status import PartState, PartStatus
from evenly.local import control, processes
from evenly.local.balancer.admin import AdminClient
from evenly.local.jobs.telling import job_statuses
from evenly.local.paths import Paths
from evenly.local.reporting import environment_status
from evenly.local.settings import make_runtime
from evenly.local.supervisor.adopting import adopt_fleet
from evenly.local.supervisor.backingup import BackingUp
from evenly.local.supervisor.balancer import Balancer
from evenly.local.supervisor.companion import companions
from evenly.local.supervisor.credentials import Certificates, certificate_names
from evenly.local.supervisor.database import Database, database_of
from evenly.local.supervisor.deploying import Releases, deploy_jobs, rollback_alarms, take_over
from evenly.local.supervisor.deploys import Deploys
from evenly.local.supervisor.diagnosis import Reasons
from evenly.local.supervisor.endings import ending
from evenly.local.supervisor.ground import stand_on
from evenly.local.supervisor.hands import InstanceHands
from evenly.local.supervisor.hotrestart import HotRestart
from evenly.local.supervisor.jobs import Jobs
from evenly.local.supervisor.keeper import Keeper
from evenly.local.supervisor.logkeeping import LogKeeping
from evenly.local.supervisor.ownedge import OwnEdge
from evenly.local.supervisor.problems import Problems, sentence
from evenly.local.supervisor.recording import Recorder
from evenly.local.supervisor.renewal import Renewal
from evenly.local.supervisor.room import Room
from evenly.local.supervisor.scaling import Scaling
from evenly.local.supervisor.standby import begin_standby
from evenly.local.supervisor.supervision import Supervision, policy
from evenly.local.supervisor.watching import TrafficWatch
from evenly.local.supervisor.workers import Workers
from evenly.local.surroundings import Surroundings


class Supervisor:
    """The supervisor of the environment at `paths`. To be made inside a running event loop."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._ground = ground = stand_on(paths)
        self._topology = ground.topology
        self._journal = ground.journal
        self._reasons = Reasons(ground.topology.health, ground.topology.app.protocol)
        self._recorder = Recorder(ground)
        own = OwnEdge(paths, ground.release.manifest, ground.journal)
        self._certificates = Certificates(
            paths, certificate_names(ground.topology, ground.settings), ground.journal, own
        )
        self._balancer = Balancer(paths, ground.topology, ground.settings, self._certificates)
        self._database = database_of(paths, ground.release, ground.secrets)
        self._hot_restart = HotRestart(ground, self._balancer, self._part_changed, self._is_free)
        self._balancer_keeper = self._hot_restart.keeper
        self._room = self._database_room()
        rooms = (self._room,) if self._room else ()
        self._problems = Problems(paths, ground.journal, (self._balancer_keeper, *rooms))
        self._releases = Releases(ground, self._database_variables)
        self._hands = self._instance_hands()
        self._supervision = self._compose()
        self._renewal = self._renewing()
        self._workers = Workers(ground, self._recorder, self._around, self._supervision.background.start)
        self._jobs = self._scheduled()
        self._watch = TrafficWatch(paths, rollback_alarms(paths))
        self._deploys = self._deploying()
        self._backing_up = BackingUp(ground, self._database, self._room)
        self._scaling = self._scaled()

    async def run(self) -> None:
        """Hold the environment until this process is ended from outside."""
        make_runtime(self._paths.runtime)
        self._journal.write("supervisor", pid=os.getpid())
        self._adopt()
        self._balancer.refresh()
        for work in self._work():
            self._supervision.background.start(self._problems.guard(work))
        async with await control.serve(self._paths.control_socket, self._answer):
            await self._supervision.run()

    def _work(self) -> Iterator[Coroutine[None, None, None]]:
        """What goes on beside the loop, for as long as this supervisor lives."""
        yield self._balancer_keeper.run()
        yield self._hot_restart.run()
        if self._room:
            yield from self._room.work()
            yield begin_standby(self._room, lambda: self._supervision.keeper.fleet)
        yield self._prepare_launches()
        yield from (self._renewal.run(), self._workers.run(), self._jobs.run(), self._deploys.run())
        yield from (self._watch.run(), self._backing_up.run())
        if self._scaling:
            yield self._scaling.run()
        yield LogKeeping(self._paths, self._recorder.writing).run()
        yield from companions(self._paths, self._ground.watches, self._journal)

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

    def _database_room(self) -> Room | None:
        """What holds the database, where it is ours to hold."""
        if not isinstance(self._database, Database):
            return None
        return Room(self._ground, self._database, self._zones_up, self._part_changed)

    def _is_free(self) -> bool:
        return self._deploys.current is None

    def _zones_up(self) -> dict[str, bool]:
        return {zone.name: zone.available for zone in self._supervision.keeper.fleet.zones}

    def _instance_hands(self) -> InstanceHands:
        return InstanceHands(
            paths=self._paths,
            topology=self._topology,
            around=self._releases.around,
            journal=self._journal,
            watches=self._ground.watches,
            files=self._certificates.variables,
            publish=self._balancer.publish,
            record=lambda fleet: self._recorder.save(fleet=fleet),
            exited=self._instance_exited,
            killing=self._reasons.note,
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

    def _deploying(self) -> Deploys:
        return Deploys(
            self._ground,
            fleet=lambda: self._supervision.keeper.fleet,
            tell=self._supervision.tell,
            jobs=deploy_jobs(self._ground),
            watch=self._watch,
        )

    def _around(self) -> Surroundings:
        """What every process of the app finds around it."""
        return self._releases.around(self._ground.release.number)

    def _database_variables(self) -> Mapping[str, str]:
        return self._database.variables() if self._database else {}

    # --- what runs already

    def _adopt(self) -> None:
        """Take over what runs, and note what ended while nobody looked."""
        marked = processes.find_marked(self._paths.home)
        adopt_fleet(self._recorder, self._supervision.keeper, self._hands, self._journal, marked)
        self._workers.adopt(marked)
        self._jobs.adopt(marked)
        self._hot_restart.adopt(marked, self._recorder)
        if self._room:
            self._room.adopt(marked)
        self._save_parts()

    # --- what happens

    async def _prepare_launches(self) -> None:
        """Instances are launched when the database is ready for their release: roles made, migrations applied."""
        release = self._ground.release.number
        if self._database and self._recorder.record.prepared != release:
            if self._room:
                await self._room.until_ready()
            for step in await self._database.prepare():
                self._journal.write("migrate", file=step)
            self._recorder.save(prepared=release)
        self._supervision.allow_launches()
        self._workers.allow_starts()
        self._jobs.allow_starts()

    def _part_changed(self) -> None:
        self._save_parts()
        self._supervision.changed()

    def _save_parts(self) -> None:
        room = self._room
        self._recorder.save(
            balancer=self._balancer_keeper.part.process,
            database=room.part.process if room else None,
            standby=room.standby if room else None,
            members=room.members if room else (),
        )

    def _instance_exited(self, id: str, code: int | None) -> None:
        instance = find(self._supervision.keeper.fleet, id)
        after_s = time.monotonic() - instance.launched_at if instance else 0.0
        why = self._reasons.forget(id) or ending(code, after_s)
        self._certificates.forget(id)
        self._supervision.instance_ended(id, why, after_s)

    # --- what is asked

    async def _answer(self, request: control.Request) -> control.Report:
        self._deploys.control(request)
        self._supervision.control(request)
        self._workers.control(request)
        self._jobs.control(request)
        if self._room:
            self._room.control(request)
        return self._report(self._supervision.keeper.fleet)

    def _report(self, fleet: Fleet) -> control.Report:
        problem = self._problems.current()
        noticing = (self._deploys, self._renewal, self._hot_restart, self._backing_up, self._problems)
        return control.Report(
            status=environment_status(
                self._paths,
                self._ground.settings,
                self._topology,
                fleet,
                balancer=self._balancer_keeper.part,
                database=self._room.part if self._room else None,
                supervisor=PartStatus(PartState.RUNNING, os.getpid()),
                problem=sentence(fleet, problem) or self._certificates.own.problem,
                workers=self._workers.fleets,
                jobs=job_statuses(self._jobs.states, time.time()),
                notices=tuple(told for it in noticing for told in it.notices),
                scaling=self._scaling.status if self._scaling else None,
                database_members=self._room.members if self._room else (),
            ),
            problem=problem.what if problem else None,
            problem_where=problem.where if problem else None,
            problem_try=problem.try_ if problem else None,
            failures=fleet.failures,
            failed=fleet.failed,
        )


async def hold(paths: Paths) -> None:
    """Be the supervisor of the environment at `paths`."""
    take_over(paths)
    await Supervisor(paths).run()
