"""Which changes of a project's files call for a reload, and the waiting for them. Reads names, never what is in files,
but for `.gitignore` and `.dockerignore`.
"""

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

import pathspec

from evenly.errors import StateError
from evenly.local.releases import LEFT_OUT

STEP_MS = 50  # a burst of saves is over when nothing more has come for so long
LONGEST_BURST_MS = 1600
FIRST_LOOK_MS = 200
IGNORE_FILES = (".gitignore", ".dockerignore")
EDITORS = ("*~", "*.sw?", "*.swpx", ".#*", "\\#*#", "4913", "*___jb_*___", ".goutputstream-*", ".DS_Store")
ALWAYS = ("!/evenly.yaml", "!/.env")  # most projects keep `.env` out of their repository


class Triggers:
    """The project's own rules of what is not a change of its code, and ours."""

    def __init__(self, project: Path) -> None:
        self._project = project
        said = [line for name in IGNORE_FILES for line in _lines(project / name)]
        self._spec = pathspec.GitIgnoreSpec.from_lines([*said, *LEFT_OUT, *EDITORS, *ALWAYS])

    def called_for(self, changed: Iterable[str]) -> tuple[str, ...]:
        """Those of the changed files (absolute) that call for a reload, by their name in the project, in order."""
        names = {self._name(Path(path)) for path in changed}
        return tuple(sorted(name for name in names if not self._is_ignored(name)))

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self._project)) if path.is_relative_to(self._project) else str(path)

    def _is_ignored(self, name: str) -> bool:
        """A folder is told from a file by a slash alone, and what was removed is neither."""
        return self._spec.match_file(name) or self._spec.match_file(f"{name}/")


class Changes:
    """What was saved and has not been taken yet. Saved in one thread, taken in another."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._lock = threading.Lock()
        self._news = threading.Event()

    def add(self, names: Iterable[str]) -> None:
        with self._lock:
            self._names.update(names)
        self._news.set()

    def are_there(self) -> bool:
        return self._news.is_set()

    def take(self) -> tuple[str, ...]:
        """Wait for news; all that was saved until now, in order. Empty where somebody only wanted a look."""
        self._news.wait()
        with self._lock:
            self._news.clear()
            names, self._names = self._names, set()
        return tuple(sorted(names))


def watch_files(folders: Sequence[Path], changes: Changes, stop: threading.Event) -> None:
    """Put what is saved in `folders`, the first of which is the project's, into `changes` until `stop`. Once it sees
    all that happens there, it asks for a look: something may have been saved before.

    Raises StateError where the system watches no more files.
    """
    import watchfiles

    project, looked = folders[0], False
    triggers = Triggers(project)
    watched = watchfiles.watch(
        *folders,
        watch_filter=None,
        debounce=LONGEST_BURST_MS,
        step=STEP_MS,
        rust_timeout=FIRST_LOOK_MS,
        yield_on_timeout=True,
        stop_event=stop,
        raise_interrupt=False,
        ignore_permission_denied=True,
    )
    try:
        for burst in watched:
            if any(Path(path).name in IGNORE_FILES for _, path in burst):
                triggers = Triggers(project)
            names = triggers.called_for(path for _, path in burst)
            if names or not looked:
                changes.add(names)
            looked = True
    except OSError as error:
        raise StateError(
            f"the files can't be watched: {error}",
            where=str(project),
            try_="On Linux, raise fs.inotify.max_user_watches, or move what is large out of the project.",
        ) from error


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8", errors="replace").splitlines() if file.is_file() else []
