"""Apps that do not come up: the command says which and why, shows the app's last words, and leaves nothing half up."""

import re
import time
from pathlib import Path

import psutil
import pytest

APPS = Path(__file__).parent / "apps"
PROGRAM = (APPS / "program.py").read_text()
SHOP = (APPS / "shop.py").read_text()
RUN_PROGRAM = "app: {command: [python3, program.py]}\ndatabase: null\n"
IMPATIENT = (
    "healthcheck: {path: /healthz, grace_period: 8s}"  # yet Python starts in it on a busy machine, too
)
CASES = {
    "a missing module": (
        "app: {serve: 'shop:app'}\ndatabase: null",
        {"shop.py": "import not_installed\n"},
        ["No module named 'not_installed'"],
    ),
    "no such attribute": (
        "app: {serve: 'shop:application'}\ndatabase: null",
        {"shop.py": SHOP},
        ["application"],
    ),
    "a syntax error": (
        "app: {serve: 'shop:app'}\ndatabase: null",
        {"shop.py": "def app(:\n"},
        ["SyntaxError", "shop.py"],
    ),
    "an error in its import": (
        "app: {serve: 'shop:app'}\ndatabase: null",
        {"shop.py": "raise RuntimeError('no licence was found')\n"},
        ["no licence was found"],
    ),
    "exits at once": (
        RUN_PROGRAM + "variables: {MODE: exits}",
        {"program.py": PROGRAM},
        ["no licence was found", "exited with code 7"],
    ),
    "no such script": (
        "app: {command: [python3, gone.py]}\ndatabase: null",
        {},
        ["gone.py", "exited with code 2"],
    ),
    "no such interpreter": (
        "app: {command: [./start]}\ndatabase: null",
        {"start": "#!/no/such/interpreter\n"},
        ["could not be started", "./start"],
    ),
    "never healthy": (
        RUN_PROGRAM + "variables: {MODE: sick}",
        {"program.py": PROGRAM},
        ["/healthz", "starting"],
    ),
    "listens on another port": (
        RUN_PROGRAM + "variables: {MODE: elsewhere}",
        {"program.py": PROGRAM},
        ["listened on 127.0.", "not on $HOST:$PORT", "starting"],
    ),
}


def refused(made) -> str:
    """What `up` says when it fails, which it has to do in the agreed way."""
    told = made.up(code=3).stderr
    assert made.leftovers() == []
    assert "Traceback (most recent call last)" not in told.split("Its last log lines")[0]
    return told


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.replace(" ", "-"))
def test_an_app_that_does_not_come_up(make, case):
    manifest, files, words = CASES[case]
    made = make(manifest, IMPATIENT, files=files)
    told = refused(made)
    assert re.search(r"i-[0-9a-f]{17}", told), told
    assert not [word for word in words if word not in told], told


def test_a_mended_app_comes_up(make):
    made = make("app: {serve: 'shop:app'}\ndatabase: null", files={"shop.py": "def app(:\n"})
    refused(made)
    (made.folder / "shop.py").write_text(SHOP)
    made.up()
    assert made.get("/").body.startswith(b"one i-")


def test_a_migration_that_fails_is_named_and_leaves_nothing(make):
    files = {"shop.py": SHOP, "db/0001_first.sql": "CREATE TABLE shelf (id int);\nSELECT nothing;\n"}
    made = make("app: {serve: 'shop:app'}\ndatabase: {migrations: db/}", files=files)
    told = refused(made)
    assert "0001_first.sql" in told
    assert '"nothing"' in told
    (made.folder / "db" / "0001_first.sql").write_text("CREATE TABLE shelf (id int);\n")
    made.up()  # so nothing of the failed one has stayed
    assert made.get("/").status == 200


def test_an_applied_migration_that_changed_is_refused(make):
    files = {"shop.py": SHOP, "db/0001_first.sql": "CREATE TABLE shelf (id int);\n"}
    made = make("app: {serve: 'shop:app'}\ndatabase: {migrations: db/}", files=files)
    made.up()
    made.down()
    (made.folder / "db" / "0001_first.sql").write_text("CREATE TABLE shelf (id bigint);\n")
    told = refused(made)
    assert "0001_first.sql" in told
    assert "changed" in told
    (made.folder / "db" / "0001_first.sql").write_text("CREATE TABLE shelf (id int);\n")
    made.up()


@pytest.mark.parametrize("app", ["{serve: 'nowhere:app'}", "{command: [no-such-program]}"])
def test_an_app_that_is_not_there_is_a_wrong_manifest(make, app):
    made = make(f"app: {app}\ndatabase: null")
    told = made.up(code=2).stderr
    assert "evenly.yaml" in told
    assert "nowhere" in told or "no-such-program" in told
    assert made.leftovers() == []


def test_a_wrong_manifest_starts_nothing(make):
    made = make("cuont: 4")
    told = made.up(code=2).stderr
    assert "evenly.yaml:3" in told
    assert "count" in told
    assert made.leftovers() == []


def test_an_app_that_dies_soon_after_it_was_healthy_is_backed_off_from(make):
    """The supervisor says why, tries ever less often, and spends next to nothing on it."""
    made = make(files={"program.py": PROGRAM})
    doom = made.folder / "doom"
    made.write_manifest(f"{RUN_PROGRAM}variables: {{DOOM: '{doom}'}}")
    made.up()
    doom.touch()
    made.wait_for(lambda: ends(made) >= 5, 60, "a crash loop")
    assert "exited with code 9" in made.wait_for(lambda: made.status()["problem"], 30, "a problem")
    supervisor, began, tried = psutil.Process(made.part_pids["supervisor"]), time.monotonic(), ends(made)
    used = sum(supervisor.cpu_times()[:2])
    # They die in pairs: the second is tried as soon as the first is healthy, which it is for a moment.
    made.wait_for(lambda: ends(made) > tried + 1, 60, "another try")
    seconds = time.monotonic() - began
    assert seconds > 1
    assert (sum(supervisor.cpu_times()[:2]) - used) / seconds < 0.2
    doom.unlink()
    made.wait_healthy(120)
    made.wait_for(lambda: made.look().problem is None, 30, "an environment without a problem")


def ends(made) -> int:
    return sum(it["action"] == "ended-instance" for it in made.journal())
