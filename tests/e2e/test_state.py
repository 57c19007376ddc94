"""Damaged state: reported, kept aside, put right by the next command as far as it can be; the data stays."""

import contextlib
import os
import shutil
import signal
import time

import pytest

GARBAGE = {
    "truncated": lambda text: text[: len(text) // 2],
    "empty": lambda _: "",
    "garbage": lambda _: "\0\xff not JSON",
}


@pytest.fixture(scope="module")
def shared(make_shared):
    made = make_shared()
    made.up()
    return made


@pytest.fixture
def written(shared):
    """An environment that is up, with a greeting that has to survive."""
    shared.up()
    shared.kept = shared.posts(f"It has to survive {time.monotonic_ns()}")
    return shared


def assert_kept(made) -> None:
    assert made.status()["state"] == "healthy"
    assert made.get(f"/greetings/{made.kept['id']}").json() == made.kept


def damage(made, name: str, how: str) -> None:
    path = made.home / name
    path.chmod(0o600)
    path.write_text(GARBAGE[how](path.read_text()))


def kept_aside(made, name: str) -> int:
    return len(list((made.home / name).parent.glob(f"{(made.home / name).name}.damaged-*")))


def end_supervision(made) -> None:
    """Until both are gone: each starts the other again."""

    def gone() -> bool:
        left = made.pids("watchdog") + made.pids("supervisor")
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not left

    made.wait_for(gone)


def until_up(made, tries: int = 3) -> str:
    """`up`, again if it says that it kept a damaged file aside; what it said in all."""
    told = ""
    for _ in range(tries):
        done = made.run("up", "--detach")
        told += done.stderr
        if done.returncode == 0:
            return told
        assert done.returncode == 3, told
    pytest.fail(f"up did not succeed:\n{told}")


@pytest.mark.parametrize("how", GARBAGE)
def test_a_damaged_record_while_the_supervisor_is_dead(written, how):
    parts, served, before = written.part_pids, written.serving, kept_aside(written, "record.json")
    end_supervision(written)
    damage(written, "record.json", how)
    until_up(written)
    after = written.part_pids
    assert written.serving == served  # found by their marks
    assert (after["balancer"], after["database"]) == (parts["balancer"], parts["database"])
    assert kept_aside(written, "record.json") == before + 1
    assert_kept(written)


def test_a_deleted_record_while_the_supervisor_is_dead(written):
    parts, served = written.part_pids, written.serving
    end_supervision(written)
    (written.home / "record.json").unlink()
    until_up(written)
    assert (written.serving, written.part_pids["database"]) == (served, parts["database"])
    assert_kept(written)


def test_a_scaled_fleet_is_not_forgotten_with_its_supervisor(written):
    written.run("scale", "4")
    written.wait_for(lambda: len(written.serving) == 4)
    end_supervision(written)
    until_up(written)
    assert written.status()["desired"] == 4
    written.down()


@pytest.mark.parametrize("how", GARBAGE)
@pytest.mark.parametrize("name", ["environment.json", "secrets.json", "release.json"])
def test_a_damaged_file_after_down(written, name, how):
    latest = written.status()["release"]
    path = f"releases/{latest}/{name}" if name == "release.json" else name
    written.down()
    damage(written, path, how)
    told = until_up(written)
    assert name in told
    assert kept_aside(written, path)
    assert_kept(written)


@pytest.mark.parametrize("name", ["environment.json", "record.json"])
def test_down_works_with_a_damaged_file(written, name):
    damage(written, name, "garbage")
    for _ in range(2):
        if written.run("down").returncode == 0:
            break
    assert written.leftovers() == []
    until_up(written)
    assert_kept(written)


def test_a_half_made_release_is_made_anew(written):
    written.down()
    making = written.home / "releases" / ".making"
    making.mkdir()
    (making / "app").mkdir()
    (making / "app" / "half.py").write_text("x")
    written.write_manifest("variables: {COLOUR: red}")
    written.up()
    assert not making.exists()
    assert not list((written.home / "releases").rglob("half.py"))
    assert_kept(written)


def test_lost_certificates_are_made_anew(written):
    written.down()
    shutil.rmtree(written.home / "certificates")
    written.up()
    assert_kept(written)


def test_a_file_of_a_newer_evenly_is_refused_and_left_alone(written):
    written.down()
    path = written.home / "environment.json"
    before = path.read_text()
    path.write_text(before.replace('"version": 1', '"version": 99'))
    try:
        done = written.up(code=3)
        assert "version 99" in done.stderr
        assert '"version": 99' in path.read_text()
    finally:
        path.write_text(before)
    written.up()
    assert_kept(written)


def test_a_database_that_does_not_start_says_why_in_its_own_words(make):
    made = make()
    made.up()
    made.down()
    databases = made.root_data / "database" if made.root_data.exists() else made.home / "database"
    control = databases / "18" / "global" / "pg_control"
    kept = control.read_bytes()
    control.write_bytes(b"not what it was")
    done = made.up(code=3)
    assert "the database does not stay up" in done.stderr
    assert "pg_control" in done.stderr
    assert made.leftovers() == []
    control.write_bytes(kept)
    made.up()
