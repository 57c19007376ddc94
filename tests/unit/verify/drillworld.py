"""A small world for drills: a clock that only moves when it is slept on, a target that breaks and heals by it, and a
load whose requests fail when the target says so."""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from evenly.core.facts import Attempt, CertificateLife, Happening
from evenly.core.status import (
    DatabaseMember,
    EnvironmentState,
    EnvironmentStatus,
    InstanceState,
    InstanceStatus,
    PartState,
    PartStatus,
    Role,
    Urls,
    ZoneStatus,
)
from evenly.errors import StateError
from evenly.verify._outcomes import Fault, Outcome
from evenly.verify._schedule import Stage
from evenly.verify._tally import Tally
from evenly.verify.drilling import Range, Sent
from evenly.verify.drillresult import Kind

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
RATE = 100.0


def instance(name: str, state: InstanceState = InstanceState.HEALTHY, age_s: int = 60) -> InstanceStatus:
    started_at = (NOON - timedelta(seconds=age_s)).isoformat()
    return InstanceStatus(f"i-{name}", state, 1, "127.0.0.1:1", 1, started_at)


def zone(name: str, *instances: InstanceStatus, available: bool = True) -> ZoneStatus:
    return ZoneStatus(name, available, instances)


def members(primary: str, *, in_sync: bool = True) -> tuple[DatabaseMember, ...]:
    """In zones a and b."""
    roles = {name: Role.PRIMARY if name == primary else Role.STANDBY for name in ("a", "b")}
    return tuple(
        DatabaseMember(name, role, PartState.RUNNING, 10, in_sync and role is Role.STANDBY)
        for name, role in roles.items()
    )


def environment(*zones: ZoneStatus, **changes: object) -> EnvironmentStatus:
    """Healthy, with four instances and the database's members in two zones, unless said otherwise."""
    running = PartStatus(PartState.RUNNING, 10)
    status = EnvironmentStatus(
        environment="local",
        target="local",
        state=EnvironmentState.HEALTHY,
        urls=Urls("https://localhost:1/", "http://localhost:2/"),
        ca_certificate="ca.pem",
        release=1,
        desired=4,
        zones=zones or (zone("a", instance("a1"), instance("a2")), zone("b", instance("b1"), instance("b2"))),
        balancer=running,
        database=running,
        supervisor=running,
        database_members=members("a"),
    )
    return replace(status, **changes)


@dataclass
class FakeClock:
    """`at`: things that happen by themselves, at their times."""

    time: float = 1000.0
    at: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def now(self) -> float:
        return self.time

    def wall(self) -> datetime:
        return NOON + timedelta(seconds=self.time)

    async def sleep(self, seconds: float) -> None:
        until = self.time + seconds
        for due, happens in sorted((it for it in self.at if it[0] <= until), key=lambda it: it[0]):
            self.time = max(self.time, due)
            happens()
        self.at = [it for it in self.at if it[0] > until]
        self.time = until

    def after(self, seconds: float, happens: Callable[[], None]) -> None:
        self.at.append((self.time + seconds, happens))


@dataclass
class FakeTarget:
    """Heals what is broken after `heals_s`; never, if that is `None`. `calls`: what was asked of it, in order. `fails`:
    from and to when requests fail, as seconds of the clock. `holds`: whether the zone that returned is ever evened."""

    clock: FakeClock
    state: EnvironmentStatus = field(default_factory=environment)
    heals_s: float | None = 1.0
    fails: list[tuple[float, float]] = field(default_factory=list)
    fails_for_s: float = 0.0
    calls: list[tuple[object, ...]] = field(default_factory=list)
    journal: list[Happening] = field(default_factory=list)
    interrupt: Callable[[], None] | None = None

    environment = "local"
    kind = "local"
    is_production = False
    url = "https://localhost:1/"
    plain_url = "http://localhost:2/"
    ca_file: Path | None = None

    def status(self) -> EnvironmentStatus:
        return self.state

    def events(self, after: int = 0, since: datetime | None = None) -> Sequence[Happening]:
        since = since or NOON
        return [it for it in self.journal if it.number > after and datetime.fromisoformat(it.at) >= since]

    def happens(self, what: str, **about: object) -> None:
        number = len(self.journal) + 1
        self.journal.append(Happening(number, self.clock.wall().isoformat(), what, what, **about))

    # --- faults

    def kill_instance(self, id: str) -> None:
        self._broken("kill", id)
        self._without(id)
        self.happens("ended", instance=id, crashed="app")
        self._heal(lambda: self._with_new(id))

    def hang_instance(self, id: str) -> None:
        self._broken("hang", id)
        self.clock.after(0.5, lambda: self._change(id, InstanceState.UNHEALTHY))
        self._heal(lambda: (self._without(id), self._with_new(id)))

    def resume_instance(self, id: str) -> None:
        self.calls.append(("resume", id))

    def slow_instance(self, id: str, delay_ms: int) -> None:
        self.calls.append(("slow", id, delay_ms))

    def lose_zone(self, name: str) -> None:
        self._broken("lose", name)
        self._zones(
            lambda it: replace(it, available=False, instances=()) if it.name == name else it, healthy=False
        )
        self.happens("lost", zone=name)
        self._heal(lambda: self._fill(name))

    def return_zone(self, name: str) -> None:
        self._broken("return", name)
        self._zones(lambda it: replace(it, available=True) if it.name == name else it, healthy=False)
        self._heal(lambda: setattr(self, "state", environment()))

    def restart_database(self) -> None:
        self._part("database")

    def fail_database_over(self) -> None:
        self._broken("fail over", "database")
        down = PartStatus(PartState.DOWN, None)
        self.state = replace(self.state, database=down, state=EnvironmentState.DEGRADED)
        self.happens("ended", crashed="database")
        moved = replace(
            environment(), database=PartStatus(PartState.RUNNING, 12), database_members=members("b")
        )
        self._heal(lambda: setattr(self, "state", moved))

    def kill_balancer(self) -> None:
        self._part("balancer")

    def kill_supervisor(self) -> None:
        self._part("supervisor")

    @contextlib.contextmanager
    def only_drill(self) -> Iterator[None]:
        yield

    def restore(self) -> Sequence[str]:
        return ()

    # --- facts that no drill asks for

    def logged(self, request_id: str) -> str | None:
        raise NotImplementedError

    def ask_instances_directly(self) -> Sequence[Attempt]:
        raise NotImplementedError

    def ask_database_from_elsewhere(self) -> Sequence[Attempt]:
        raise NotImplementedError

    def alter_schema_as_app(self) -> Sequence[Attempt]:
        raise NotImplementedError

    def certificates(self) -> Sequence[CertificateLife]:
        raise NotImplementedError

    # --- how

    def _broken(self, *call: object) -> None:
        self.calls.append(call)
        if self.fails_for_s:
            self.fails.append((self.clock.time, self.clock.time + self.fails_for_s))
        if self.interrupt:
            self.interrupt()

    def _heal(self, heals: Callable[[], object]) -> None:
        if self.heals_s is not None:
            self.clock.after(self.heals_s, lambda: (heals(), None)[1])

    def _zones(self, change: Callable[[ZoneStatus], ZoneStatus], *, healthy: bool) -> None:
        state = EnvironmentState.HEALTHY if healthy else EnvironmentState.DEGRADED
        self.state = replace(self.state, zones=tuple(map(change, self.state.zones)), state=state)

    def _without(self, id: str) -> None:
        self._zones(
            lambda it: replace(it, instances=tuple(one for one in it.instances if one.id != id)),
            healthy=False,
        )

    def _with_new(self, id: str) -> None:
        new = instance(f"new{len(self.calls)}", age_s=0)
        short = min(self.state.zones, key=lambda it: len(it.instances))
        self._zones(
            lambda it: replace(it, instances=(*it.instances, new)) if it is short else it, healthy=True
        )

    def _change(self, id: str, state: InstanceState) -> None:
        self._zones(
            lambda it: replace(
                it,
                instances=tuple(replace(one, state=state) if one.id == id else one for one in it.instances),
            ),
            healthy=False,
        )

    def _fill(self, lost: str) -> None:
        full = [instance(f"c{n}") for n in range(4)]
        self._zones(lambda it: it if it.name == lost else replace(it, instances=tuple(full)), healthy=False)

    def _part(self, name: str) -> None:
        self._broken("kill", name)
        down = PartStatus(PartState.DOWN, None)
        self.state = replace(self.state, **{name: down}, state=EnvironmentState.DEGRADED)
        self.happens("ended", crashed=name)
        again = {name: PartStatus(PartState.RUNNING, 11)}
        self._heal(
            lambda: setattr(self, "state", replace(self.state, **again, state=EnvironmentState.HEALTHY))
        )


@dataclass
class FakeFlow:
    target: FakeTarget
    started_s: float
    lateness_s: float

    async def finish(self) -> Sent:
        lasted_s = self.target.clock.time - self.started_s
        outcomes = tuple(self._outcome(n / RATE) for n in range(int(lasted_s * RATE)))
        tally = Tally([Stage(RATE, lasted_s)])
        for it in outcomes:
            tally.begun(it.due_s, it.due_s + self.lateness_s)
            tally.add(it)
        load = tally.result(started_s=self.started_s, ended_s=lasted_s, sent_s=lasted_s)
        return Sent(load, outcomes)

    def _outcome(self, due_s: float) -> Outcome:
        at = self.started_s + due_s
        failed = any(begin <= at < end for begin, end in self.target.fails)
        return Outcome(due_s, due_s + 0.005, Fault.BROKEN if failed else None)


@dataclass
class FakeRange:
    """Everything that a drill needs. `loads`: how many loads were begun, and `open`: how many still run."""

    lateness_s: float = 0.0
    clock: FakeClock = field(default_factory=FakeClock)
    loads: int = 0
    open: int = 0

    def __post_init__(self) -> None:
        self.target = FakeTarget(self.clock)
        self.place = Range(self.target, self.load, self.clock, RATE)

    @contextlib.asynccontextmanager
    async def load(self, _kind: Kind, _most_s: float) -> AsyncIterator[FakeFlow]:
        self.loads += 1
        self.open += 1
        try:
            yield FakeFlow(self.target, self.clock.time, self.lateness_s)
        finally:
            self.open -= 1


class RefusedError(StateError):
    """What a fake target raises when it is asked to."""
