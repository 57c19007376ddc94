"""`evenly up --watch`: reloads what is saved, and says of each reload what became of it.

Two threads: one sees the files, one reloads. What they have to say is kept for the live view, or said line by line.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

import click

from evenly.cli.drawing import Note
from evenly.cli.lint import findings_of, refuse_errors
from evenly.cli.live import ends_as_interrupt
from evenly.cli.options import read_manifest
from evenly.cli.words import harmless, listed
from evenly.errors import EvenlyError
from evenly.local.changes import Changes, watch_files
from evenly.local.reloading import Refused, Served, reload
from evenly.local.settings import timestamp_now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from evenly.manifest.types import Manifest

KEPT = 40
LEAVE_S = 5.0
POLL_S = 0.2
MOST_NAMES = 3
SKIPPED = (
    "Watching: what is saved is served at once. A reload leaves out the synthetic gate and the watching "
    "afterwards; evenly deploy has both."
)


class Watching:
    """Reloads what is saved below `project`, and in the folder of the app, until it is left. `say` hears each note."""

    def __init__(self, project: Path, manifest: Manifest, say: Callable[[Note], None]) -> None:
        self._project = project
        self._folders = tuple(dict.fromkeys((project, (project / manifest.app.build).resolve())))
        self._changes = Changes()
        self._stop = threading.Event()
        self._hear = say
        self._notes: deque[Note] = deque(maxlen=KEPT)
        self._broken: BaseException | None = None
        self._threads = [
            threading.Thread(target=self._guarded, args=(work,), daemon=True)
            for work in (self._see_files, self._reload)
        ]

    def notes(self) -> tuple[Note, ...]:
        """What there was to say, oldest first. Raises what ended the watching."""
        if self._broken:
            raise self._broken
        return tuple(self._notes)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._changes.add(())
            for thread in self._threads:
                thread.join(LEAVE_S)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # said where the command is, which ends by it
            self._broken = error

    def _see_files(self) -> None:
        watch_files(self._folders, self._changes, self._stop)

    def _reload(self) -> None:
        while not self._stop.is_set():
            names = self._changes.take()
            if self._stop.is_set():
                return
            try:
                self._reload_once(names)
            except EvenlyError as error:
                self._say_lines("failed", str(error))
            except OSError as error:  # saved by renaming, say: its next change follows
                self._say_lines("failed", f"A file could not be read: {error}")

    def _reload_once(self, names: tuple[str, ...]) -> None:
        manifest = read_manifest(self._project)
        refuse_errors(findings_of(manifest, self._project))
        outcome = reload(
            self._project,
            manifest,
            hurried=self._changes.are_there,
            slow=self._say_refused,
            stopped=self._stop.is_set,
        )
        match outcome:
            case Served():
                self._say_served(outcome, names)
            case Refused():
                self._say_refused(outcome)

    def _say_served(self, served: Served, names: tuple[str, ...]) -> None:
        self._say("ok", f"Release {served.release} serves after {served.after_s:.2f} s: {_shortly(names)}.")
        for it in served.changed:
            self._say("ok", f"  {it.path}: {it.old or 'not set'} -> {it.new or 'not set'}")

    def _say_refused(self, refused: Refused) -> None:
        more = (
            "The next save tries again."
            if refused.is_over
            else "It is waited for; the next save begins anew."
        )
        told = f"Release {refused.before} goes on serving, {refused.release} does not. {refused.why} {more}"
        self._say_lines("failed", told, *(f"    {line}" for line in refused.words))

    def _say_lines(self, word: str, *texts: str) -> None:
        for line in (line for text in texts for line in text.splitlines()):
            self._say(word, line)

    def _say(self, word: str, line: str) -> None:
        note = Note(timestamp_now()[11:19], harmless(line), word)
        self._notes.append(note)
        self._hear(note)


def watch_lines(project: Path, manifest: Manifest) -> None:
    """Watch, and say each note as a line, until Ctrl-C, SIGTERM or the terminal's end."""
    watching = Watching(project, manifest, lambda it: click.echo(f"{it.at}  {it.text}", err=True))
    with ends_as_interrupt(), contextlib.suppress(KeyboardInterrupt), watching.running():
        while True:
            watching.notes()
            time.sleep(POLL_S)


def _shortly(names: Sequence[str]) -> str:
    if len(names) > MOST_NAMES:
        return f"{', '.join(names[:MOST_NAMES])} and {len(names) - MOST_NAMES} more"
    return listed(names) if names else "what was saved before"
