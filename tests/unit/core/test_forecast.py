"""The planner played to its end: from any count to any other, and in words."""

from hypothesis import given
from hypothesis import strategies as st

from evenly.core.fleet import Fleet, Instance, ZoneFact
from evenly.core.forecast import Step, UpFacts, fleet_forecast, up_forecast
from evenly.core.planning import FleetPolicy, is_balanced
from evenly.core.status import InstanceState
from evenly.core.topology import local_topology
from evenly.manifest.types import Count, Database, Job, Manifest, Seconds, Worker

POLICY = FleetPolicy()


def fleet(desired: int, held: tuple[int, ...], state: InstanceState = InstanceState.HEALTHY) -> Fleet:
    zones = tuple(ZoneFact(f"local-{'abcdef'[n]}") for n in range(len(held)))
    instances = tuple(
        Instance(f"{zone.name}-{n}", zone.name, "", 1, state, 0.0, "", 0.0, healthy_since=0.0)
        for zone, count in zip(zones, held, strict=True)
        for n in range(count)
    )
    return Fleet(desired, 1, zones, instances)


@given(
    st.integers(1, 20),
    st.lists(st.integers(0, 6), min_size=1, max_size=4).map(tuple),
    st.sampled_from(list(InstanceState)),
)
def test_it_ends_balanced_from_anywhere(desired: int, held: tuple[int, ...], state: InstanceState) -> None:
    assert is_balanced(fleet_forecast(fleet(desired, held, state), POLICY, 100.0).fleet)


@given(st.integers(1, 20), st.lists(st.integers(0, 6), min_size=1, max_size=4).map(tuple))
def test_nothing_to_do_is_no_step(desired: int, held: tuple[int, ...]) -> None:
    start = fleet(desired, held)
    assert bool(fleet_forecast(start, POLICY, 100.0).steps) != is_balanced(start)


def test_more_are_launched_zone_by_zone() -> None:
    assert fleet_forecast(fleet(5, (1, 1)), POLICY, 100.0).steps == (
        Step("launch 2 instances in local-a", "local-a holds 1 of 3"),
        Step("launch 1 instance in local-b", "local-b holds 1 of 2"),
    )


def test_fewer_are_drained_and_stopped_in_one_step() -> None:
    (step,) = fleet_forecast(fleet(3, (2, 2)), POLICY, 100.0).steps
    assert step == Step("drain local-b-1 in local-b, then stop it", "local-b holds more than its share")


def test_a_lost_zone_s_share_starts_elsewhere() -> None:
    lost = Fleet(2, 1, (ZoneFact("local-a", available=False), ZoneFact("local-b")))
    assert fleet_forecast(lost, POLICY, 1.0).steps == (
        Step("launch 2 instances in local-b", "local-b holds 0 of 2"),
    )


def test_without_any_zone_nothing_can_be_done() -> None:
    assert fleet_forecast(Fleet(2, 1, (ZoneFact("local-a", available=False),)), POLICY, 1.0).steps == ()


def up(manifest: Manifest, facts: UpFacts) -> list[str]:
    return [it.what for it in up_forecast(local_topology(manifest), facts, POLICY).steps]


def test_the_first_up() -> None:
    facts = UpFacts(1, True, False, False, ("0001_a.sql", "0002_b.sql"), 8443, 8080)
    assert up(Manifest(name="shop"), facts) == [
        "make release 1",
        "make the certificate authority",
        "initialise PostgreSQL 18",
        "start PostgreSQL 18",
        "apply 2 migrations: 0001_a.sql, 0002_b.sql",
        "start the balancer on ports 8443 and 8080",
        "launch 1 instance in local-a",
        "launch 1 instance in local-b",
    ]


def test_a_later_up_does_only_what_is_not_there() -> None:
    facts = UpFacts(3, False, True, True, (), 8443, 8080)
    manifest = Manifest(name="shop", database=Database(version=16), count=Count(minimum=4, maximum=4))
    assert up(manifest, facts) == [
        "use release 3",
        "start PostgreSQL 16",
        "start the balancer on ports 8443 and 8080",
        "launch 2 instances in local-a",
        "launch 2 instances in local-b",
    ]


def test_workers_and_jobs_come_last() -> None:
    facts = UpFacts(1, False, True, True, (), 8443, 8080)
    manifest = Manifest(
        name="shop",
        workers={"mailer": Worker(command=("mail",), count=3)},
        jobs={"tidy": Job(command=("tidy",), schedule="0 * * * *")},
    )
    assert up(manifest, facts)[-2:] == ["start worker mailer, 3 in all", "schedule job tidy"]


def test_without_a_database_there_is_none() -> None:
    facts = UpFacts(1, True, True, False, (), 8443, 8080)
    assert not any("PostgreSQL" in it for it in up(Manifest(name="shop", database=None), facts))


def test_what_scaling_is_going_to_hold_is_a_step() -> None:
    facts = UpFacts(1, True, True, True, (), 8443, 8080)
    count = Count(minimum=2, maximum=8, response_time=Seconds(0.2), requests=100, cpu=60)
    topology = local_topology(Manifest(name="shop", count=count))
    why = (
        "p95 at most 200 ms, requests of each instance at most 100 a second, "
        "CPU of each instance at most 60 % of a core"
    )
    assert up_forecast(topology, facts, POLICY).steps[-1] == Step(
        "scale from 2 to 8 instances, as the load asks for", why
    )
