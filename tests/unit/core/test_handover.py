"""The balancer's hot restart, replayed against processes of which any, and the supervisor, may end at any time."""

from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace

from evenly.core import handover
from evenly.core.fleet import ProcessRef
from evenly.core.handover import (
    MOST_FAILURES,
    SILENT_S,
    SLACK_S,
    TAKES_OVER_S,
    Action,
    Ask,
    Begin,
    End,
    Epoch,
    Handover,
    Hold,
    Seen,
    decide,
)

LEAVE_S = 10.0
OLD = Epoch(ProcessRef(1, "t"), 0, "old", 0.0)
NEW = Epoch(ProcessRef(2, "t"), 1, "new", 100.0)
HOLDS = Handover(OLD)
BOTH = handover.began(HOLDS, NEW)
LEAVING = handover.held(BOTH, 100.0)


def seen(needed: str = "new", ready: bool = True, answers: int | None = None, free: bool = True) -> Seen:
    return Seen(needed, ready, answers, free, LEAVE_S)


@pytest.mark.parametrize(
    ("state", "sight", "now", "action"),
    [
        (HOLDS, seen("old"), 100.0, None),
        (HOLDS, seen(), 100.0, Begin(1)),
        (Handover(), seen(), 100.0, None),
        # it can't be asked yet, or any more
        (HOLDS, seen(ready=False), SILENT_S - 0.1, None),
        (HOLDS, seen(ready=False), SILENT_S, Begin(1)),
        # a deploy is under way
        (HOLDS, seen(free=False), 100.0, None),
        # the next one is on its way
        (BOTH, seen(answers=0), 101.0, None),
        (BOTH, seen(answers=None), 101.0, None),
        (BOTH, seen(answers=1), 101.0, Hold(NEW)),
        (BOTH, seen(answers=0), 100.0 + TAKES_OVER_S, End(NEW, "it did not take over within 30 s")),
        # the one before leaves
        (LEAVING, seen(), 101.0, None),
        (LEAVING, seen("newest"), 111.9, None),
        (LEAVING, seen(), 112.0, Ask(replace(OLD, since=100.0))),
        (handover.asked(LEAVING), seen(), 112.0, None),
        (
            handover.asked(LEAVING),
            seen(),
            112.0 + SLACK_S,
            End(replace(OLD, since=100.0), "it did not end within 5 s"),
        ),
    ],
)
def test_what_is_done(state: Handover, sight: Seen, now: float, action: Action | None) -> None:
    assert decide(state, sight, now) == action


def test_one_that_comes_to_nothing_is_tried_again_and_at_last_given_up() -> None:
    state, now, begun = HOLDS, 100.0, []
    while now < 200 and len(begun) < 10:
        if decide(state, seen(), now) == Begin(1):
            begun.append(now)
            state = handover.failed(handover.began(state, replace(NEW, since=now)), "it crashed", now)
        now += 0.25
    assert begun == [100.0, 100.25, 100.5]
    assert len(begun) == MOST_FAILURES
    assert state.given_up
    assert (state.holds, state.why) == (OLD, "it crashed")


def test_a_door_that_was_shut_is_opened_by_another_epoch() -> None:
    """One that failed had what holds shut its admin socket; nobody else can ask it."""
    young = replace(OLD, since=99.0)
    state = handover.failed(handover.began(Handover(young), NEW), "it crashed", 100.0)
    assert decide(state, seen("old", ready=False), 101.0) == Begin(1)


def test_what_can_not_be_asked_and_has_no_successor_is_ended() -> None:
    """It is started anew then, by whoever keeps it."""
    state = replace(HOLDS, failures=MOST_FAILURES)
    assert decide(state, seen(ready=False), SILENT_S - 0.1) is None
    assert decide(state, seen(ready=False), SILENT_S) == End(
        OLD, "it does not answer, and no other took over"
    )
    assert decide(state, seen(), 100.0) is None


@pytest.mark.parametrize(
    ("running", "recorded", "expected"),
    [
        ((), None, Handover()),
        ((NEW,), None, Handover(next=NEW)),
        ((NEW,), NEW.process, Handover(NEW)),
        ((NEW,), OLD.process, Handover(next=NEW)),
        ((OLD,), NEW.process, Handover(next=OLD)),
        ((NEW, OLD), OLD.process, Handover(OLD, next=NEW)),
        ((NEW, OLD), NEW.process, Handover(NEW, leaves=OLD)),
    ],
)
def test_what_another_supervisor_left_is_taken_up(running, recorded, expected) -> None:
    assert handover.found(running, recorded) == expected


@pytest.mark.parametrize(
    ("running", "expected"),
    [((), Handover()), ((NEW,), Handover(NEW)), ((NEW, OLD), Handover(OLD, next=NEW))],
)
def test_without_a_record_it_shows_who_holds(running, expected) -> None:
    assert handover.found(running, None, known=False) == expected


# --- everything that can go wrong, in any order


@dataclass
class Process:
    epoch: Epoch
    serves: bool = False
    leaves: bool = False


@dataclass
class World:
    """Processes as Envoy has them. `door`: the pid of the one that answers at the admin socket."""

    needed: str = "first"
    now: float = 0.0
    pids: int = 0
    running: dict[int, Process] = field(default_factory=dict)
    door: int | None = None
    recorded: ProcessRef | None = None
    state: Handover = field(default_factory=Handover)
    broken: bool = False  # a process that serves has crashed: until the next start requests may fail

    def spawn(self, number: int) -> Process:
        self.pids += 1
        process = Process(Epoch(ProcessRef(self.pids, "t"), number, self.needed, self.now))
        self.running[self.pids] = process
        return process

    def start_alone(self) -> None:
        """As the keeper of the part does: nothing may be on its way then."""
        if self.state.next:
            self.end(self.state.next)
        process = self.spawn(0)
        process.serves, self.door, self.broken = True, self.pids, False
        self.state = handover.started(self.state, process.epoch)
        self.recorded = process.epoch.process

    def end(self, epoch: Epoch) -> None:
        pid = epoch.process.pid
        gone = self.running.pop(pid, None)
        self.door = None if self.door == pid else self.door
        if gone is None:
            return
        if self.state.holds and self.state.holds.process.pid == pid:
            self.broken = True
            self.recorded = None
            self.state = replace(self.state, holds=None)
        elif self.state.next and self.state.next.process.pid == pid:
            self.broken = self.broken or gone.serves
            self.state = handover.failed(self.state, "it ended", self.now)
        else:
            self.state = handover.left(self.state, epoch.process)

    def step(self) -> Action | None:
        if self.state.holds is None:
            self.start_alone()
        door = self.running.get(self.door or 0)
        answers = door.epoch.number if door and door.serves else None
        sight = Seen(self.needed, answers is not None, answers, True, LEAVE_S)
        action = decide(self.state, sight, self.now)
        match action:
            case Begin(number):
                assert sum(not it.leaves for it in self.running.values()) == 1, "two are on their way"
                assert not any(it.leaves for it in self.running.values()), "one still leaves"
                self.state = handover.began(self.state, self.spawn(number).epoch)
            case Hold():
                self.state = handover.held(self.state, self.now)
                assert self.state.holds
                self.recorded = self.state.holds.process
            case Ask(epoch):
                self.state = handover.asked(self.state)
                self.running.pop(epoch.process.pid, None)
                self.state = handover.left(self.state, epoch.process)
            case End(epoch):
                assert epoch != self.state.holds or self.door is None, "what holds and answers is ended"
                self.end(epoch)
        return action

    def shut_the_door(self) -> None:
        """The next one has begun: what holds can't be asked any more."""
        new = self.state.next and self.running[self.state.next.process.pid]
        if new and not new.serves:
            self.door = None

    def take_over(self) -> None:
        for it in self.running.values():
            if self.state.next and it.epoch == self.state.next:
                for other in self.running.values():
                    other.leaves = other is not it
                it.serves, self.door = True, it.epoch.process.pid

    def another_supervisor(self) -> None:
        epochs = [replace(it.epoch, since=self.now) for it in self.running.values()]
        self.state = handover.found(epochs, self.recorded)


class Model(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.world.start_alone()

    @rule(needed=st.sampled_from(["first", "second", "third"]))
    def something_else_is_needed(self, needed):
        self.world.needed = needed
        self.world.another_supervisor()

    @rule(seconds=st.sampled_from([0.1, 1.0, 6.0, 40.0]))
    def time_passes(self, seconds):
        self.world.now += seconds

    @rule()
    def the_supervisor_acts(self):
        self.world.step()

    @rule()
    def the_supervisor_is_killed(self):
        self.world.another_supervisor()

    @rule()
    def the_next_one_begins(self):
        self.world.shut_the_door()

    @rule()
    def the_next_one_takes_over(self):
        self.world.take_over()

    @rule()
    def the_next_one_crashes(self):
        if self.world.state.next and not self.world.running[self.world.state.next.process.pid].serves:
            self.world.end(self.world.state.next)

    @precondition(lambda self: self.world.state.holds)
    @rule()
    def what_holds_crashes(self):
        self.world.end(self.world.state.holds)

    @precondition(lambda self: self.world.state.leaves)
    @rule()
    def what_leaves_crashes(self):
        self.world.end(self.world.state.leaves)

    @invariant()
    def somebody_serves_unless_one_that_served_crashed(self):
        world = self.world
        assert world.broken or any(it.serves and not it.leaves for it in world.running.values())

    def teardown(self):
        """Left alone, it comes to rest: one process, of what is needed, and its door is open."""
        world = self.world
        for _ in range(60):
            if world.step() is None:
                world.take_over()
                world.now += 1.0
        (only,) = world.running.values()
        assert world.state.given_up or (only.epoch.digest == world.needed and world.door)


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
