"""What the tests of faults do to a fleet, and what they wait for."""

import contextlib
import os
import signal
from collections.abc import Iterable

from tests.e2e.environment import Environment

from evenly.core.status import EnvironmentStatus


def scaled(made: Environment, count: int) -> None:
    done = made.run("scale", str(count))
    assert done.returncode == 0, done.stderr
    made.wait_for(lambda: settled(made, count), 60, f"a fleet of {count}")


def settled(made: Environment, count: int) -> bool:
    """`count` instances serve, evenly, and there is no other."""
    status = made.look()
    states = [it.state for zone in status.zones for it in zone.instances]
    sizes = [len(zone.instances) for zone in status.zones]
    return status.state == "healthy" and states == ["healthy"] * count and max(sizes) - min(sizes) <= 1


def full_again(made: Environment, gone: list[int]) -> bool:
    """Four serve, none of them with a pid of `gone`."""
    return settled(made, 4) and not set(gone) & set(made.serving.values())


def all_available(status: EnvironmentStatus) -> bool:
    return all(zone.available for zone in status.zones)


def kill(pids: Iterable[int | None], number: signal.Signals = signal.SIGKILL) -> None:
    for pid in filter(None, pids):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def others(before: dict[str, int | None], after: dict[str, int | None]) -> set[str]:
    """The parts that are not the same processes as before."""
    return {name for name in before if before[name] != after[name]}
