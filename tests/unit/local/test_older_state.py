"""What Evenly 0.1.0 kept, file by file, as it wrote it: read as it is. What a newer one keeps is refused, and stays."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evenly import __version__
from evenly.core.failover import Book as Members
from evenly.core.failover import Follower
from evenly.core.secret import Secret
from evenly.errors import StateError
from evenly.local import state
from evenly.local.deploybook import read_book, write_book
from evenly.local.deploys import listed
from evenly.local.jobs.book import read_jobs
from evenly.local.paths import Paths, local_paths
from evenly.local.postgres import book as members
from evenly.local.releases import find, release_secrets
from evenly.local.settings import read_release, read_settings
from evenly.local.supervisor.database import SECRETS_VERSION, Passwords
from evenly.local.supervisor.record import read_record

KEPT = Path(__file__).parent / "state-0.1.0"
FILES = sorted(str(it.relative_to(KEPT)) for it in KEPT.rglob("*.json"))


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    found = local_paths(tmp_path, tmp_path, 0)
    shutil.copytree(KEPT, found.home)
    return found


def member_book(paths: Paths) -> Members | None:
    return state.read(paths.home / "18.members.json", Members, members.VERSION)


READERS: dict[str, Callable[[Paths], Any]] = {
    "environment.json": read_settings,
    "record.json": read_record,
    "deploys.json": read_book,
    "jobs.json": read_jobs,
    "secrets.json": lambda paths: state.read(paths.secrets, Passwords, SECRETS_VERSION),
    "18.members.json": member_book,
    "releases/1/release.json": lambda paths: find(paths, 1),
    "releases/2/release.json": lambda paths: find(paths, 2),
    "releases/1/secrets.json": lambda paths: release_secrets(paths, read_release(paths, 1)),
    "releases/2/secrets.json": lambda paths: release_secrets(paths, read_release(paths, 2)),
}


def test_each_file_has_a_reader() -> None:
    assert sorted(READERS) == FILES


@pytest.mark.parametrize("name", FILES)
def test_it_is_read_as_it_is(paths: Paths, name: str) -> None:
    before = (paths.home / name).read_bytes()
    assert READERS[name](paths) is not None
    assert (paths.home / name).read_bytes() == before


def test_nothing_of_it_is_lost(paths: Paths) -> None:
    settings, record = read_settings(paths), read_record(paths)
    assert settings is not None and record is not None
    assert (settings.release, settings.https_port) == (2, 18443)
    assert (record.prepared, len(record.fleet.instances), list(record.workers)) == (2, 2, ["mailer"])
    assert record.fleet.instances[0].process is not None
    assert read_book(paths).good == (1, 2)
    assert read_book(paths).endings[2].outcome == "done"
    assert [it.outcome for it in read_jobs(paths)["tidy"].history] == ["succeeded"]
    assert release_secrets(paths, read_release(paths, 1)) == {"PAYMENT_KEY": Secret("x")}
    assert member_book(paths) == Members("a", Follower.IN_SYNC, 1)
    assert read_release(paths, 1).manifest.variables == {"COLOUR": "red"}
    assert len(listed(paths.project)) == 2


@pytest.mark.parametrize("name", FILES)
def test_what_a_newer_one_wrote_is_refused_in_a_sentence_and_left_alone(paths: Paths, name: str) -> None:
    file = paths.home / name
    told = json.loads(file.read_text())
    newer = json.dumps({"version": told["version"] + 1, "by": "9.9.0", "data": {"nobody": "knows"}})
    file.write_text(newer)
    with pytest.raises(StateError, match="has version 2, and this Evenly") as refused:
        READERS[name](paths)
    assert not isinstance(refused.value, state.DamagedError)
    assert refused.value.where == str(file)
    assert refused.value.try_ == "Use Evenly 9.9.0, or a newer one. Nothing was changed."
    assert file.read_text() == newer


def test_each_file_says_who_wrote_it(paths: Paths) -> None:
    assert state.is_of_another(paths.deploys)
    write_book(paths, read_book(paths))
    assert json.loads(paths.deploys.read_text())["by"] == __version__
    assert not state.is_of_another(paths.deploys)
    assert not state.is_of_another(paths.home / "none.json")


def test_the_files_name_no_machine() -> None:
    told = "".join((KEPT / name).read_text() for name in FILES)
    assert set(re.findall(r'"(/[^"]*)"', told)) <= {"/tmp", "/healthz"}  # noqa: S108
