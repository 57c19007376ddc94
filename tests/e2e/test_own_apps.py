"""Apps of the user's own, by `app.serve` and by `app.command`, and the releases that keep what they were made from."""

import os
import signal
from pathlib import Path

import pytest

APPS = Path(__file__).parent / "apps"
PROGRAM = (APPS / "program.py").read_text()
SHOP = (APPS / "shop.py").read_text()


@pytest.fixture(scope="module")
def shop(make_shared):
    made = make_shared(
        "app: {serve: 'shop:app'}\ndatabase: null\nvariables: {COLOUR: blue}", files={"shop.py": SHOP}
    )
    made.up()
    return made


def test_an_app_of_ones_own_is_served_from_both_zones(shop):
    answers = [shop.get("/").body.decode().split() for _ in range(25)]
    assert {words[1] for words in answers} == {it["id"] for it in shop.instances()}
    assert {(words[0], words[2], words[3]) for words in answers} == {("one", "1", "blue")}
    assert shop.status()["database"] is None


def test_unchanged_files_are_the_same_release(shop):
    shop.down()
    shop.up()
    assert shop.status()["release"] == 1


def test_a_release_keeps_what_it_was_made_from(shop):
    (shop.folder / "shop.py").write_text(SHOP.replace('"one"', '"two"'))
    for pid in shop.serving.values():
        os.kill(pid, signal.SIGKILL)
    before = set(shop.serving)
    shop.wait_for(lambda: len(shop.serving) == 2 and not before & set(shop.serving), what="the replacement")
    shop.wait_for(lambda: shop.get("/").status == 200, what="the balancer to have heard of it")
    assert {shop.get("/").body.split()[0] for _ in range(10)} == {b"one"}
    shop.down()
    shop.up()
    answers = {tuple(shop.get("/").body.decode().split()[::2]) for _ in range(10)}
    assert answers == {("two", "2")}
    assert shop.status()["release"] == 2
    releases = shop.home / "releases"
    assert 'VERSION = "one"' in (releases / "1" / "app" / "shop.py").read_text()


def test_a_program_is_served(make):
    manifest = "app: {command: [python3, program.py, $EVENLY_ZONE]}\ndatabase: null"
    made = make(manifest, files={"program.py": PROGRAM})
    made.up()
    answers = [made.get("/").body.decode().split() for _ in range(25)]
    assert {words[1] for words in answers} == {it["id"] for it in made.instances()}
    assert {words[2] for words in answers} == {"local-a", "local-b"}


def test_a_program_that_ignores_sigterm_is_ended_all_the_same(make):
    deaf = PROGRAM.replace(
        "server.serve_forever()", "import signal\nsignal.signal(15, signal.SIG_IGN)\nserver.serve_forever()"
    )
    made = make("app: {command: [python3, program.py]}\ndatabase: null", files={"program.py": deaf})
    made.up()
    made.down()
    assert made.leftovers() == []
