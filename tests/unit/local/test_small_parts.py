"""The local target's small pure parts: words, paths, how closely to look, what is passed on, adoption."""

import json
from pathlib import Path

from msgspec.structs import replace

from evenly.core.failover import Book, Follower
from evenly.core.fleet import Failure, Fleet, Instance, ProcessRef, ZoneFact
from evenly.core.parts import Part, ended, not_started, ready, restart_delay_s, started
from evenly.core.status import EnvironmentState, InstanceState
from evenly.core.summary import environment_state
from evenly.local.inheritance import inherited
from evenly.local.paths import local_paths
from evenly.local.processes import Marked, mains
from evenly.local.supervisor.attention import AT_REST_S, CLOSELY_S, NEARLY_S, next_look_s
from evenly.local.supervisor.balancer import endpoint, is_published
from evenly.local.supervisor.endings import ending
from evenly.local.supervisor.following import Following
from evenly.local.supervisor.record import adopt, read_record

NOBODY = ProcessRef(2**22 + 1, "never")


def instance(id: str, zone: str = "local-a", state: InstanceState = InstanceState.HEALTHY) -> Instance:
    return Instance(id, zone, "127.0.1.10:20000", 1, state, 5.0, "2026-01-01T00:00:00Z", 5.0, NOBODY, True)


def fleet(*instances: Instance, desired: int = 2) -> Fleet:
    return Fleet(desired, 1, (ZoneFact("local-a"), ZoneFact("local-b")), instances)


def mark(pid: int, role: str = "instance", parent: int = 1, **environment: str) -> Marked:
    return Marked(role, ProcessRef(pid, "t"), parent, environment)


def test_endings_in_words() -> None:
    assert ending(3, 0.44) == "exited with code 3 after 0.4 s"
    assert ending(-9, 12) == "was killed by SIGKILL after 12.0 s"
    assert ending(-64, 1).startswith("was killed by ")
    assert ending(None, 1) == "ended after 1.0 s"


def test_only_what_is_needed_is_passed_on_and_no_credential() -> None:
    said = {
        "PATH": "/bin",
        "LC_ALL": "C",
        "OTEL_SERVICE_NAME": "x",
        "AWS_SECRET_ACCESS_KEY": "s",
        "PGPASSWORD": "p",
    }
    assert inherited(said) == {"PATH": "/bin", "LC_ALL": "C", "OTEL_SERVICE_NAME": "x"}


def test_a_look_is_close_only_while_something_moves() -> None:
    assert next_look_s(fleet(instance("a")), 100) == AT_REST_S
    draining = fleet(instance("a", state=InstanceState.DRAINING))
    assert next_look_s(draining, 6) == CLOSELY_S
    assert next_look_s(draining, 60) == NEARLY_S


def test_socket_paths_stay_short_however_deep_the_project_is() -> None:
    paths = local_paths(Path("/x" * 200), Path("/run/user/1"), 1000)
    assert len(str(paths.control_socket)) < 60
    assert paths.key == local_paths(Path("/x" * 200), Path("/run/user/2"), 1000).key
    assert paths.key != local_paths(Path("/y"), Path("/run/user/1"), 1000).key


def test_a_programs_own_children_are_not_what_we_started() -> None:
    family = (mark(10), mark(11, parent=10), mark(12, parent=11), mark(20, role="balancer"))
    assert [it.process.pid for it in mains(family, "instance")] == [10]


def test_adoption_keeps_what_runs_and_drops_what_does_not() -> None:
    adopted = adopt(fleet(instance("a"), instance("b")), [mark(10, EVENLY_INSTANCE_ID="a")], now=9.0)
    assert [it.id for it in adopted.fleet.instances] == ["a"]
    assert adopted.fleet.instances[0].process == ProcessRef(10, "t")
    assert adopted.fleet.instances[0].state is InstanceState.HEALTHY
    assert adopted.lost == ("b",)


def test_without_a_record_the_fleet_is_found_by_its_marks() -> None:
    said = {
        "EVENLY_INSTANCE_ID": "i-1",
        "EVENLY_ZONE": "local-b",
        "EVENLY_RELEASE": "3",
        "HOST": "127.0.2.10",
        "PORT": "20000",
    }
    found = adopt(fleet(), [mark(10, **said)], now=9.0).fleet.instances
    assert [(it.id, it.zone, it.release, it.address) for it in found] == [
        ("i-1", "local-b", 3, "127.0.2.10:20000")
    ]


def test_after_a_reboot_times_of_the_old_clock_do_not_lie_ahead() -> None:
    adopted = adopt(fleet(instance("a")), [mark(10, EVENLY_INSTANCE_ID="a")], now=1.0).fleet.instances[0]
    assert adopted.since == adopted.launched_at == 1.0


def test_a_part_is_started_again_at_once_and_later_and_later() -> None:
    part = Part()
    delays = []
    for _ in range(9):
        part = ended(started(part, NOBODY, 0), "died", 1)
        delays.append(part.start_at - 1)
    assert delays == [0, 0.25, 0.5, 1, 2, 4, 8, 10, 10]
    assert ended(started(part, NOBODY, 0), "died", 60).failures == 0
    assert restart_delay_s(0) == 0
    assert ready(part).ready


def test_a_part_that_can_not_be_started_is_tried_later_and_later_too() -> None:
    part, delays = started(Part(), NOBODY, 0), []
    for at in range(1000, 1005):
        part = not_started(part, "could not be started: No space left on device", at)
        delays.append(part.start_at - at)
    assert delays == [0, 0.25, 0.5, 1, 2]


def test_the_environments_one_word() -> None:
    both = fleet(instance("a"), instance("b", "local-b"))
    cases = {
        (True, True): EnvironmentState.HEALTHY,
        (True, False): EnvironmentState.DEGRADED,
        (False, True): EnvironmentState.DOWN,
    }
    for (balancer, database), expected in cases.items():
        assert environment_state(both, balancer_ready=balancer, database_ready=database) is expected
    lopsided = fleet(instance("a"), instance("b"))
    assert environment_state(lopsided, balancer_ready=True, database_ready=True) is EnvironmentState.DEGRADED
    assert environment_state(fleet(), balancer_ready=True, database_ready=True) is EnvironmentState.DOWN


def test_a_worker_that_is_not_held_degrades_the_environment() -> None:
    both = fleet(instance("a"), instance("b", "local-b"))
    for worker, expected in ((both, EnvironmentState.HEALTHY), (fleet(), EnvironmentState.DEGRADED)):
        found = environment_state(both, [both, worker], balancer_ready=True, database_ready=True)
        assert found is expected


def test_a_record_from_before_there_were_workers_is_read(tmp_path: Path) -> None:
    paths = local_paths(tmp_path, tmp_path, 1000)
    paths.home.mkdir(parents=True)
    zones = [{"name": "local-a", "available": True}]
    fleet = {"desired": 2, "release": 1, "zones": zones, "instances": [], "failures": 0, "failed": None}
    data = {"fleet": fleet, "balancer": None, "database": None, "prepared": 1}
    paths.record.write_text(json.dumps({"version": 1, "data": data}))
    record = read_record(paths)
    assert record is not None
    assert record.fleet.desired == 2
    assert record.workers == {}


def test_with_a_zone_out_nothing_is_called_healthy() -> None:
    zones = (ZoneFact("local-a"), ZoneFact("local-b", available=False))
    one = Fleet(1, 1, zones, (instance("a"),))
    assert environment_state(one, balancer_ready=True, database_ready=True) is EnvironmentState.DEGRADED


def test_the_balancer_is_told_of_what_listens_and_is_not_stopping() -> None:
    assert is_published(instance("a"))
    assert is_published(instance("a", state=InstanceState.DRAINING))
    assert not is_published(instance("a", state=InstanceState.STOPPING))
    assert not is_published(replace(instance("a", state=InstanceState.LAUNCHING), listening=False))
    assert endpoint(instance("a", state=InstanceState.DRAINING)).draining


def test_after_a_reboot_no_backoff_waits_for_a_time_of_the_old_clock() -> None:
    failed = replace(fleet(), failures=4, failed=Failure("x", "local-a", 1e6, "exited"))
    adopted = adopt(failed, [], now=1.0).fleet
    assert adopted.failed is not None
    assert adopted.failed.at == 1.0


def test_while_the_machine_stood_still_the_standby_was_not_away() -> None:
    now = [0.0]
    following = Following(None, lambda: None, clock=lambda: now[0])  # type: ignore[arg-type]
    behind = Book(follower=Follower.BEHIND)
    for at in (0.0, 0.1, 1.0, 3601.0):
        now[0] = at
        following.look(behind, could=True, primary=NOBODY)
    assert following.detached_s == 0.0
    now[0] += 1.0
    following.look(behind, could=True, primary=NOBODY)
    assert following.detached_s == 1.0
