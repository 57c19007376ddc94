"""The user's error pages, the shell, the seed and the reset of the database, and the logs of it all."""

import json
import threading
from pathlib import Path

import pytest

BROWSER = {"Accept": "text/html,application/xhtml+xml"}
LOST = '<!doctype html><meta charset="utf-8"><title>Lost</title><p>Lost: {{ status }}'
SEED = "INSERT INTO greetings (language, text) VALUES ('xx', 'seeded'), ('xy', 'seeded')"


@pytest.fixture(scope="module")
def shop(make_shared):
    made = make_shared(http="error_pages: pages", files={"pages/404.html": LOST, "seed.sql": SEED})
    made.up()
    return made


def test_the_releases_pages_are_shown_whatever_becomes_of_the_users_files(shop):
    (shop.folder / "pages" / "404.html").write_text("edited")
    page = shop.get("/nothing", BROWSER)
    assert (page.status, page.body.decode()) == (404, LOST.replace("{{ status }}", "404"))
    assert shop.get("/nothing").json()["title"] == "Not Found"
    assert "x-evenly-error-page" not in page.headers


def test_the_shell_is_the_apps_and_the_owners_when_it_is_asked_for(shop):
    said = shop.run("database", "shell", "-tAc", "SELECT current_user, count(*) > 50 FROM greetings")
    assert (said.stdout, said.returncode) == ("app|t\n", 0)
    assert shop.run("database", "shell", "-c", "DROP TABLE greetings").returncode == 1
    owner = shop.run("database", "shell", "--as-owner", "-tAc", "SELECT current_user")
    assert owner.stdout == "owner\n"
    assert (shop.home / "psql_history").stat().st_mode & 0o777 == 0o600


def test_no_password_is_among_arguments(shop):
    waiting = shop.start("database", "shell", "-c", "SELECT pg_sleep(3)")
    words = (shop.home / "secrets.json").read_text()
    passwords = list(json.loads(words)["data"].values())
    shop.wait_for(lambda: "psql" in Path(f"/proc/{waiting.pid}/cmdline").read_text(), 20, "psql")
    told = Path(f"/proc/{waiting.pid}/cmdline").read_text()
    waiting.kill()
    waiting.wait()
    assert not [it for it in passwords if it in told]


def test_a_seed_is_run_once_and_refused_whole(shop):
    done = shop.run("database", "seed")
    assert (done.stdout, done.returncode) == ("Seeded by 1 statement: 2 rows inserted.\n", 0)
    (shop.folder / "wrong.sql").write_text("DELETE FROM greetings;\nSELECT nothing;")
    refused = shop.run("database", "seed", "--file", "wrong.sql")
    assert refused.returncode == 3
    assert "wrong.sql:2" in refused.stderr
    asked = shop.run("database", "shell", "-tAc", "SELECT count(*) FROM greetings WHERE text = 'seeded'")
    assert asked.stdout == "2\n"


def test_a_reset_asks_for_the_name_and_fails_no_request(shop):
    shop.posts("to be forgotten", "xz")
    assert shop.run("database", "reset").returncode == 2  # nothing is typed
    for said in ("yes", "shop", ""):
        assert shop.run("database", "reset", "--confirm", said).returncode == 2
    stop = threading.Event()
    failed: list[int] = []

    def ask() -> None:
        while not stop.is_set():
            status = shop.get("/greetings").status
            failed.extend([status] if status != 200 else [])

    before = shop.serving
    asking = threading.Thread(target=ask)
    asking.start()
    done = shop.run("database", "reset", "--seed", "--confirm", "local")
    stop.set()
    asking.join()
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "The database is new: 1 migration applied."
    assert failed == []
    assert shop.serving == before
    asked = "SELECT text, count(*) FROM greetings WHERE text IN ('to be forgotten', 'seeded') GROUP BY text"
    assert shop.run("database", "shell", "-tAc", asked).stdout == "seeded|2\n"


def test_logs_that_turn_over_are_read_as_one(shop):
    access = shop.home / "logs" / "access.log"
    mark = "before-the-turn"
    shop.get(f"/{mark}")
    shop.wait_for(lambda: mark in access.read_text(), 20, "its line")
    with access.open("ab") as file:
        file.write((b'{"time":"2020-01-01T00:00:00.000Z"}' + b" " * 1000 + b"\n") * 10_600)
    shop.wait_for(lambda: access.with_name("access.log.1").exists() and access.exists(), 30, "a turn")
    shop.get("/after-the-turn")
    shop.wait_for(lambda: "after-the-turn" in access.read_text(), 20, "its line")
    lines = [
        json.loads(it) for it in shop.run("logs", "access", "--since", "10m", "--json").stdout.splitlines()
    ]
    paths = [it["entry"].get("path") for it in lines]
    assert paths.index(f"/{mark}") < paths.index("/after-the-turn")
    zone = next(it["entry"]["zone"] for it in lines if it["entry"].get("path") == "/after-the-turn")
    told = shop.run("logs", "access", "--since", "10m", "--zone", zone, "--json").stdout
    assert {json.loads(it)["entry"]["zone"] for it in told.splitlines()} == {zone}


def test_a_database_that_is_down_is_said_to_be(shop):
    shop.down()
    for words in (("shell",), ("seed",), ("reset", "--confirm", "local")):
        refused = shop.run("database", *words)
        assert (refused.returncode, "the database is down" in refused.stderr) == (3, True), words
