"""How much CPU time programs have taken, with all that they have started in their session. Reads the process table."""

import contextlib
import os
from collections import defaultdict
from collections.abc import Mapping

import psutil


def cpu_seconds(leaders: Mapping[str, int]) -> dict[str, float]:
    """CPU seconds by name. `leaders`: the pid of the leader of each program's session. What has ended since, and is
    no longer counted by its parent, counts no more."""
    names = {pid: name for name, pid in leaders.items()}
    used: dict[str, float] = defaultdict(float)
    for pid in psutil.pids():
        name = names.get(_session(pid))
        if name is not None:
            used[name] += _cpu_s(pid)
    return dict(used)


def _session(pid: int) -> int:
    with contextlib.suppress(OSError):
        return os.getsid(pid)
    return -1


def _cpu_s(pid: int) -> float:
    with contextlib.suppress(psutil.Error):
        times = psutil.Process(pid).cpu_times()
        return times.user + times.system
    return 0.0
