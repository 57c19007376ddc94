"""The applications of examples/: each brought up, asked, written to, one instance killed under load, taken down."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
REQUESTS_A_SECOND = 40
LOAD_S = 2.0
FIRST = "The first note, from the migration."
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Example:
    """`shows`: what GET / holds from the start. `path` and `form`: where and how a note is added."""

    folder: str
    shows: str
    path: str = "/notes"
    form: bool = False


NOTES = (
    Example("fastapi-sqlalchemy", FIRST),
    Example("express", FIRST),
    Example("flask", FIRST, "/", form=True),
    Example("django", "There are no notes yet.", "/", form=True),
)


@pytest.mark.parametrize("example", NOTES, ids=lambda it: it.folder)
def test_it_serves_stores_and_survives_the_loss_of_an_instance(make, example):
    made = brought_up(make, example.folder)
    if example.folder == "django":
        migrates(made)
    pages = {made.get("/", headers={"Accept": "text/html"}).body.decode() for _ in range(20)}
    assert {id for id in made.serving for page in pages if id in page} == set(made.serving)
    assert all(example.shows in page for page in pages)
    text = f"written {time.time_ns()}"
    adds(made, example, text)
    assert all(text in made.get("/").body.decode() for _ in range(4))
    loses_an_instance(made)
    loses_its_database(made)
    assert text in made.get("/").body.decode()
    if example.folder == "django":
        has_an_admin(made)
    made.down()


def test_a_folder_of_files_is_served(make):
    made = brought_up(make, "static")
    answer = made.get("/")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html")
    assert b"<h1>Leaflet</h1>" in answer.body
    loses_an_instance(made)
    made.down()


@pytest.mark.parametrize("folder", ["fastapi-sqlalchemy", "flask"])
def test_what_init_finds_comes_up(make, folder):
    """The example's code alone: everything else is written by init."""
    made = make()
    copied(folder, made.folder)
    for name in ("evenly.yaml", "Dockerfile", ".dockerignore"):
        (made.folder / name).unlink()
    done = made.run("init", "--name", "found")
    assert (done.returncode, "Next: evenly up" in done.stderr) == (0, True), done.stderr
    with_ports(made)
    made.up()
    assert FIRST in made.get("/").body.decode()
    assert made.get("/nowhere", headers={"Accept": "text/html"}).status == 404
    made.down()


# --- bringing one up


def brought_up(make, folder):
    made = make()
    copied(folder, made.folder)
    with_ports(made)
    made.up()
    return made


def copied(folder, target):
    ignored = shutil.ignore_patterns("node_modules", ".evenly", ".env", "__pycache__", ".venv")
    shutil.copytree(EXAMPLES / folder, target, dirs_exist_ok=True, ignore=ignored)
    if (target / "package.json").is_file():
        shutil.copytree(node_modules(), target / "node_modules", symlinks=True)
    else:
        (target / ".venv").symlink_to(sys.prefix)
    if (target / ".env.example").is_file():
        (target / ".env").write_text(f"DJANGO_SECRET_KEY={os.urandom(32).hex()}\n")
        (target / ".env").chmod(0o600)


def with_ports(made):
    """The example's own manifest, on free ports."""
    manifest = yaml.safe_load((made.folder / "evenly.yaml").read_text())
    ports = {"port": made.https_port, "redirect_port": made.http_port}
    manifest = {**manifest, "http": {**(manifest.get("http") or {}), **ports}}
    (made.folder / "evenly.yaml").write_text(
        json.dumps({name: it for name, it in manifest.items() if it != {}})
    )


def node_modules():
    """Installed once a lock file, from that alone; no package's own script is run."""
    lock = (EXAMPLES / "express" / "package-lock.json").read_bytes()
    folder = ROOT / "build" / "express"
    if not (folder / "ready").is_file() or (folder / "ready").read_bytes() != lock:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(EXAMPLES / "express" / name, folder)
        install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
        done = subprocess.run(install, cwd=folder, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        (folder / "ready").write_bytes(lock)
    return folder / "node_modules"


def migrates(made):
    done = made.run("run", "--as-owner", "python", "manage.py", "migrate", "--no-input")
    assert done.returncode == 0, done.stderr
    refused = made.run("run", "python", "manage.py", "shell", "-c", DROP)
    assert refused.returncode != 0 and "must be owner" in refused.stderr


DROP = "from django.db import connection; connection.cursor().execute('DROP TABLE notes_note')"


# --- asking it


def adds(made, example, text):
    if not example.form:
        answer = made.request("POST", example.path, JSON, json.dumps({"text": text}))
        assert answer.status == 201, answer.body
        return
    token, headers = csrf(made)
    answer = made.request("POST", example.path, headers | FORM, urlencode({"text": text} | token))
    assert answer.status in (302, 303), answer.body
    assert answer.headers["Location"] == "/"


def csrf(made):
    """Django's token, and what a browser sends with it: refused were the scheme or the host not the client's."""
    page = made.get("/")
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.body.decode())
    if found is None:
        return {}, {}
    cookie = SimpleCookie(page.headers["Set-Cookie"])["csrftoken"]
    origin = f"https://localhost:{made.https_port}"
    headers = {
        "Cookie": f"csrftoken={cookie.value}",
        "Origin": origin,
        "Host": origin.removeprefix("https://"),
    }
    return {"csrfmiddlewaretoken": found[1]}, headers


def has_an_admin(made):
    login = made.get("/admin/login/")
    assert login.status == 200
    style = re.search(r'href="(/static/admin/[^"]+\.css)"', login.body.decode())
    assert style is not None
    sheet = made.get(style[1])
    assert (sheet.status, sheet.headers["Content-Type"]) == (200, 'text/css; charset="utf-8"')


def loses_an_instance(made):
    """SIGKILL in the middle of a light load; no request fails, and it is replaced."""
    before = dict(made.serving)
    answers: list[int] = []
    loads = [threading.Thread(target=asks, args=(made, answers)) for _ in range(2)]
    for load in loads:
        load.start()
    time.sleep(LOAD_S / 3)
    os.kill(next(iter(before.values())), signal.SIGKILL)
    for load in loads:
        load.join()
    assert [status for status in answers if status != 200] == []
    assert len(answers) > REQUESTS_A_SECOND * LOAD_S / 4
    made.wait_for(lambda: len(made.serving) == 2 and set(made.serving) != set(before), what="the replacement")


def loses_its_database(made):
    """While it is away the answer is 503 or late; once it is back, no connection of before spoils one."""
    pid = made.part_pids["database"]
    os.kill(pid, signal.SIGKILL)
    seen = {made.get("/").status for _ in range(3)}
    made.wait_for(lambda: made.part_pids["database"] not in (pid, None), what="the database's return")
    made.wait_for(lambda: seen.add(made.get("/").status) or 200 in seen, what="an answer")
    made.wait_for(lambda: made.get("/").status == 200, what="the first page after it")
    assert seen <= {200, 503}
    assert {made.get("/").status for _ in range(12)} == {200}


def asks(made, answers):
    for moment in ticks():
        time.sleep(max(0.0, moment - time.monotonic()))
        try:
            answers.append(made.get("/").status)
        except OSError:
            answers.append(0)


def ticks() -> Iterator[float]:
    begun = time.monotonic()
    count = int(LOAD_S * REQUESTS_A_SECOND / 2)
    return (begun + number * 2 / REQUESTS_A_SECOND for number in range(count))
