"""The kit of the planner's tests: fleets in a word, any fleet, and a machine in which everything works."""

from dataclasses import dataclass, field

from hypothesis import strategies as st
from msgspec.structs import replace

from evenly.core.fleet import (
    Drained,
    Event,
    Exited,
    Failure,
    Fleet,
    Health,
    HealthSeen,
    Instance,
    KillSent,
    Launched,
    StopSent,
    ZoneFact,
    ZoneSet,
    apply,
)
from evenly.core.planning import Action, Drain, FleetPolicy, Kill, Launch, Stop, plan, zone_counts
from evenly.core.status import InstanceState

POLICY = FleetPolicy(grace_period=30, patience=5, deregistration_delay=10, stop_timeout=10)
ZONES = ("local-a", "local-b", "local-c")


def instance(
    id: str,
    zone: str = "local-a",
    state: InstanceState = InstanceState.HEALTHY,
    since: float = 0.0,
    **more: object,
) -> Instance:
    made = Instance(
        id=id,
        zone=zone,
        address=f"127.0.0.1:{20000 + abs(hash(id)) % 9999}",
        release=1,
        state=state,
        launched_at=since,
        started_at="2026-01-01T00:00:00.000Z",
        since=since,
        listening=True,
        healthy_since=since if state is not InstanceState.LAUNCHING else None,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def fleet(
    *instances: Instance, desired: int = 4, zones: tuple[str, ...] = ZONES[:2], **more: object
) -> Fleet:
    made = Fleet(desired=desired, release=1, zones=tuple(ZoneFact(z) for z in zones), instances=instances)
    return replace(made, **more)  # type: ignore[arg-type]


def four() -> Fleet:
    return fleet(
        instance("a1"), instance("a2"), instance("b1", "local-b"), instance("b2", "local-b"), desired=4
    )


def launches(actions: tuple[Action, ...]) -> list[str]:
    return sorted(it.zone for it in actions if isinstance(it, Launch))


STATES = st.sampled_from(list(InstanceState))


@st.composite
def any_fleet(draw: st.DrawFn) -> Fleet:
    zones = ZONES[: draw(st.integers(2, 3))]
    found = tuple(
        instance(
            f"i{n}",
            draw(st.sampled_from(zones)),
            draw(STATES),
            since=-draw(st.floats(0, 40)),
            active_requests=draw(st.integers(0, 2)),
            outdated=draw(st.sampled_from((None, None, "it is old"))),
        )
        for n in range(draw(st.integers(0, 12)))
    )
    failures = draw(st.integers(0, 6))
    made = fleet(*found, desired=draw(st.integers(1, 9)), zones=zones, failures=failures)
    made = replace(made, failed=Failure("x", zones[0], -1.0, "exited") if failures else None)
    out = draw(st.sampled_from([(), zones[:1], zones[:2], zones]))
    for zone in out:
        made = apply(made, ZoneSet(zone, False), 0)
    return made


@dataclass
class World:
    """A machine in which everything works: what is launched becomes healthy, what is stopped ends.

    `broken`: what is launched ends at once.
    """

    fleet: Fleet
    now: float = 0.0
    launched: int = 0
    ready_at: dict[str, float] = field(default_factory=dict)
    broken: bool = False
    fewest_healthy: int = 10_000
    most: int = 0
    most_uneven: int = 0

    def __post_init__(self) -> None:
        self.ready_at = {it.id: 1.0 for it in self.fleet.instances if it.state is InstanceState.LAUNCHING}

    def tell(self, event: Event) -> None:
        self.fleet = apply(self.fleet, event, self.now)

    def act(self, action: Action) -> None:
        match action:
            case Launch(zone, _, release):
                self.launched += 1
                id = f"new{self.launched}"
                self.tell(Launched(id, zone, f"127.0.0.1:{self.launched}", release, "2026-01-01T00:00:00Z"))
                self.ready_at[id] = self.now + 1 + (self.launched * 7 % 5) / 2
                if self.broken:
                    self.tell(Exited(id, "exited with code 1"))
            case Drain(id):
                self.tell(Drained(id))
            case Stop(id):
                self.tell(StopSent(id))
                self.tell(Exited(id, "exited with code 0"))
            case Kill(id):
                self.tell(KillSent(id))
                self.tell(Exited(id, "was killed"))

    def tick(self) -> tuple[Action, ...]:
        actions = plan(self.fleet, POLICY, self.now).actions
        for action in actions:
            self.act(action)
        self._note()
        self.now += 0.5
        for killed in [it.id for it in self.fleet.instances if it.killed]:
            self.tell(Exited(killed, "was killed"))
        self.tell(
            HealthSeen(
                {it.id: Health(self.now >= self.ready_at.get(it.id, 0)) for it in self.fleet.instances}
            )
        )
        self._note()
        return actions

    def _note(self) -> None:
        counts = zone_counts(self.fleet).values()
        self.fewest_healthy = min(self.fewest_healthy, sum(counts))
        self.most = max(self.most, len(self.fleet.instances))
        self.most_uneven = max(self.most_uneven, max(counts) - min(counts))

    def healthy(self) -> int:
        return sum(zone_counts(self.fleet).values())


def settle(world: World) -> None:
    for _ in range(400):
        world.tick()
        planned = plan(world.fleet, POLICY, world.now)
        if planned.actions == () and planned.wake_at is None:
            return
    raise AssertionError(f"did not settle: {world.fleet}")
