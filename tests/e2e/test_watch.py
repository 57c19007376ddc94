"""`evenly up --watch`: what is saved is served, whatever was wrong with what was saved before."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

DEADLINE_S = 30
APP = """
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"%s"})
"""
FOLDED = "app: {serve: main:app}\ndatabase: null\n"


class Watched:
    """An environment under `evenly up --watch`, without a terminal."""

    def __init__(self, made: Any) -> None:
        self.made = made
        self.heard = 0
        self.told = made.folder.parent / f"{made.folder.name}.told"
        with self.told.open("wb") as file:
            self.command = subprocess.Popen(
                [*made.command, "up", "--watch"], stdout=file, stderr=file, **made.options()
            )
        self.wait_told("Watching:")

    def save(self, text: str, name: str = "main.py") -> None:
        """As editors do: written beside, and renamed."""
        beside = self.made.folder / f".{name}.swp"
        beside.write_text(text)
        beside.rename(self.made.folder / name)

    def serves(self, text: str) -> None:
        self.made.wait_for(lambda: self.body() == text, DEADLINE_S, f"{text} served")

    def body(self) -> str:
        return self.made.get("/").body.decode()

    def wait_told(self, words: str) -> None:
        """After what was waited for before."""
        self.made.wait_for(
            lambda: words in self.told.read_text()[self.heard :], DEADLINE_S, f"{words!r} said"
        )
        self.heard = self.told.read_text().index(words, self.heard) + len(words)

    def wait_settled(self) -> None:
        """No deploy is under way, and a supervisor answers."""

        def settled() -> bool:
            book = json.loads((self.made.home / "deploys.json").read_text())["data"]
            return not book.get("current") and self.made.look().supervisor.state == "running"

        self.made.wait_for(settled, DEADLINE_S, "the end of the reload")

    def reloads(self) -> int:
        return sum(it["action"] == "deploy" for it in self.made.journal())

    def end(self) -> int:
        self.command.send_signal(signal.SIGINT)
        return self.command.wait(DEADLINE_S)


@pytest.fixture(scope="module")
def shared(make_shared: Any) -> Iterator[Watched]:
    found = Watched(make_shared(FOLDED, files={"main.py": APP % "one"}))
    try:
        yield found
    finally:
        found.command.kill()
        found.command.wait()
        found.told.unlink()


@pytest.fixture
def watched(shared: Watched) -> Watched:
    """One that serves "one", and has nothing more to do."""
    shared.made.write_manifest(FOLDED)
    shared.save(APP % "one")
    shared.serves("one")
    shared.wait_settled()
    return shared


def test_what_is_saved_is_served_without_a_failed_request(watched: Watched) -> None:
    failed: list[str] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            try:
                answer = watched.made.get("/")
                failed.extend([answer.body.decode()] if answer.status != 200 else [])
            except OSError as error:
                failed.append(repr(error))

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for word in ("two", "three"):
            watched.save(APP % word)
            watched.serves(word)
    finally:
        over.set()
        asking.join()
    assert failed == []
    watched.wait_told("serves after")


def test_an_app_that_does_not_start_is_told_in_its_own_words_and_the_next_save_tries_again(
    watched: Watched,
) -> None:
    runs = watched.made.look().release
    watched.save("raise RuntimeError('not like this')\n")
    watched.wait_told(f"Release {runs} goes on serving")
    watched.wait_told("RuntimeError: not like this")
    assert watched.body() == "one"
    watched.save(APP % "two")
    watched.serves("two")


def test_an_app_that_hangs_is_told_and_gives_way_to_the_next_save(watched: Watched) -> None:
    watched.save("import time\nprint('so slow', flush=True)\ntime.sleep(300)\n")
    watched.wait_told("It does not serve yet.")
    watched.wait_told("so slow")
    assert watched.body() == "one"
    watched.save(APP % "two")
    watched.serves("two")
    assert (
        "It was stopped by"
        in [it for it in watched.made.journal() if it["action"] == "deploy-failed"][-1]["why"]
    )


def test_a_burst_is_one_reload_and_what_is_saved_meanwhile_is_one_more(watched: Watched) -> None:
    before = watched.reloads()
    for number in range(20):
        (watched.made.folder / f"part{number}.py").write_text(f"x = {before}\n")
    watched.save(APP % "two")
    watched.made.wait_for(lambda: watched.reloads() > before, DEADLINE_S, "the first reload")
    for word in ("three", "four", "five"):
        watched.save(APP % word)
    watched.serves("five")
    watched.wait_settled()
    assert 2 <= watched.reloads() - before <= 3  # 3 where this machine stood still in the midst of the burst


def test_what_is_saved_as_it_was_or_is_no_code_reloads_nothing(watched: Watched) -> None:
    before = watched.reloads()
    watched.save(APP % "one")
    (watched.made.folder / "__pycache__").mkdir(exist_ok=True)
    (watched.made.folder / "__pycache__" / "x.pyc").write_text("x")
    time.sleep(0.5)  # longer than a burst lasts
    watched.save(APP % "two")
    watched.serves("two")
    assert watched.reloads() == before + 1


def test_what_can_be_changed_in_the_manifest_is_applied_and_the_rest_is_told(watched: Watched) -> None:
    watched.made.write_manifest(FOLDED + "zones: 3\n")
    watched.wait_told("zones: changes from 2 to 3, and a deploy can't change that")
    watched.made.write_manifest(FOLDED + "nonsense: 3\n")
    watched.wait_told("unknown key")
    watched.made.write_manifest(FOLDED + "variables: {COLOUR: red}\n")
    watched.wait_told("variables.COLOUR: not set -> red")
    assert watched.body() == "one"


def test_a_supervisor_that_is_killed_meanwhile_is_waited_for(watched: Watched) -> None:
    before = watched.reloads()
    watched.save(APP % "two")
    watched.made.wait_for(lambda: watched.reloads() > before, DEADLINE_S, "the reload")
    for pid in watched.made.pids("supervisor"):
        os.kill(pid, signal.SIGKILL)
    watched.serves("two")
    watched.save(APP % "three")
    watched.serves("three")


def test_a_migration_that_is_saved_is_applied_and_ctrl_c_leaves_what_was_up_and_stops_what_it_began(
    make: Any,
) -> None:
    files = {"main.py": APP % "one", "db/0001_notes.sql": "CREATE TABLE notes (id bigint PRIMARY KEY);\n"}
    made = make(FOLDED.replace("null", "{multi_zone: false, migrations: db/}"), files=files)
    made.up()
    (made.folder / "main.py").write_text(APP % "two")
    found = Watched(made)
    found.serves("two")  # saved before it watched
    found.wait_told("serves after")
    (made.folder / "db" / "0002_text.sql").write_text("ALTER TABLE notes ADD COLUMN text text;\n")
    found.wait_told("serves after")
    applied = [it["file"] for it in made.journal() if it["action"] == "migrate"]
    assert applied == ["0001_notes.sql", "0002_text.sql"]
    assert found.end() == 0
    assert "it goes on running" in found.told.read_text()
    assert found.body() == "two"
    made.down()
    again = Watched(made)
    again.save(APP % "three")
    assert again.end() == 0  # in the midst of it
    assert "Its data stays." in again.told.read_text()
    assert "Traceback" not in again.told.read_text()
    assert made.leftovers() == []
    again.told.unlink()


@pytest.mark.parametrize("words", [("--detach",), ("--json",), ("--env", "production"), ("--env", "staging")])
def test_where_it_can_not_be_nothing_begins(make: Any, words: tuple[str, ...]) -> None:
    made = make(FOLDED, files={"main.py": APP % "one"})
    began = time.monotonic()
    refused = made.run("up", "--watch", *words)
    assert refused.returncode == 2, refused.stderr
    assert not made.home.exists()
    assert time.monotonic() - began < DEADLINE_S
