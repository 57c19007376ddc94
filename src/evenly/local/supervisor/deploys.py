"""Runs a deploy: keeps each phase before acting on it, sees to what it needs, and tells the fleet what is wanted.

It lives in the supervisor, so that a deploy survives the command that asked for it; and in a file, so that it survives
the supervisor.
"""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping

from msgspec.structs import replace

from evenly.core.deploying import OVER, Cohort, Deploy, Phase, Seen, Work, advance, current, wake_at, wanted
from evenly.core.fleet import Event, Fleet, Instance
from evenly.core.rollout import RolloutSet, parted, with_rollout
from evenly.core.status import LEAVING, InstanceState
from evenly.core.strategy import Step, reload_steps, return_steps, steps
from evenly.core.summary import is_evenly_full
from evenly.core.topology import local_topology
from evenly.errors import EvenlyError, StateError
from evenly.local import control
from evenly.local.control import Deploy as Asked
from evenly.local.deploybook import Book, began, ended, read_book, told, under_way, write_book
from evenly.local.releases import same_migrations
from evenly.local.settings import Release, read_release, timestamp_now
from evenly.local.supervisor.ground import Ground
from evenly.local.supervisor.storage import keeping
from evenly.local.supervisor.turns import Turns
from evenly.local.supervisor.watching import TrafficWatch
from evenly.manifest.types import Deployment

SICK_AFTER_S = 2.0
LOOK_S = 0.1

Job = Callable[[Deploy, tuple[Instance, ...]], Awaitable[None]]


class Deploys:
    """The deploy of an environment, if one is under way. `fleet`: as it is now; `tell`: what happens to it. `jobs`:
    what a phase has to do, which raises EvenlyError when it fails.

    When the new release has taken over, this supervisor ends itself, and the next one stands on that release."""

    def __init__(
        self,
        ground: Ground,
        *,
        fleet: Callable[[], Fleet],
        tell: Callable[[Event], None],
        jobs: Mapping[Phase, Job],
        watch: TrafficWatch,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ground = ground
        self._paths = ground.paths
        self._journal = ground.journal
        self._fleet = fleet
        self._tell = tell
        self._jobs = jobs
        self._watch = watch
        self._clock = clock
        self._turns = Turns()
        self._book = read_book(ground.paths)
        self._working: tuple[Phase, asyncio.Task[None]] | None = None
        self._stop: str | None = None

    @property
    def current(self) -> Deploy | None:
        return self._book.current

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should know of it, as sentences."""
        deploy = self.current
        return (told(deploy),) if deploy else ()

    def control(self, request: control.Request) -> None:
        """Do what a command asks, as far as it is about deploys. Raises StateError."""
        match request:
            case control.Deploy():
                self._begin(request)
            case control.StopDeploy(by):
                if self.current is None:
                    raise StateError("no deploy is under way", try_="See the releases: evenly releases")
                self._stop = f"It was stopped by {by}."
                self._turns.news()
            case control.Scale() if self.current:
                raise under_way(self.current)
            case _:
                pass

    async def run(self) -> None:
        """For ever."""
        if self.current:
            self._journal.write("deploy-resumed", release=self.current.release, phase=self.current.phase)
        await self._turns.run(self._turn)

    def _begin(self, asked: Asked) -> None:
        if self.current:
            raise under_way(self.current)
        fleet, release = self._fleet(), read_release(self._paths, asked.release)
        deploy = Deploy(
            release=asked.release,
            before=self._ground.release.number,
            by=asked.by,
            started_at=timestamp_now(),
            count=fleet.desired,
            steps=_steps(asked, fleet, release.manifest.deployment),
            grace_period=local_topology(release.manifest).health.grace_period,
            since=self._clock(),
            prepares=not (asked.returns or (asked.reloads and self._is_prepared_for(release))),
            gated=not asked.reloads,
        )
        self._stop = None
        self._keep(began(self._book, deploy))
        self._journal.write("deploy", release=asked.release, before=deploy.before, by=asked.by)
        self._turns.news()

    def _is_prepared_for(self, release: Release) -> bool:
        """The database needs nothing for it that it has not for the one that runs."""
        return same_migrations(self._paths, self._ground.release, release)

    def _turn(self) -> tuple[float | None, ...]:
        """One look. Returns when to look again (monotonic seconds)."""
        deploy = self.current
        if deploy is None:
            return (None,)
        self._see_to(deploy)
        now = self._clock()
        after = advance(deploy, self._seen(deploy, now), now)
        if after != deploy:
            with keeping("what is known of the deploy"):  # it stays in its phase, and looks again
                self._enter(deploy, after)
        return (wake_at(after), now + LOOK_S) if after.phase not in OVER else (None,)

    def _see_to(self, deploy: Deploy) -> None:
        """The fleet is told what is wanted, and what the phase has to do is begun."""
        fleet = self._fleet()
        rollout = with_rollout(fleet, wanted(deploy)).rollout
        if rollout != fleet.rollout:
            self._tell(RolloutSet(rollout))
        job = self._jobs.get(deploy.phase)
        if job and (self._working is None or self._working[0] is not deploy.phase):
            new = parted(fleet, rollout)[1] if rollout else ()
            task = asyncio.ensure_future(self._work(job, deploy, new))
            self._working = (deploy.phase, task)

    async def _work(self, job: Job, deploy: Deploy, new: tuple[Instance, ...]) -> None:
        try:
            await job(deploy, new)
        finally:
            self._turns.news()

    def _seen(self, deploy: Deploy, now: float) -> Seen:
        fleet = self._fleet()
        rollout = fleet.rollout or wanted(deploy)
        old, new = parted(fleet, rollout)
        return Seen(
            old=_cohort(fleet, old, rollout.old, now),
            new=_cohort(fleet, new, rollout.new, now),
            failures=rollout.failures,
            failed=rollout.failed,
            work=self._worked(deploy.phase),
            alarm=self._watch.alarm(deploy, new, now),
            stop=self._stop,
        )

    def _worked(self, phase: Phase) -> Work | None:
        if phase not in self._jobs:
            return Work()
        if self._working is None or self._working[0] is not phase or not self._working[1].done():
            return None
        error = self._working[1].exception()
        if error is None:
            return Work()
        if not isinstance(error, EvenlyError):
            raise error
        return Work(f"{f'{error.where}: ' if error.where else ''}{error.what}")

    def _enter(self, before: Deploy, after: Deploy) -> None:
        """Raises OSError where that can't be kept; then it is not entered."""
        if after.phase is Phase.UNDONE:
            self._tell(RolloutSet(None))
            self._keep(ended(self._book, after, timestamp_now()))
            self._stop = None
        else:
            self._keep(began(self._book, after))
        if self._working and self._working[0] is not after.phase:
            self._working[1].cancel()
            self._working = None
        self._note(before, after)
        if after.phase is Phase.DONE:
            os.kill(os.getpid(), signal.SIGTERM)
        elif after.phase is not Phase.UNDONE:
            self._turns.news()

    def _note(self, before: Deploy, after: Deploy) -> None:
        if after.why and not before.why:
            self._journal.write("deploy-failed", release=after.release, why=after.why)
        step = current(after)
        facts = {"new": step.new, "old": step.old, "share": step.share, "seconds": step.hold_s}
        self._journal.write(f"deploy-{_word(after)}", release=after.release, before=after.before, **facts)

    def _keep(self, book: Book) -> None:
        """What is not written down is not so. Raises OSError."""
        write_book(self._paths, book)
        self._book = book


def _steps(asked: Asked, fleet: Fleet, how: Deployment) -> tuple[Step, ...]:
    if asked.reloads:
        return reload_steps(fleet.desired)
    return return_steps(fleet.desired) if asked.returns else steps(how, fleet.desired, len(fleet.zones))


def _word(deploy: Deploy) -> str:
    """The journal's word: traffic that is given by count or by share reads differently."""
    if deploy.phase is Phase.HOLDING and current(deploy).share is None:
        return "holding-all" if current(deploy).old == 0 else "holding-some"
    return str(deploy.phase)


def _cohort(fleet: Fleet, instances: tuple[Instance, ...], count: int, now: float) -> Cohort:
    own = replace(fleet, instances=instances, desired=count, rollout=None)
    sick = next((it.id for it in instances if _is_sick(it, now)), None)
    serving = sum(it.state is InstanceState.HEALTHY for it in instances)
    staying = sum(it.state not in LEAVING for it in instances)
    return Cohort(serving, staying, is_evenly_full(own), sick)


def _is_sick(instance: Instance, now: float) -> bool:
    return instance.state is InstanceState.UNHEALTHY and now - instance.since >= SICK_AFTER_S
