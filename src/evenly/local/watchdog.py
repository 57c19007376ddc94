"""The watchdog: starts the supervisor, and starts it again when it dies. Standard library only, tiny on purpose.

    python -I -S watchdog.py HOME PYTHON SUPERVISOR_PID SUPERVISOR_START

HOME is the environment's state folder. It adopts the supervisor with that pid and start if it runs, else
starts one (`PYTHON -m evenly.local.supervisor`). Where the system lets it, it is the one to whom the orphans of
a killed supervisor fall, and buries them when they die. When the file HOME/wanted is gone it starts no other
supervisor, and ends with the last of its children.
"""

import os
import signal
import sys
import time

SOONEST_S = 0.02
LONGEST_S = 5.0
STABLE_AFTER_S = 10.0
POLL_S = 0.2
PR_SET_CHILD_SUBREAPER = 36


def main(home: str, python: str, pid: int, start: str) -> None:
    adopt_orphans()
    wakeup = wake_on_children()
    delay = SOONEST_S
    while os.path.exists(os.path.join(home, "wanted")):
        if not is_running(pid, start):
            pid, start = launch(home, python)
        began = time.monotonic()
        ended_well = wait_for(pid, start, wakeup)
        lasted = time.monotonic() - began > STABLE_AFTER_S
        delay = SOONEST_S if ended_well or lasted else min(delay * 2, LONGEST_S)
        time.sleep(delay)
    bury_the_rest()


def adopt_orphans() -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def wake_on_children() -> int:
    """A descriptor that becomes readable whenever a child ends."""
    readable, writable = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC) if hasattr(os, "pipe2") else os.pipe()
    os.set_blocking(readable, False)
    os.set_blocking(writable, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    return readable


def launch(home: str, python: str) -> "tuple[int, str]":
    log = os.open(os.path.join(home, "logs", "supervisor.log"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    argv = [python, "-m", "evenly.local.supervisor", home]
    environ = dict(os.environ, EVENLY_ROLE="supervisor")
    actions = [
        (os.POSIX_SPAWN_DUP2, log, 1),
        (os.POSIX_SPAWN_DUP2, log, 2),
        (os.POSIX_SPAWN_CLOSE, log),
    ]
    pid = os.posix_spawn(python, argv, environ, file_actions=actions, setsid=True)
    os.close(log)
    return pid, start_of(pid)


def start_of(pid: int) -> str:
    """What tells this process from a later one of the same pid: its start, on Linux; elsewhere that it is."""
    if sys.platform != "linux":
        return "unknown"
    try:
        with open("/proc/%d/stat" % pid, "rb") as file:
            fields = file.read().rpartition(b") ")[2].split()
    except OSError:
        return "gone"
    return "gone" if fields[0] in (b"Z", b"X") else fields[19].decode()


def is_running(pid: int, start: str) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False
    return start_of(pid) == start


def wait_for(pid: int, start: str, wakeup: int) -> bool:
    """Return when the supervisor is gone: whether it ended on purpose, as it does for another release. Meanwhile bury
    every child that ends."""
    ended_well = False
    while True:
        runs = is_running(pid, start)
        ended_well = bury(pid) or ended_well
        if not runs:
            return ended_well
        pause(pid, wakeup)


def pause(pid: int, wakeup: int) -> None:
    """Sleep until the supervisor or a child ends: at once by pidfd, else by asking now and then."""
    if sys.platform != "linux":
        time.sleep(POLL_S)
        return
    import select

    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return
    try:
        select.select([descriptor, wakeup], [], [], 60)
    finally:
        os.close(descriptor)
    drain(wakeup)


def drain(descriptor: int) -> None:
    try:
        os.read(descriptor, 4096)
    except BlockingIOError:
        pass


def bury(pid: int) -> bool:
    """Whether `pid` was among the buried, with exit code 0."""
    ended_well = False
    try:
        while True:
            ended, status = os.waitpid(-1, os.WNOHANG)
            if not ended:
                return ended_well
            ended_well = ended_well or (ended == pid and status == 0)
    except ChildProcessError:
        return ended_well


def bury_the_rest() -> None:
    """The environment goes down: stay until all that fell to us has ended, so that no zombie is left."""
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
