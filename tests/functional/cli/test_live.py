"""The live view in a real terminal: it draws, it grows with it, and Ctrl-C stops what it started."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from typing import Any

import pytest

DEADLINE_S = 60


class Terminal:
    """A program in a terminal of its own."""

    def __init__(self, project: Any, *arguments: str) -> None:
        self._screen, inside = pty.openpty()
        self.resize(80, 24)
        self.seen = ""
        self.program = subprocess.Popen(
            project.command(*arguments),
            cwd=project.folder,
            env=project.environment() | {"COLUMNS": "", "LINES": ""},
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(inside)

    def resize(self, width: int, height: int) -> None:
        fcntl.ioctl(self._screen, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def wait_for(self, text: str) -> None:
        """Read on until `text` is drawn, after what was waited for before."""
        deadline = time.monotonic() + DEADLINE_S
        while text not in self.seen:
            assert self._read(deadline), f"{text!r} did not come; on the screen: {self.seen[-4000:]}"
        self.seen = self.seen.partition(text)[2]

    def wait_end(self) -> int:
        deadline = time.monotonic() + DEADLINE_S
        while self._read(deadline):
            pass
        return self.program.wait(DEADLINE_S)

    def press_interrupt(self) -> None:
        os.write(self._screen, b"\x03")

    def close(self) -> None:
        self.program.kill()
        self.program.wait()
        os.close(self._screen)

    def _read(self, deadline: float) -> bool:
        if not select.select([self._screen], [], [], max(0.0, deadline - time.monotonic()))[0]:
            return False
        try:
            found = os.read(self._screen, 65536)
        except OSError:  # Linux's way to say that the other end is closed
            return False
        self.seen += found.decode(errors="replace")
        return bool(found)


@pytest.fixture
def terminal(project: Any) -> Iterator[Terminal]:
    opened = Terminal(project, "up")
    try:
        yield opened
    finally:
        opened.close()


def test_it_draws_survives_its_supervisor_and_stops_all_by_ctrl_c(project: Any, terminal: Terminal) -> None:
    terminal.wait_for("database in local-a ready")
    terminal.wait_for("requests/s")
    terminal.wait_for("local-a")
    terminal.wait_for("Ctrl-C stops it")
    supervisor = project.status()["supervisor"]["pid"]
    os.kill(supervisor, signal.SIGKILL)
    terminal.resize(120, 40)
    terminal.wait_for("database")
    terminal.wait_for("Ctrl-C stops it")
    terminal.press_interrupt()
    terminal.wait_for("Stopping it ...")
    terminal.wait_for("Stopped 2 instances")
    assert terminal.wait_end() == 0
    assert project.status()["state"] == "down"


def test_on_one_that_was_up_ctrl_c_only_leaves(project: Any) -> None:
    assert project.run("up", "--detach").returncode == 0
    before = project.settled()
    terminal = Terminal(project, "up")
    try:
        terminal.wait_for("Ctrl-C leaves this view")
        terminal.press_interrupt()
        terminal.wait_for("it goes on running")
        assert terminal.wait_end() == 0
    finally:
        terminal.close()
    assert project.status() == before


def test_with_watch_it_shows_what_became_of_what_was_saved(project: Any) -> None:
    terminal = Terminal(project, "up", "--watch")
    manifest = project.folder / "evenly.yaml"
    before = manifest.read_text()
    try:
        terminal.wait_for("Ctrl-C leaves this view")
        manifest.write_text(before + "variables: {COLOUR: red}\n")
        terminal.wait_for("serves after")
        terminal.wait_for("variables.COLOUR: not set -> red")
        terminal.press_interrupt()
        terminal.wait_for("it goes on running")
        assert terminal.wait_end() == 0
    finally:
        terminal.close()
        manifest.write_text(before)


def test_ctrl_c_while_it_comes_up_leaves_nothing_running(project: Any) -> None:
    project.run("down")
    terminal = Terminal(project, "up", "--detach")
    try:
        terminal.wait_for("database in local-a starting")
        terminal.press_interrupt()
        terminal.wait_for("What was started is stopped again.")
        assert terminal.wait_end() == 130
    finally:
        terminal.close()
    assert project.run("down").stdout == "Nothing was running.\n"
