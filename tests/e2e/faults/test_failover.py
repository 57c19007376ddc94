"""A database of two members while any of them, and their supervisor, is killed: nothing that was acknowledged is lost,
and nobody who only reads gets an error."""

import random
import time
from datetime import datetime

import psutil
import pytest
from tests.e2e.killing import VICTIMS, Reader, Writer, kept, kill, member, wait_mended, zone_of_primary

from evenly.core.status import Role
from evenly.local import environment

KILLS = 10
VOID_RUNS = 3
VOID = 3  # the exit code
LONGEST_S = 1.0
AT_ONCE_S = 0.5


@pytest.fixture(scope="module")
def shared(make_shared):
    made = make_shared()
    made.up()
    made.wait_in_sync()
    return made


def test_both_members_are_shown_each_in_its_zone(shared):
    status = shared.status()
    members = {it["role"]: it for it in status["database_members"]}
    assert {it["zone"] for it in members.values()} == {"local-a", "local-b"}
    assert members["standby"]["in_sync"] is True
    assert members["primary"]["pid"] == status["database"]["pid"]
    told = shared.run("status").stdout
    assert f"primary in {members['primary']['zone']}" in told
    assert f"standby in {members['standby']['zone']}, in sync" in told


@pytest.mark.timeout(600)
def test_nothing_acknowledged_is_lost_whatever_is_killed(shared):
    chosen = random.Random(time.time())  # noqa: S311
    with Reader(shared) as reader, Writer(shared, "kills") as writer:
        for number in range(KILLS):
            wait_mended(shared)
            time.sleep(chosen.random())
            kill(shared, *VICTIMS[number] if number < len(VICTIMS) else chosen.choice(VICTIMS))
        wait_mended(shared)
    assert writer.acknowledged
    found = kept(shared)
    assert {id: text for id, text in writer.acknowledged.items() if found.get(id) != text} == {}
    assert reader.failed == []


def journal_times(made, *actions: str) -> list[float]:
    """When the last of each was written, in seconds."""
    last = {it["action"]: it["at"] for it in made.journal()}
    return [datetime.fromisoformat(last[action]).timestamp() for action in actions]


def test_a_standby_that_ends_holds_nobody_up(shared):
    shared.wait_in_sync()
    with Writer(shared, "alone") as writer:
        time.sleep(0.5)
        kill(shared, "standby")
        time.sleep(0.5)
    ended, behind = journal_times(shared, "ended-database", "database-behind")
    assert 0 <= behind - ended < AT_ONCE_S
    assert writer.slowest_s < LONGEST_S
    shared.wait_in_sync()


@pytest.mark.parametrize("whole", [True, False], ids=["all of it", "no new connection"])
def test_a_primary_that_hangs_is_ended_and_its_standby_takes_its_place(shared, whole):
    """It is stopped for good: nobody lets it go on."""
    wait_mended(shared)
    before, pid = zone_of_primary(shared), member(shared, Role.PRIMARY).pid
    with Reader(shared) as reader, Writer(shared, "hangs") as writer:
        time.sleep(0.5)
        children = psutil.Process(pid).children(recursive=True) if whole else []
        for it in (psutil.Process(pid), *children):
            it.suspend()
        shared.wait_for(lambda: zone_of_primary(shared) != before, 30, "the failover")
        wait_mended(shared)
        shared.posts(f"After it hung, {whole}")
    assert writer.acknowledged.items() <= kept(shared).items()
    # On a busy machine it takes longer than the app waits.
    assert {status for status, _ in reader.failed} <= {503}
    assert not psutil.pid_exists(pid)


def test_a_zone_takes_its_member_with_it_and_brings_it_back(shared):
    shared.wait_in_sync()
    lost = zone_of_primary(shared)
    with Reader(shared) as reader, Writer(shared, "zone") as writer:
        environment.set_zone(shared.folder, lost, available=False)
        shared.wait_for(lambda: zone_of_primary(shared) != lost, 10, "the failover")
        shared.posts("Without that zone")
        assert member(shared, Role.STANDBY).pid is None
        environment.set_zone(shared.folder, lost, available=True)
        shared.wait_in_sync()
    assert reader.failed == []
    assert writer.acknowledged.items() <= kept(shared).items()
    assert member(shared, Role.STANDBY).zone == lost


def test_a_failover_fails_nobody_and_takes_no_second(shared):
    for _ in range(VOID_RUNS):
        shared.wait_in_sync()
        before = zone_of_primary(shared)
        done = shared.run("drill", "database-failover", "--rate", "100")
        if done.returncode != VOID:
            break
    assert done.returncode == 0, done.stdout + done.stderr
    assert zone_of_primary(shared) != before


def test_what_was_alone_gets_a_standby_and_can_be_alone_again(make):
    """As an environment that an older version made: one member, and no book."""
    made = make("database: {multi_zone: false}")
    made.up()
    assert made.status()["database_members"] == []
    first = made.posts("Written alone")
    made.down()
    made.write_manifest()
    made.up()
    made.wait_in_sync()
    second = made.posts("Written to two")
    before = zone_of_primary(made)
    kill(made, "primary")
    made.wait_for(lambda: zone_of_primary(made) != before, 10, "the failover")
    third = made.posts("Written to the other one")
    made.down()
    made.write_manifest("database: {multi_zone: false}")
    made.up()
    assert made.look().database_members == ()
    for row in (first, second, third):
        assert made.get(f"/greetings/{row['id']}").json() == row
