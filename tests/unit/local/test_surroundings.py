"""What a process of the app finds around it, and what no argument list may show."""

from pathlib import Path

import pytest

from evenly.core.secret import Secret
from evenly.errors import UsageError
from evenly.local.paths import Paths, local_paths
from evenly.local.settings import Release
from evenly.local.surroundings import Process, Surroundings, arguments, environment, surroundings
from evenly.manifest.types import App, Manifest

DATABASE = {"DATABASE_URL": "postgresql://app:word@/shop", "PGPASSWORD": "word", "PGUSER": "app"}
MANIFEST = Manifest(
    name="shop", app=App(serve="shop:app"), variables={"COLOUR": "blue", "SIZE": "3"}, secrets={"KEY": "KEY"}
)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    made = local_paths(tmp_path, tmp_path, 0)
    (made.releases / "4" / "app").mkdir(parents=True)
    return made


def around(paths: Paths, manifest: Manifest = MANIFEST) -> Surroundings:
    release = Release(number=4, created_at="", created_by="", digest="", manifest=manifest)
    return surroundings(paths, release, {"KEY": Secret("s3"), "URL": Secret("not the app's")}, DATABASE)


def test_a_process_finds_its_variables_secrets_database_and_place(paths: Paths) -> None:
    worker = Process("worker", "w-1", "local-b", variables={"SIZE": "9"}, given={"PORT": "20000"})
    found = environment(around(paths), worker)
    assert (
        found.items()
        >= {
            "COLOUR": "blue",
            "SIZE": "9",
            "KEY": "s3",
            **DATABASE,
            "PORT": "20000",
            "EVENLY_SERVICE": "shop",
            "EVENLY_ENVIRONMENT": "local",
            "EVENLY_REGION": "local",
            "EVENLY_ZONE": "local-b",
            "EVENLY_RELEASE": "4",
            "EVENLY_INSTANCE_ID": "w-1",
            "EVENLY_ROLE": "worker",
            "EVENLY_HOME": str(paths.home),
        }.items()
    )


def test_a_secret_that_the_manifest_does_not_give_to_the_app_stays_away(paths: Paths) -> None:
    assert "URL" not in environment(around(paths), Process("instance", "i-1", "local-a"))


def test_the_projects_own_programs_come_first(paths: Paths) -> None:
    own = around(paths).folder / ".venv" / "bin"
    beside = paths.project / "node_modules" / ".bin"
    for folder in (own, beside):
        folder.mkdir(parents=True)
    path = environment(around(paths), Process("instance", "i-1", "local-a"))["PATH"].split(":")
    assert path[:2] == [str(own), str(beside)]
    assert len(path) > 2


def test_names_in_arguments_are_expanded_from_the_environment(paths: Paths) -> None:
    said = ("run", "$HOST:${PORT}", "--colour=$COLOUR", "$UNKNOWN", "a$$b")
    given = {"HOST": "127.0.1.10", "PORT": "20000", "COLOUR": "blue"}
    expanded = ("run", "127.0.1.10:20000", "--colour=blue", "$UNKNOWN", "a$b")
    assert arguments(said, around(paths), given) == expanded


@pytest.mark.parametrize("word", ["$KEY", "x=${KEY}y", "$DATABASE_URL", "${PGPASSWORD}"])
def test_a_secret_in_an_argument_is_refused_and_not_told(paths: Paths, word: str) -> None:
    with pytest.raises(UsageError, match="is a secret") as caught:
        arguments(("run", word), around(paths), {"KEY": "s3", **DATABASE})
    assert "s3" not in str(caught.value)
    assert "word" not in str(caught.value)
