"""The rules of the failover, checked against a world in which everything goes wrong that can: `failoverworld`."""

from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from msgspec.structs import replace
from tests.unit.core.failoverworld import Decide, World

from evenly.core import failover
from evenly.core.failover import (
    MEMBERS,
    PATIENCE_S,
    REBUILD_AFTER_S,
    Action,
    Book,
    Fence,
    Follower,
    MemberSeen,
    Point,
    Release,
    Seen,
    Start,
    Write,
    other,
)

MEMBER = st.sampled_from(MEMBERS)
RUNS = MemberSeen(runs=True, ready=True)
STANDS_BY = MemberSeen(runs=True, ready=True, reads_only=True)


class Model(RuleBasedStateMachine):
    """What can happen, in any order. It begins with nothing, or in sync."""

    decide: Decide = staticmethod(failover.decide)

    def __init__(self) -> None:
        super().__init__()
        self.world = World(type(self).decide)

    @initialize(rounds=st.sampled_from([0, 30]))
    def it_begins(self, rounds):
        self.world.recover(rounds)

    # --- clients

    @rule()
    def a_client_connects_and_writes(self):
        link = self.world.link
        server = self.world.servers[link] if link else None
        if server and server.ready and server.takes_writes and not server.hangs:
            self.world.write(link)

    @rule(name=MEMBER)
    def a_client_of_old_writes(self, name):
        server = self.world.servers[name]
        if server.takes_writes and not server.hangs:
            self.world.write(name)

    # --- what goes on

    @rule(times=st.integers(1, 4))
    def the_supervisor_acts(self, times):
        for _ in range(times):
            self.world.step()

    @rule()
    def the_standby_connects(self):
        self.world.attach()

    @rule()
    def the_standby_is_looked_for(self):
        self.world.look()

    @rule()
    def the_standby_receives(self):
        self.world.receive()

    @rule(name=MEMBER)
    def a_server_is_ready(self, name):
        self.world.become_ready(name)

    @rule(name=MEMBER)
    def a_server_takes_its_settings(self, name):
        self.world.reload(name)

    @rule()
    def the_guard_goes_on(self):
        self.world.guard_further()

    @rule()
    def the_copy_ends(self):
        self.world.end_copy()

    @rule(seconds=st.sampled_from([PATIENCE_S / 2, PATIENCE_S, REBUILD_AFTER_S]))
    def time_passes(self, seconds):
        self.world.pass_time(seconds)

    @rule(rounds=st.integers(1, 20))
    def all_is_well_for_a_while(self, rounds):
        self.world.recover(rounds)

    # --- what goes wrong

    @rule(name=MEMBER, lingering=st.booleans())
    def a_server_ends(self, name, lingering):
        self.world.end(name, lingering=lingering)

    @rule(name=MEMBER)
    def the_sessions_of_an_ended_server_end(self, name):
        if self.world.servers[name].lingering:
            self.world.end(name, lingering=False)

    @rule(name=MEMBER)
    def a_server_hangs(self, name):
        self.world.servers[name].hangs = self.world.servers[name].up

    @rule(name=MEMBER)
    def a_server_goes_on(self, name):
        self.world.servers[name].hangs = False

    @rule()
    def the_standby_is_cut_off(self):
        self.world.detach()

    @rule()
    def the_supervisor_ends(self):
        self.world.end_supervisor()

    @rule(name=MEMBER)
    @precondition(lambda self: all(self.world.zones.values()))
    def a_zone_is_lost(self, name):
        self.world.zones[name] = False

    @rule(length=st.integers(0, 5))
    @precondition(lambda self: self.world.book.replacing is None)
    def a_restore_is_asked_for(self, length):
        self.world.ask_for_replacement(length)

    @rule()
    def all_zones_return(self):
        self.world.zones = dict.fromkeys(MEMBERS, True)

    @invariant()
    def what_has_to_hold_holds(self):
        self.world.check()

    def teardown(self):
        """Whatever has gone wrong, when nothing does any more, it serves; with both zones, it is in sync."""
        world = self.world
        waits = world.book.replacing or world.book.follower is not Follower.IN_SYNC
        if waits or not world.zones[other(world.book.primary)]:
            world.zones[world.book.primary] = True
        world.recover(80)
        world.serves()
        world.zones = dict.fromkeys(MEMBERS, True)
        world.recover(80)
        world.serves()
        assert world.book.follower is Follower.IN_SYNC


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=100, stateful_step_count=50)


# --- each rule is needed: without it the model finds what goes wrong


def promotes_what_is_behind(book: Book, seen: Seen) -> Action | None:
    primary, standby = seen.members[book.primary], seen.members[other(book.primary)]
    if book.follower is Follower.BEHIND and not primary.runs and standby.ready:
        return Write(Book(other(book.primary), Follower.NONE, book.generation + 1), "")
    return failover.decide(book, seen)


def promotes_before_the_fence(book: Book, seen: Seen) -> Action | None:
    quiet = {name: replace(it, quiet=not it.runs) for name, it in seen.members.items()}
    return failover.decide(book, replace(seen, members=quiet))


def releases_before_it_is_written_down(book: Book, seen: Seen) -> Action | None:
    action = failover.decide(book, seen)
    is_degradation = (
        isinstance(action, Write)
        and book.follower is Follower.IN_SYNC
        and action.book.primary == book.primary
    )
    return Release(book.primary) if is_degradation and seen.waits else action


def starts_without_waiting(book: Book, seen: Seen) -> Action | None:
    action = failover.decide(book, seen)
    return replace(action, waits=False) if isinstance(action, Start) else action


def believes_what_is_asked_for(book: Book, seen: Seen) -> Action | None:
    return failover.decide(book, replace(seen, guarded=seen.guarded or (seen.guarding and seen.streaming)))


def leaves_the_old_primary(book: Book, seen: Seen) -> Action | None:
    action = failover.decide(book, seen)
    if isinstance(action, Write) and action.book.primary != book.primary:
        return Write(replace(action.book, follower=Follower.BEHIND), "")
    return action


def never_degrades(book: Book, seen: Seen) -> Action | None:
    action = failover.decide(book, seen)
    return (
        None
        if isinstance(action, Write) and action.book == replace(book, follower=Follower.BEHIND)
        else action
    )


def leaves_the_link(book: Book, seen: Seen) -> Action | None:
    action = failover.decide(book, seen)
    return None if isinstance(action, Point) and seen.link else action


# Each ends in what its rule is there to prevent, and begins in sync, with `a` as the primary.


def the_primary_ends_after_its_standby(world: World) -> None:
    world.end("b", lingering=False)
    world.steps(2)  # written down, released
    world.reload("a")
    world.write("a")
    world.steps(1)
    world.become_ready("b")
    world.end("a", lingering=False)
    world.recover(9)


def sessions_outlive_their_primary(world: World) -> None:
    world.end("a", lingering=True)
    world.steps(4)


def the_supervisor_ends_while_it_releases(world: World) -> None:
    world.end("b", lingering=False)
    world.steps(1)
    world.reload("a")
    world.write("a")
    world.end_supervisor()
    world.steps(1)
    world.check()


def both_end_and_the_primary_ends_again(world: World) -> None:
    for name in MEMBERS:
        world.end(name, lingering=False)
    world.steps(1)
    world.become_ready("a")
    world.write("a")


def the_primary_has_not_taken_its_settings(world: World) -> None:
    world.end("b", lingering=False)
    world.steps(3)
    world.reload("a")
    world.become_ready("b")
    world.attach()
    world.look()
    world.steps(1)  # asked to wait, which it does a moment later
    world.write("a")
    world.steps(2)


def the_old_primary_has_what_was_never_acknowledged(world: World) -> None:
    world.detach()
    world.write("a")
    world.end("a", lingering=False)
    for _ in range(9):
        world.recover(1)
        world.check()


def a_standby_is_gone_for_good(world: World) -> None:
    world.zones["b"] = False
    world.recover(9)
    world.serves()


def the_primary_is_gone_for_good(world: World) -> None:
    world.zones["a"] = False
    world.recover(9)
    world.serves()


def believes_in_a_primary_that_hangs(book: Book, seen: Seen) -> Action | None:
    awake = {name: replace(it, hangs=False) for name, it in seen.members.items()}
    return failover.decide(book, replace(seen, members=awake))


def the_primary_hangs_for_good(world: World) -> None:
    world.servers["a"].hangs = True
    world.recover(9)
    world.serves()


def replaces_at_once(book: Book, seen: Seen) -> Action | None:
    quiet = {name: replace(it, quiet=True) for name, it in seen.members.items()}
    return failover.decide(book, replace(seen, members=quiet) if book.replacing else seen)


def takes_it_for_done(book: Book, seen: Seen) -> Action | None:
    return failover.decide(book, replace(seen, replaced=True))


def lets_the_old_standby_follow(book: Book, seen: Seen) -> Action | None:
    action = failover.decide(book, seen)
    if isinstance(action, Write) and book.replacing is not None:
        return Write(replace(action.book, follower=Follower.BEHIND), "")
    return action


def a_restore_is_asked_for(world: World) -> None:
    world.write("a")
    world.receive()
    world.ask_for_replacement(0)
    world.recover(20)
    world.check()


NEEDED = [
    (believes_in_a_primary_that_hangs, the_primary_hangs_for_good),
    (promotes_what_is_behind, the_primary_ends_after_its_standby),
    (promotes_before_the_fence, sessions_outlive_their_primary),
    (releases_before_it_is_written_down, the_supervisor_ends_while_it_releases),
    (starts_without_waiting, both_end_and_the_primary_ends_again),
    (believes_what_is_asked_for, the_primary_has_not_taken_its_settings),
    (leaves_the_old_primary, the_old_primary_has_what_was_never_acknowledged),
    (never_degrades, a_standby_is_gone_for_good),
    (leaves_the_link, the_primary_is_gone_for_good),
    (replaces_at_once, a_restore_is_asked_for),
    (takes_it_for_done, a_restore_is_asked_for),
    (lets_the_old_standby_follow, a_restore_is_asked_for),
]


@pytest.mark.parametrize(("broken", "happens"), NEEDED, ids=lambda it: it.__name__)
def test_each_rule_is_needed(broken: Decide, happens: Callable[[World], None]):
    whole, without = World(), World(broken)
    for world in (whole, without):
        world.decide = failover.decide
        world.recover(40)
        world.check()
    happens(whole)
    whole.check()
    without.decide = broken
    with pytest.raises(AssertionError):
        happens(without)
        without.check()


# --- single decisions


@pytest.mark.parametrize(
    ("silent_s", "worked_s", "hung"),
    [(2.4, 0.0, False), (2.5, 0.0, True), (2.5, 0.0001, False), (19.9, 1.0, False), (20.0, 1.0, True)],
)
def test_one_that_gets_processor_time_is_given_longer(silent_s, worked_s, hung):
    assert failover.is_hung(silent_s, worked_s) is hung


def test_a_standby_that_ends_is_first_written_down_as_behind_and_then_not_waited_for():
    seen = Seen({"a": RUNS, "b": MemberSeen()}, link="a", waits=True)
    assert failover.decide(Book("a", Follower.IN_SYNC, 3), seen) == Write(
        Book("a", Follower.BEHIND, 3), "the standby ended"
    )
    assert failover.decide(Book("a", Follower.BEHIND, 3), seen) == Release("a")


def test_a_standby_that_takes_writes_is_ended_and_made_anew():
    seen = Seen({"a": RUNS, "b": RUNS}, link="a")
    for follower in (Follower.BEHIND, Follower.IN_SYNC):
        first = failover.decide(Book("a", follower, 3), seen)
        assert first == Write(Book("a", Follower.NONE, 3), "it takes writes, and does not follow")
    assert failover.decide(Book("a", Follower.NONE, 3), seen) == Fence("b", "it is the primary no longer")


def test_a_standby_that_ended_is_not_in_sync_again_for_what_was_last_seen_of_it():
    """That it receives no more is known later than that it ended."""
    seen = Seen({"a": RUNS, "b": MemberSeen()}, link="a", waits=True, guarded=True, streaming=True)
    assert failover.decide(Book("a", Follower.BEHIND, 3), seen) == Release("a")


def test_both_gone_are_both_started_and_nobody_is_promoted():
    seen = Seen({"a": MemberSeen(), "b": MemberSeen()}, link="a")
    assert failover.decide(Book("a", Follower.IN_SYNC, 3), seen) == Start("a", waits=True)


def test_a_zone_that_is_lost_takes_its_member_with_it():
    seen = Seen({"a": RUNS, "b": replace(STANDS_BY, zone_up=False)}, link="a", streaming=True)
    assert failover.decide(Book("a", Follower.IN_SYNC, 3), seen) == Fence("b", "its zone is lost")


def test_without_a_standby_in_sync_a_lost_zone_is_waited_for():
    for follower in (Follower.NONE, Follower.BEHIND):
        seen = Seen(
            {"a": MemberSeen(zone_up=False), "b": STANDS_BY if follower is Follower.BEHIND else MemberSeen()},
            link="a",
        )
        assert failover.decide(Book("a", follower, 3), seen) is None


def test_where_no_standby_is_wanted_there_is_none():
    alone = Seen({"a": RUNS, "b": MemberSeen()}, link="a", wanted=False)
    assert failover.decide(Book("a"), alone) is None
    followed = Seen({"a": RUNS, "b": STANDS_BY}, link="a", streaming=True, wanted=False)
    assert failover.decide(Book("a", Follower.IN_SYNC, 3), followed) == Write(
        Book("a", Follower.NONE, 3), "no standby is wanted"
    )


def test_a_start_from_nothing_does_not_wait_for_a_standby_that_may_not_begin():
    seen = Seen({"a": MemberSeen(), "b": MemberSeen()}, link=None, may_begin=False)
    first = failover.decide(Book("a", Follower.IN_SYNC, 3), seen)
    assert first == Write(Book("a", Follower.BEHIND, 3), "the primary starts alone")
    assert failover.decide(Book("a", Follower.BEHIND, 3), seen) == Start("a", waits=False)


def test_a_replacement_is_written_down_before_anything_is_ended_for_it():
    asked = failover.Replacement("restored", "kept")
    seen = Seen({"a": RUNS, "b": STANDS_BY}, link="a", streaming=True, asked=asked)
    book = Book("a", Follower.IN_SYNC, 3)
    assert failover.decide(book, seen) == Write(replace(book, replacing=asked), "it is asked for")


def test_a_supervisor_that_finds_a_replacement_begun_ends_all_and_does_it_whatever_else_there_is():
    begun = failover.Replacement("restored", "kept")
    book = Book("a", Follower.IN_SYNC, 3, begun)
    gone = replace(MemberSeen(), zone_up=False)
    assert failover.decide(book, Seen({"a": gone, "b": STANDS_BY}, link="a")) == Fence(
        "a", "the database's data is replaced"
    )
    quiet = MemberSeen(quiet=True)
    assert failover.decide(book, Seen({"a": quiet, "b": quiet}, link="a", copying=True)) is None
    assert failover.decide(book, Seen({"a": quiet, "b": quiet}, link="a")) == failover.Replace("a", begun)
    done = failover.decide(book, Seen({"a": quiet, "b": quiet}, link="a", replaced=True))
    assert done == Write(Book("a", Follower.NONE, 4), "the data was replaced")


def test_data_that_was_written_to_since_is_not_replaced():
    book = Book("a", Follower.IN_SYNC, 3, failover.Replacement("upgraded", "kept", 18, 745))
    quiet = MemberSeen(quiet=True)
    seen = Seen({"a": quiet, "b": quiet}, link="a", refused=True)
    assert failover.decide(book, replace(seen, members={"a": RUNS, "b": quiet})) == Fence(
        "a", "the database's data is replaced"
    )
    undone = failover.decide(book, seen)
    assert undone == Write(Book("a", Follower.IN_SYNC, 3), "the data was written to since")


def test_a_primary_whose_zone_is_lost_is_succeeded_before_data_is_replaced():
    """What takes its place would wait for the zone."""
    asked = failover.Replacement("restored", "kept")
    seen = Seen({"a": MemberSeen(zone_up=False), "b": STANDS_BY}, link="a", asked=asked)
    promotion = Write(Book("b", Follower.NONE, 4), "the primary is in a zone that is lost")
    assert failover.decide(Book("a", Follower.IN_SYNC, 3), seen) == promotion
