"""Fleet planning: examples of each rule, and properties over any fleet and any order of events."""

from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from evenly.core.fleet import (
    DesiredSet,
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
from evenly.core.planning import (
    Action,
    Drain,
    FleetPolicy,
    Kill,
    Launch,
    Stop,
    backoff_s,
    is_balanced,
    plan,
    zone_counts,
)
from evenly.core.spread import shares
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


def test_an_empty_fleet_is_launched_evenly() -> None:
    assert launches(plan(fleet(), POLICY, 0).actions) == ["local-a", "local-a", "local-b", "local-b"]


def test_a_full_fleet_needs_nothing() -> None:
    assert plan(four(), POLICY, 100).actions == ()
    assert plan(four(), POLICY, 100).wake_at is None


def test_a_death_is_replaced_in_its_zone_at_once() -> None:
    after = apply(four(), Exited("b2", "was killed"), 50)
    assert launches(plan(after, POLICY, 50).actions) == ["local-b"]


def test_an_odd_one_stays_where_it_is() -> None:
    three = fleet(instance("a1"), instance("b1", "local-b"), instance("b2", "local-b"), desired=3)
    assert plan(three, POLICY, 100).actions == ()


def test_a_lost_zone_starts_its_share_elsewhere() -> None:
    lost = apply(four(), ZoneSet("local-b", False), 10)
    for id in ("b1", "b2"):
        lost = apply(lost, Exited(id, "was killed"), 10)
    assert launches(plan(lost, POLICY, 10).actions) == ["local-a", "local-a"]


def test_a_zone_that_returns_gets_its_share_before_anything_is_retired() -> None:
    crowded = fleet(*(instance(f"a{n}") for n in range(4)), desired=4)
    planned = plan(crowded, POLICY, 100)
    assert launches(planned.actions) == ["local-b", "local-b"]
    assert not [it for it in planned.actions if isinstance(it, Drain)]


def test_after_the_return_the_surplus_is_drained() -> None:
    more = fleet(
        *(instance(f"a{n}") for n in range(4)),
        instance("b0", "local-b"),
        instance("b1", "local-b"),
        desired=4,
    )
    assert [type(it) for it in plan(more, POLICY, 100).actions] == [Drain, Drain]


def test_no_available_zone_keeps_what_there_is() -> None:
    lost = apply(apply(four(), ZoneSet("local-a", False), 0), ZoneSet("local-b", False), 0)
    assert plan(lost, POLICY, 100).actions == ()


def test_an_unhealthy_instance_has_patience_then_a_replacement_then_goes() -> None:
    sick = apply(four(), HealthSeen({"a1": Health(False)}), 100)
    assert plan(sick, POLICY, 104).actions == ()
    assert plan(sick, POLICY, 104).wake_at == 105
    assert [type(it) for it in plan(sick, POLICY, 105).actions] == [Launch]
    replaced = replace(sick, instances=(*sick.instances, instance("a3", since=106)))
    assert [
        (type(it), it.id) for it in plan(replaced, POLICY, 107).actions if not isinstance(it, Launch)
    ] == [(Drain, "a1")]


def test_unhealthy_ones_that_cannot_be_replaced_are_kept() -> None:
    sick = fleet(*(instance(f"a{n}", state=InstanceState.UNHEALTHY) for n in range(2)), desired=2)
    assert not [it for it in plan(sick, POLICY, 100).actions if not isinstance(it, Launch)]


def test_what_never_becomes_healthy_is_killed_and_counts_as_failed() -> None:
    slow = fleet(instance("a1", state=InstanceState.LAUNCHING), desired=1)
    assert plan(slow, POLICY, 29).actions == ()
    killed = plan(slow, POLICY, 30).actions
    assert [(type(it), it.id) for it in killed if not isinstance(it, Launch)] == [(Kill, "a1")]
    after = apply(apply(slow, KillSent("a1"), 30), Exited("a1", "never answered"), 30)
    assert after.failures == 1
    assert after.failed == Failure("a1", "local-a", 30, "never answered")


def test_an_asked_for_end_is_no_failure() -> None:
    ended = apply(apply(four(), Drained("a1"), 10), StopSent("a1"), 11)
    assert apply(ended, Exited("a1", "exited with code 0"), 12).failures == 0


def test_a_death_long_after_the_start_is_no_failed_launch() -> None:
    assert apply(four(), Exited("a1", "was killed"), 50).failures == 0


def test_a_crash_loop_backs_off_and_tries_one_at_a_time() -> None:
    failing = fleet(desired=4, failures=3, failed=Failure("x", "local-a", 100.0, "exited with code 1"))
    assert backoff_s(3) == 2
    assert plan(failing, POLICY, 101).actions == ()
    assert plan(failing, POLICY, 101).wake_at == 102
    assert len(plan(failing, POLICY, 102).actions) == 1


def test_a_launch_that_holds_ends_the_backoff() -> None:
    failing = fleet(
        instance("a1", state=InstanceState.LAUNCHING, since=101),
        failures=3,
        failed=Failure("x", "local-a", 100.0, "exited with code 1"),
    )
    healthy = apply(failing, HealthSeen({"a1": Health(True)}), 102)
    assert healthy.failures == 3
    assert apply(healthy, HealthSeen({"a1": Health(True)}), 104).failures == 0


def test_while_one_is_tried_no_other_is() -> None:
    failing = fleet(
        instance("a1", state=InstanceState.LAUNCHING, since=103),
        failures=3,
        failed=Failure("x", "local-a", 100.0, "exited with code 1"),
    )
    assert plan(failing, POLICY, 110).actions == ()


def test_an_old_success_does_not_end_the_backoff() -> None:
    failing = fleet(instance("a1", since=50), failures=3, failed=Failure("x", "local-b", 100.0, "exited"))
    assert apply(failing, HealthSeen({"a1": Health(True)}), 110).failures == 3


def test_what_is_given_up_is_replaced_at_once() -> None:
    slow = fleet(instance("a1", state=InstanceState.LAUNCHING), desired=1)
    assert [type(it) for it in plan(slow, POLICY, 30).actions] == [Kill, Launch]


def test_what_does_not_serve_yet_goes_first() -> None:
    coming = instance("a1", state=InstanceState.LAUNCHING, since=1)
    three = fleet(coming, instance("a2", since=2), instance("b1", "local-b"), desired=2)
    assert [(type(it), it.id) for it in plan(three, POLICY, 3).actions if not isinstance(it, Launch)] == [
        (Stop, "a1")
    ]


def test_to_begin_twice_begins_once() -> None:
    once = apply(four(), Drained("a1"), 10)
    assert apply(once, Drained("a1"), 20) == once


def test_draining_ends_when_idle_or_when_its_time_is_over() -> None:
    busy = fleet(
        instance("a1", state=InstanceState.DRAINING, since=100, active_requests=1),
        instance("a2"),
        instance("b1", "local-b"),
        desired=2,
    )
    assert plan(busy, POLICY, 101).actions == ()
    assert [type(it) for it in plan(busy, POLICY, 110).actions] == [Stop]
    idle = apply(busy, HealthSeen({"a1": Health(True, 0)}), 101)
    assert [type(it) for it in plan(idle, POLICY, 101).actions] == [Stop]


def test_what_does_not_stop_is_killed_once() -> None:
    stuck = fleet(
        instance("a1", state=InstanceState.STOPPING, since=100), *four().instances[1:], instance("a9")
    )
    assert plan(stuck, POLICY, 109.9).actions == ()
    assert [type(it) for it in plan(stuck, POLICY, 110).actions] == [Kill]
    assert plan(apply(stuck, KillSent("a1"), 110), POLICY, 130).actions == ()


@given(st.integers(0, 60), st.integers(1, 6), st.lists(st.integers(0, 20), min_size=6, max_size=6))
def test_shares_add_up_and_differ_by_at_most_one(count: int, zones: int, held: list[int]) -> None:
    names = [f"z{n}" for n in range(zones)]
    share = shares(count, names, dict(zip(names, held, strict=False)))
    assert sum(share.values()) == count
    assert max(share.values()) - min(share.values()) <= 1


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
    """A machine in which everything works: what is launched becomes healthy, what is stopped ends."""

    fleet: Fleet
    now: float = 0.0
    launched: int = 0
    ready_at: dict[str, float] = field(default_factory=dict)
    fewest_healthy: int = 10_000
    most: int = 0

    def __post_init__(self) -> None:
        self.ready_at = {it.id: 1.0 for it in self.fleet.instances if it.state is InstanceState.LAUNCHING}

    def tell(self, event: Event) -> None:
        self.fleet = apply(self.fleet, event, self.now)

    def act(self, action: Action) -> None:
        match action:
            case Launch(zone):
                self.launched += 1
                id = f"new{self.launched}"
                self.tell(Launched(id, zone, f"127.0.0.1:{self.launched}", 1, "2026-01-01T00:00:00Z"))
                self.ready_at[id] = self.now + 1
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
        self.fewest_healthy = min(self.fewest_healthy, sum(zone_counts(self.fleet).values()))
        self.most = max(self.most, len(self.fleet.instances))
        self.now += 0.5
        for killed in [it.id for it in self.fleet.instances if it.killed]:
            self.tell(Exited(killed, "was killed"))
        self.tell(
            HealthSeen(
                {it.id: Health(self.now >= self.ready_at.get(it.id, 0)) for it in self.fleet.instances}
            )
        )
        return actions

    def healthy(self) -> int:
        return sum(zone_counts(self.fleet).values())


def settle(world: World) -> None:
    for _ in range(400):
        world.tick()
        planned = plan(world.fleet, POLICY, world.now)
        if planned.actions == () and planned.wake_at is None:
            return
    raise AssertionError(f"did not settle: {world.fleet}")


@given(any_fleet())
@settings(max_examples=300, deadline=None)
def test_from_any_fleet_it_converges_within_its_bounds(start: Fleet) -> None:
    world = World(start)
    at_first = world.healthy()
    settle(world)
    if any(zone.available for zone in start.zones):
        assert world.healthy() == start.desired
        available = [zone.name for zone in start.zones if zone.available]
        counts = [zone_counts(world.fleet)[name] for name in available]
        assert max(counts) - min(counts) <= 1
        assert world.healthy() == sum(counts)
        assert is_balanced(world.fleet)
    assert world.fewest_healthy >= min(at_first, start.desired)
    assert world.most <= max(len(start.instances), 2 * start.desired) + start.desired


@given(any_fleet(), st.lists(st.integers(1, 9), min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_scaling_never_goes_under_the_smaller_of_both_counts(start: Fleet, counts: list[int]) -> None:
    world = World(replace(start, zones=tuple(replace(z, available=True) for z in start.zones)))
    settle(world)
    for count in counts:
        least = min(world.fleet.desired, count)
        world.fewest_healthy = 10_000
        world.tell(DesiredSet(count))
        settle(world)
        assert world.healthy() == count
        assert world.fewest_healthy >= least


@given(any_fleet())
@settings(max_examples=300, deadline=None)
def test_the_last_healthy_instance_is_never_stopped(start: Fleet) -> None:
    stopped = {it.id for it in plan(start, POLICY, 0).actions if not isinstance(it, Launch)}
    healthy = {it.id for it in start.instances if it.state is InstanceState.HEALTHY}
    assert not healthy or healthy - stopped


@given(any_fleet())
@settings(max_examples=200, deadline=None)
def test_a_plan_never_launches_into_a_lost_zone_nor_beyond_what_is_desired(start: Fleet) -> None:
    planned = plan(start, POLICY, 0)
    lost = {zone.name for zone in start.zones if not zone.available}
    assert not lost & set(launches(planned.actions))
    assert len(launches(planned.actions)) <= start.desired
    assert planned.wake_at is None or planned.wake_at > 0


EVENTS = st.one_of(
    st.builds(Exited, st.sampled_from([f"i{n}" for n in range(12)]), st.just("ended")),
    st.builds(Drained, st.sampled_from([f"i{n}" for n in range(12)])),
    st.builds(KillSent, st.sampled_from([f"i{n}" for n in range(12)])),
    st.builds(ZoneSet, st.sampled_from(ZONES), st.booleans()),
    st.builds(DesiredSet, st.integers(1, 9)),
    st.builds(
        HealthSeen,
        st.dictionaries(st.sampled_from([f"i{n}" for n in range(12)]), st.builds(Health, st.booleans())),
    ),
)


@given(any_fleet(), st.lists(EVENTS, max_size=30))
@settings(max_examples=200, deadline=None)
def test_after_any_events_it_converges(start: Fleet, events: list[Event]) -> None:
    world = World(start)
    for event in events:
        world.tell(event)
        world.tick()
    world.fleet = replace(world.fleet, zones=tuple(replace(z, available=True) for z in world.fleet.zones))
    settle(world)
    assert is_balanced(world.fleet)
