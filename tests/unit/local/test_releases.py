"""Releases: numbered, immutable, whole or not at all."""

from pathlib import Path

import pytest

from evenly.core.secret import Secret
from evenly.errors import StateError, UsageError
from evenly.local import releases
from evenly.local.errorpages import release_pages
from evenly.local.paths import Paths, local_paths
from evenly.local.settings import read_release
from evenly.manifest.types import App, Database, Http, Manifest

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


def test_the_projects_environment_serves_an_app_in_a_folder_of_it(paths: Paths) -> None:
    (paths.project / "src").mkdir()
    (paths.project / "src" / "shop.py").write_text("app = 1\n")
    (paths.project / ".venv").mkdir()
    nested = Manifest(name="shop", app=App(serve="shop:app", build="src"))
    folder = releases.app_folder(paths, releases.ensure(paths, nested))
    assert (folder / ".venv").resolve() == paths.project / ".venv"


def test_an_environment_that_is_a_link_itself_is_linked_once(paths: Paths, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (paths.project / ".venv").symlink_to(tmp_path / "elsewhere")
    folder = releases.app_folder(paths, releases.ensure(paths, OWN))
    assert (folder / ".venv").resolve() == tmp_path / "elsewhere"


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


def test_which_releases_bring_the_same_migrations(paths: Paths) -> None:
    manifest = Manifest(name="shop", app=App(serve="shop:app"), database=Database(migrations="db/"))
    (paths.project / "db").mkdir()
    first = releases.ensure(paths, manifest)
    (paths.project / "shop.py").write_text("app = 2\n")
    edited = releases.ensure(paths, manifest)
    (paths.project / "db" / "0001_first.sql").write_text("SELECT 1;")
    migrated = releases.ensure(paths, manifest)
    (paths.project / "db" / "0001_first.sql").write_text("SELECT 2;")
    changed = releases.ensure(paths, manifest)
    assert releases.same_migrations(paths, first, edited)
    assert not releases.same_migrations(paths, edited, migrated)
    assert not releases.same_migrations(paths, migrated, changed)


def test_the_reference_service_brings_its_own_migrations(paths: Paths) -> None:
    release = releases.ensure(paths, Manifest(name="hello"))
    folder = releases.migrations_folder(paths, release)
    assert folder is not None
    assert (folder / "0001_greetings.sql").is_file()
    assert not (paths.releases / "1" / "app").exists()


def test_a_file_that_can_not_be_read_is_said_and_nothing_is_made(paths: Paths) -> None:
    (paths.project / "db" / "0001_first.sql").mkdir(parents=True)
    manifest = Manifest(name="shop", database=Database(migrations="db/"))
    for make in (releases.ensure, releases.next_number):
        with pytest.raises(UsageError, match="this file can't be read") as refused:
            make(paths, manifest)
        assert refused.value.where == str(paths.project / "db" / "0001_first.sql")
    assert releases.numbers(paths) == ()


def test_files_that_are_too_large_are_said_and_nothing_is_made(paths: Paths) -> None:
    with (paths.project / "film.raw").open("wb") as file:
        file.truncate(releases.LARGEST_BYTES + 1)  # takes no room
    with pytest.raises(UsageError, match="add up to 512 MiB, and a release takes at most 512 MiB"):
        releases.ensure(paths, OWN)
    assert releases.numbers(paths) == ()


def test_a_missing_build_folder_is_said(paths: Paths) -> None:
    with pytest.raises(UsageError, match=r"app\.build"):
        releases.ensure(paths, Manifest(name="shop", app=App(serve="a:b", build="nowhere")))


SECRETIVE = Manifest(name="shop", app=App(serve="shop:app"), secrets={"KEY": "KEY"})


def write_secret(paths: Paths, value: str) -> None:
    file = paths.project / ".env"
    file.write_text(f"OTHER=no business of the app\nKEY={value}\n")
    file.chmod(0o600)


def test_a_release_keeps_the_secrets_it_was_made_with(paths: Paths) -> None:
    write_secret(paths, "first-value")
    first = releases.ensure(paths, SECRETIVE)
    assert releases.next_number(paths, SECRETIVE) == (1, False)
    write_secret(paths, "second-value")
    assert releases.next_number(paths, SECRETIVE) == (2, True)
    assert releases.release_secrets(paths, first) == {"KEY": Secret("first-value")}
    second = releases.ensure(paths, SECRETIVE)
    assert (second.number, releases.release_secrets(paths, second)) == (2, {"KEY": Secret("second-value")})
    write_secret(paths, "first-value")
    assert releases.ensure(paths, SECRETIVE).number == 3


def test_secrets_are_in_one_closed_file_and_nowhere_else(paths: Paths) -> None:
    write_secret(paths, "first-value")
    (paths.project / ".env.production").write_text("KEY=first-value")
    (paths.project / ".env.example").write_text("KEY=")
    (paths.project / ".envrc").write_text("export KEY=first-value")
    (paths.project / ".dockerignore").write_text("!.env\n!.env.production\n!**/.env\n")
    (paths.project / "web").mkdir()
    (paths.project / "web" / ".env").write_text("KEY=first-value")
    folder = releases.app_folder(paths, releases.ensure(paths, SECRETIVE))
    assert {it.name for it in folder.iterdir()} == {".dockerignore", ".env.example", "shop.py"}
    kept = [it for it in paths.home.rglob("*") if it.is_file() and b"first-value" in it.read_bytes()]
    assert [it.name for it in kept] == ["secrets.json"]
    assert kept[0].stat().st_mode & 0o777 == 0o600
    assert "business" not in kept[0].read_text()


def test_the_digest_tells_nothing_of_a_secret_without_its_key(paths: Paths) -> None:
    """The same files and secrets elsewhere, under another key, have another digest."""
    write_secret(paths, "first-value")
    digest = releases.ensure(paths, SECRETIVE).digest
    assert paths.digest_key.stat().st_mode & 0o777 == 0o600
    paths.digest_key.write_bytes(bytes(32))
    assert releases.ensure(paths, SECRETIVE).digest != digest


def test_a_forecast_makes_no_key(paths: Paths) -> None:
    write_secret(paths, "first-value")
    assert releases.next_number(paths, SECRETIVE) == (1, True)
    assert not paths.digest_key.exists()


def test_a_release_whose_secrets_were_lost_says_so_and_is_made_again(paths: Paths) -> None:
    write_secret(paths, "first-value")
    first = releases.ensure(paths, SECRETIVE)
    (paths.releases / "1" / "secrets.json").unlink()
    with pytest.raises(StateError, match="are not there"):
        releases.release_secrets(paths, first)
    assert releases.ensure(paths, SECRETIVE).number == 2


def test_damaged_secrets_are_kept_aside_as_closed_as_they_were_and_not_told(paths: Paths) -> None:
    write_secret(paths, "first-value")
    first = releases.ensure(paths, SECRETIVE)
    (paths.releases / "1" / "secrets.json").write_text(
        '{"version": 1, "data": {"values": {"KEY": "first-value" oh'
    )
    with pytest.raises(StateError) as caught:
        releases.release_secrets(paths, first)
    assert "first-value" not in str(caught.value)
    assert (paths.releases / "1" / "secrets.json.damaged-1").stat().st_mode & 0o777 == 0o600


def test_without_secrets_no_file_of_them_is_made(paths: Paths) -> None:
    releases.ensure(paths, OWN)
    assert not list(paths.home.rglob("secrets.json"))
    assert not paths.digest_key.exists()


def test_error_pages_are_kept_and_edited_ones_are_the_next_release(paths: Paths) -> None:
    manifest = Manifest(name="shop", app=App(serve="shop:app"), http=Http(error_pages="pages"))
    pages = paths.project / "pages"
    pages.mkdir()
    for name in ("404.html", "5xx.html", "notes.html", "logo.png"):
        (pages / name).write_text("first")
    (paths.project / "elsewhere.html").write_text("first")
    (pages / "4xx.html").symlink_to(paths.project / "elsewhere.html")
    first = releases.ensure(paths, manifest)
    for file in (pages / "404.html", paths.project / "elsewhere.html"):
        file.write_text("edited")
    assert release_pages(paths, first.number) == {"404": "first", "4xx": "first", "5xx": "first"}
    second = releases.ensure(paths, manifest)
    assert (second.number, release_pages(paths, second.number)["404"]) == (2, "edited")
