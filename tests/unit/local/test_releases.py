"""Releases: numbered, immutable, whole or not at all."""

from pathlib import Path

import pytest

from evenly.errors import UsageError
from evenly.local import releases
from evenly.local.paths import Paths, local_paths
from evenly.local.settings import read_release
from evenly.manifest.types import App, Database, Manifest

OWN = Manifest(name="shop", app=App(serve="shop:app"))


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    made = local_paths(tmp_path, tmp_path, 0)
    made.releases.mkdir(parents=True)
    (tmp_path / "shop.py").write_text("app = 1\n")
    return made


def test_the_same_release_is_found_again(paths: Paths) -> None:
    first = releases.ensure(paths, OWN)
    assert (first.number, releases.ensure(paths, OWN).number) == (1, 1)
    assert read_release(paths, 1) == first


def test_changed_code_is_the_next_release_and_the_old_one_stays(paths: Paths) -> None:
    first = releases.ensure(paths, OWN)
    (paths.project / "shop.py").write_text("app = 2\n")
    second = releases.ensure(paths, OWN)
    assert second.number == 2
    assert (releases.app_folder(paths, first) / "shop.py").read_text() == "app = 1\n"
    assert (releases.app_folder(paths, second) / "shop.py").read_text() == "app = 2\n"


def test_its_files_cannot_be_written_to(paths: Paths) -> None:
    folder = releases.app_folder(paths, releases.ensure(paths, OWN))
    assert (folder / "shop.py").stat().st_mode & 0o222 == 0
    assert (folder.parent / "release.json").stat().st_mode & 0o777 == 0o400


def test_what_belongs_to_the_machine_is_linked_and_what_is_ignored_left_out(paths: Paths) -> None:
    for name in (".venv/bin", "__pycache__", ".git", "notes"):
        (paths.project / name).mkdir(parents=True)
        (paths.project / name / "file").write_text("x")
    (paths.project / ".env").write_text("SECRET=1")
    (paths.project / ".dockerignore").write_text("notes/\n")
    folder = releases.app_folder(paths, releases.ensure(paths, OWN))
    assert sorted(it.name for it in folder.iterdir()) == [".dockerignore", ".venv", "shop.py"]
    assert (folder / ".venv").is_symlink()


def test_a_release_that_was_cut_off_is_made_again(paths: Paths) -> None:
    (paths.releases / ".making" / "app").mkdir(parents=True)
    (paths.releases / ".making" / "app" / "half").write_text("x")
    folder = releases.app_folder(paths, releases.ensure(paths, OWN))
    assert sorted(it.name for it in folder.iterdir()) == ["shop.py"]


def test_migrations_are_part_of_it(paths: Paths) -> None:
    (paths.project / "db").mkdir()
    (paths.project / "db" / "0001_first.sql").write_text("SELECT 1;")
    manifest = Manifest(name="shop", app=App(serve="shop:app"), database=Database(migrations="db"))
    release = releases.ensure(paths, manifest)
    folder = releases.migrations_folder(paths, release)
    assert folder is not None
    assert [it.name for it in folder.iterdir()] == ["0001_first.sql"]


def test_the_reference_service_brings_its_own_migrations(paths: Paths) -> None:
    release = releases.ensure(paths, Manifest(name="hello"))
    folder = releases.migrations_folder(paths, release)
    assert folder is not None
    assert (folder / "0001_greetings.sql").is_file()
    assert not (paths.releases / "1" / "app").exists()


def test_a_missing_build_folder_is_said(paths: Paths) -> None:
    with pytest.raises(UsageError, match=r"app\.build"):
        releases.ensure(paths, Manifest(name="shop", app=App(serve="a:b", build="nowhere")))
