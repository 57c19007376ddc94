"""What a drill breaks, when its fault shows, when all is good again, and each bound seen to fail."""

import pytest
from msgspec.structs import replace
from tests.unit.verify.drillworld import environment, instance, members, zone

from evenly.core.facts import Happening, NotPossibleError
from evenly.core.status import EnvironmentState, InstanceState, PartState, PartStatus
from evenly.errors import StateError
from evenly.verify._outcomes import Fault, Outcome
from evenly.verify._schedule import Stage
from evenly.verify._tally import Tally
from evenly.verify.drill import (
    Drill,
    breaks,
    choose,
    is_full_again,
    is_settled,
    shows,
    tells_of,
    what_happens,
)
from evenly.verify.drillresult import Bounds, DrillVerdict, Kind, phases
from evenly.verify.drillverdict import BOUNDS, bounds_of, missed, verdict

HEALTHY = environment()
DOWN = PartStatus(PartState.DOWN, None)
AGAIN = PartStatus(PartState.RUNNING, 11)
PARTS = {Kind.DATABASE: "database", Kind.BALANCER: "balancer", Kind.SUPERVISOR: "supervisor"}


def load(*outcomes: Outcome, ended_s: float = 1.0):
    tally = Tally([Stage(100, 1)])
    for it in outcomes:
        tally.add(it)
    return tally.result(started_s=0.0, ended_s=ended_s, sent_s=1.0)


def answered(*times: float) -> list[Outcome]:
    return [Outcome(at, at + 0.01) for at in times]


# --- what is broken


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_says_what_it_breaks_anywhere(kind):
    told = breaks(kind)
    assert told[0].islower() and not told.endswith(".") and "None" not in told


def test_the_oldest_instance_is_the_one_that_is_broken():
    old = environment(zone("a", instance("1")), zone("b", instance("2", age_s=90)), desired=2)
    for kind in (Kind.INSTANCE, Kind.HANG, Kind.SLOW):
        assert choose(kind, old).victim == "i-2"


def test_the_last_available_zone_is_the_one_that_is_lost():
    assert choose(Kind.ZONE, HEALTHY).victim == "b"
    assert choose(Kind.ZONE_RETURN, HEALTHY).victim == "b"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (Kind.INSTANCE, environment(zone("a", instance("1")), desired=1)),
        (Kind.ZONE, environment(zone("a", instance("1"), instance("2")), desired=2)),
        (Kind.ZONE_RETURN, environment(zone("a", instance("1")), zone("b", available=False), desired=1)),
        (Kind.DATABASE, replace(HEALTHY, database=None)),
        (Kind.DATABASE_FAILOVER, replace(HEALTHY, database=None)),
        (Kind.DATABASE_FAILOVER, replace(HEALTHY, database_members=())),
        (Kind.DATABASE_FAILOVER, replace(HEALTHY, database_members=members("a", in_sync=False))),
        (Kind.DATABASE, replace(HEALTHY, database=PartStatus(PartState.ELSEWHERE, None))),
    ],
)
def test_what_can_not_be_broken_is_refused_in_words(kind, status):
    with pytest.raises(NotPossibleError) as refused:
        choose(kind, status)
    assert refused.value.why.endswith((".", "evenly scale 2"))


@pytest.mark.parametrize("kind", Kind)
def test_every_fault_is_told_as_a_sentence(kind):
    drill = choose(kind, HEALTHY)
    assert what_happens(drill).endswith(".")
    assert drill.victim is None or drill.victim in what_happens(drill)


# --- when it shows, and when all is good again


@pytest.mark.parametrize("kind", Kind)
def test_what_is_as_before_shows_nothing_and_is_no_recovery(kind):
    """Right after the fault the old status may be told once more."""
    if kind is Kind.ZONE_RETURN:
        return
    drill = choose(kind, HEALTHY)
    assert not shows(drill, HEALTHY)
    assert is_full_again(drill, HEALTHY) == (kind is Kind.SLOW)  # it may stay unnoticed


@pytest.mark.parametrize("kind", [Kind.INSTANCE, Kind.HANG])
def test_an_instance_is_replaced_when_as_many_serve_without_it(kind):
    drill = Drill(kind, "i-a1", HEALTHY)
    one, others = instance("a2"), zone("b", instance("b1"), instance("b2"))
    short = environment(zone("a", one), others, state=EnvironmentState.DEGRADED)
    assert shows(drill, short)
    assert not is_full_again(drill, short)
    launching = instance("a3", InstanceState.LAUNCHING)
    assert not is_full_again(
        drill, environment(zone("a", one, launching), others, state=EnvironmentState.DEGRADED)
    )
    stopping = instance("a1", InstanceState.STOPPING)
    assert is_full_again(drill, environment(zone("a", one, instance("a3"), stopping), others))


def test_a_hung_instance_shows_when_it_is_no_longer_healthy():
    sick = zone("a", instance("a1", InstanceState.UNHEALTHY), instance("a2"))
    assert shows(Drill(Kind.HANG, "i-a1", HEALTHY), environment(sick, HEALTHY.zones[1]))


def test_a_lost_zone_is_made_up_for_when_the_others_hold_all():
    drill = Drill(Kind.ZONE, "b", HEALTHY)
    out = zone("b", available=False)
    some, all_four = [instance(f"a{n}") for n in range(3)], [instance(f"a{n}") for n in range(4)]
    degraded = {"state": EnvironmentState.DEGRADED}
    assert shows(drill, environment(zone("a", *some), out, **degraded))
    assert not is_full_again(drill, environment(zone("a", *some), out, **degraded))
    assert is_full_again(drill, environment(zone("a", *all_four), out, **degraded))
    assert not is_full_again(drill, environment(zone("a", *all_four), out, balancer=DOWN, **degraded))
    assert not is_full_again(drill, environment(zone("a", *all_four), zone("b"), **degraded))


def test_a_zone_has_returned_when_both_hold_their_share_and_no_more():
    drill = Drill(Kind.ZONE_RETURN, "b", HEALTHY)
    four = [instance(f"a{n}") for n in range(4)]
    two = [instance(f"b{n}") for n in range(2)]
    assert not shows(drill, environment(zone("a", *four), zone("b", available=False)))
    assert shows(drill, environment(zone("a", *four), zone("b")))
    assert not is_full_again(drill, environment(zone("a", *four), zone("b", *two)))
    assert is_full_again(drill, environment(zone("a", *four[:2]), zone("b", *two)))


@pytest.mark.parametrize(("kind", "part"), PARTS.items())
def test_a_part_is_back_when_another_process_works(kind, part):
    drill = Drill(kind, None, HEALTHY)
    starting = PartStatus(PartState.STARTING, 11)
    for broken in (DOWN, starting):
        status = replace(HEALTHY, **{part: broken})
        assert shows(drill, status)
    assert not is_full_again(drill, replace(HEALTHY, **{part: DOWN}, state=EnvironmentState.DEGRADED))
    assert is_full_again(drill, replace(HEALTHY, **{part: AGAIN}))


def test_a_database_has_failed_over_when_its_primary_is_elsewhere_and_is_followed():
    drill = choose(Kind.DATABASE_FAILOVER, HEALTHY)
    assert what_happens(drill) == "The database's primary, in a, is killed."
    assert shows(drill, replace(HEALTHY, database=DOWN))
    assert not is_full_again(drill, replace(HEALTHY, database=AGAIN))
    promoted = replace(HEALTHY, database=AGAIN, database_members=members("b", in_sync=False))
    assert not is_full_again(drill, promoted)
    assert is_full_again(drill, replace(promoted, database_members=members("b")))


def test_nothing_is_full_while_no_supervisor_holds_it():
    drill = Drill(Kind.BALANCER, None, HEALTHY)
    assert not is_full_again(drill, replace(HEALTHY, balancer=AGAIN, supervisor=DOWN))


@pytest.mark.parametrize(
    "changes",
    [
        {"state": EnvironmentState.DEGRADED},
        {"supervisor": DOWN},
        {"desired": 5},
        {"database_members": members("a", in_sync=False)},
        {"zones": (*HEALTHY.zones, zone("c", instance("old", InstanceState.STOPPING)))},
        {"zones": (zone("a", *[instance(f"a{n}") for n in range(3)]), zone("b", instance("b")))},
    ],
)
def test_what_is_on_its_way_is_not_settled(changes):
    assert is_settled(HEALTHY)
    assert not is_settled(replace(HEALTHY, **changes))


def test_only_events_about_the_fault_tell_of_it():
    of_instance, of_balancer = Drill(Kind.INSTANCE, "i-a1", HEALTHY), Drill(Kind.BALANCER, None, HEALTHY)
    ended = Happening(1, "", "ended", "", instance="i-a1", crashed="app")
    other = replace(ended, instance="i-b1")
    job = Happening(1, "", "job", "")
    assert tells_of(of_instance, ended)
    assert not tells_of(of_instance, other)
    assert not tells_of(of_instance, job)
    assert not tells_of(of_balancer, ended)
    assert tells_of(of_balancer, replace(job, crashed="balancer"))


# --- what it may cost


def test_every_drill_has_bounds_for_the_local_target_and_no_other_target_has_any():
    assert set(BOUNDS) == {"local"}
    assert set(BOUNDS["local"]) == set(Kind)
    with pytest.raises(StateError, match="aws"):
        bounds_of("aws", Kind.INSTANCE)


def test_the_bounds_are_those_that_are_promised():
    for kind, bounds in BOUNDS["local"].items():
        assert bounds.failed == (None if kind is Kind.BALANCER else 0)
        assert bounds.full_s is not None
    assert BOUNDS["local"][Kind.BALANCER].gap_s == 1.0
    assert BOUNDS["local"][Kind.DATABASE_FAILOVER].longest_s == 1.0


@pytest.mark.parametrize(
    ("bounds", "load", "full_s", "why"),
    [
        (
            Bounds(),
            load(*answered(0, 0.5), Outcome(0.6, 0.7, Fault.BROKEN)),
            1.0,
            "1 of 3 requests failed; 0 may.",
        ),
        (
            Bounds(gap_s=0.4),
            load(*answered(0, 0.5)),
            1.0,
            "For 0.50 s nothing was answered; 0.4 s are allowed.",
        ),
        (
            Bounds(longest_s=0.2),
            load(Outcome(0, 0.1), Outcome(0.1, 0.5)),
            1.0,
            "The longest request took 0.40 s; 0.2 s are allowed.",
        ),
        (
            Bounds(full_s=0.9),
            load(*answered(0)),
            1.0,
            "Full capacity was back after 1.0 s; 0.9 s are allowed.",
        ),
        (
            Bounds(),
            load(*answered(0)),
            None,
            "Capacity was not full and balanced again while it was watched.",
        ),
        (Bounds(), load(), 1.0, "No request was sent."),
    ],
)
def test_each_bound_that_was_not_held_is_told_and_held_ones_are_not(bounds, load, full_s, why):
    assert missed(bounds, load, full_s) == (why,)


def test_what_is_within_its_bounds_misses_none():
    held = load(*answered(0, 0.5), ended_s=0.6)
    assert missed(Bounds(failed=0, gap_s=0.5, full_s=1.0), held, 1.0) == ()
    failing = load(*answered(0, 0.5), Outcome(0.6, 0.7, Fault.BROKEN), ended_s=0.7)
    assert missed(Bounds(failed=None), failing, 1.0) == ()


def test_a_void_run_is_neither_passed_nor_failed():
    assert verdict(None, ()) is DrillVerdict.PASS
    assert verdict(None, ("x",)) is DrillVerdict.FAIL
    assert verdict("late", ()) is verdict("late", ("x",)) is DrillVerdict.VOID


def test_each_request_belongs_to_the_phase_in_which_it_was_due():
    outcomes = [
        Outcome(0.9, 1.5),  # due before the fault, answered after it
        Outcome(1.0, 1.2),
        Outcome(1.9, 2.5, Fault.BROKEN),
        Outcome(2.0, 2.1),
    ]
    before, during, after = phases(outcomes, 1.0, 2.0)
    assert [(it.requests, it.failed) for it in (before, during, after)] == [(1, 0), (2, 1), (1, 0)]
    assert before.latency.p50_ms == pytest.approx(600, rel=0.001)
    assert [it.requests for it in phases(outcomes, 1.0, None)] == [1, 3, 0]
