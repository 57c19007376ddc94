"""Which changed files call for a reload, bursts of them, and how they are waited for."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from evenly.local.changes import Changes, Triggers, watch_files

DEADLINE_S = 30


@pytest.mark.parametrize(
    "name",
    [
        *("main.py", "app/views/list.html", "db/0002_more.sql", "evenly.yaml", ".env", "errors/404.html"),
        *("notes.swift", "pkg", "requirements.txt", "static/app.js"),
    ],
)
def test_what_a_release_is_made_of_calls_for_a_reload(tmp_path: Path, name: str) -> None:
    assert Triggers(tmp_path).called_for([str(tmp_path / name)]) == (name,)


@pytest.mark.parametrize(
    "name",
    [
        *(".git", ".git/index", ".venv/lib/site.py", "venv/x.py", "node_modules/a/index.js"),
        *("__pycache__", "app/__pycache__/main.cpython-311.pyc", "main.pyc"),
        *(".evenly/local/journal.jsonl", ".mypy_cache/x", ".pytest_cache/x", ".ruff_cache/x"),
        *("main.py~", ".main.py.swp", ".main.py.swx", "app/.#main.py", "#main.py#", "4913"),
        *("main.py___jb_tmp___", ".goutputstream-A1B2C3", ".DS_Store"),
    ],
)
def test_what_is_no_code_of_the_app_does_not(tmp_path: Path, name: str) -> None:
    assert Triggers(tmp_path).called_for([str(tmp_path / name)]) == ()


def test_what_the_project_ignores_does_not_but_for_its_secrets_and_its_manifest(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text(".env\n*.log\n/build/\n")
    (tmp_path / ".dockerignore").write_text("docs/\n")
    changed = ["a.log", "build/x.js", "docs/x.md", ".env", "evenly.yaml", "lib/build/x.js"]
    called = Triggers(tmp_path).called_for(str(tmp_path / it) for it in changed)
    assert called == (".env", "evenly.yaml", "lib/build/x.js")


def test_a_file_outside_of_the_project_is_told_by_its_whole_name(tmp_path: Path) -> None:
    project, app = tmp_path / "project", tmp_path / "app"
    assert Triggers(project).called_for([str(app / "main.py")]) == (str(app / "main.py"),)


def test_what_was_saved_meanwhile_is_taken_at_once_and_no_name_twice() -> None:
    changes = Changes()
    assert not changes.are_there()
    changes.add(["b", "a"])
    changes.add(["b"])
    assert changes.are_there()
    assert changes.take() == ("a", "b")
    assert not changes.are_there()


# --- over real files


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Changes]:
    changes, stop = Changes(), threading.Event()
    thread = threading.Thread(target=watch_files, args=((tmp_path,), changes, stop))
    thread.start()
    try:
        yield changes
    finally:
        stop.set()
        thread.join(DEADLINE_S)
        assert not thread.is_alive()


def taken(changes: Changes) -> tuple[str, ...]:
    """What comes within the deadline."""
    found: list[tuple[str, ...]] = []
    thread = threading.Thread(target=lambda: found.append(changes.take()), daemon=True)
    thread.start()
    thread.join(DEADLINE_S)
    assert found, "nothing was seen"
    return found[0]


def test_it_asks_for_a_look_once_it_sees_and_then_tells_what_is_saved(
    tmp_path: Path, watched: Changes
) -> None:
    assert taken(watched) == ()
    (tmp_path / ".evenly").mkdir()
    (tmp_path / ".evenly" / "journal.jsonl").write_text("not a change")
    (tmp_path / "main.py").write_text("x = 1")
    assert taken(watched) == ("main.py",)


def test_a_burst_of_saves_is_told_together(tmp_path: Path, watched: Changes) -> None:
    assert taken(watched) == ()
    names = {f"{number:02d}.py" for number in range(40)}
    for name in names:
        (tmp_path / name).write_text("x = 1")
    bursts = [taken(watched)]
    while names - {it for burst in bursts for it in burst}:
        bursts.append(taken(watched))
    assert len(bursts) < 5  # one, unless this machine stood still in the midst


def test_a_folder_that_comes_or_goes_is_a_change(tmp_path: Path, watched: Changes) -> None:
    assert taken(watched) == ()
    (tmp_path / "pkg").mkdir()
    assert taken(watched) == ("pkg",)


def test_rules_that_are_saved_hold_at_once(tmp_path: Path, watched: Changes) -> None:
    assert taken(watched) == ()
    (tmp_path / ".gitignore").write_text("*.log\n")
    assert taken(watched) == (".gitignore",)
    (tmp_path / "a.log").write_text("x")
    (tmp_path / "main.py").write_text("x")
    assert taken(watched) == ("main.py",)
