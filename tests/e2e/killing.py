"""Whom the tests and the benchmark of failover kill, and what they have asked and written meanwhile."""

import contextlib
import os
import signal
import threading
import time

from evenly.core.status import DatabaseMember, Role

VICTIMS = (
    ("primary",),
    ("standby",),
    ("supervisor",),
    ("primary", "standby"),
    ("primary", "supervisor"),
    ("standby", "supervisor"),
)


class Reader(threading.Thread):
    """Asks for a page all the while. `slowest_s`: the longest that an answer took; `failed`: what was no 200."""

    def __init__(self, made) -> None:
        super().__init__()
        self._made = made
        self._over = threading.Event()
        self.answers = 0
        self.slowest_s = 0.0
        self.failed = []

    def run(self):
        while not self._over.wait(0.01):
            began = time.monotonic()
            self.ask()
            self.answers += 1
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)

    def ask(self):
        answer = self._made.get("/")
        if answer.status != 200:
            self.failed.append((answer.status, answer.body))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self.join()


class Writer(Reader):
    """Writes all the while; `acknowledged`: the text of each row that was, by its id."""

    def __init__(self, made, name) -> None:
        super().__init__(made)
        self._name = name
        self.acknowledged = {}

    def ask(self):
        text = f"{self._name} {self.answers}"
        with contextlib.suppress(AssertionError):  # 503: not acknowledged
            row = self._made.posts(text, "Failover")
            self.acknowledged[row["id"]] = text


def member(made, role: Role) -> DatabaseMember:
    return next(it for it in made.look().database_members if it.role is role)


def zone_of_primary(made) -> str:
    return member(made, Role.PRIMARY).zone


def kill(made, *victims: str) -> None:
    """SIGKILL, and wait until that is seen."""
    pids = {
        "primary": member(made, Role.PRIMARY).pid,
        "standby": member(made, Role.STANDBY).pid,
        "supervisor": made.part_pids["supervisor"],
    }
    killed = {pids[victim] for victim in victims}
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    made.wait_for(lambda: not killed & shown(made), 30, "the fault")


def shown(made) -> set[int | None]:
    """The pids of the database's members and of the supervisor."""
    status = made.look()
    return {status.supervisor.pid, *(it.pid for it in status.database_members)}


def wait_mended(made) -> None:
    """The supervisor holds it again, and the standby is in sync."""

    def mended() -> bool:
        return made.look().supervisor.state == "running" and None not in shown(made) and made.in_sync()

    made.wait_for(mended, 60, "the mending")


def kept(made) -> dict[int, str]:
    """All that there is, by its id."""
    found, after = {}, 0
    while rows := made.get(f"/greetings?after={after}&limit=100").json()["greetings"]:
        found |= {row["id"]: row["text"] for row in rows}
        after = rows[-1]["id"]
    return found
