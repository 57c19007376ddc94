"""The wheel alone, in an empty environment and an empty folder; a fresh clone; and what is packed."""

import json
import os
import shutil
import ssl
import subprocess
import sys
import tarfile
import zipfile
from contextlib import closing
from http.client import HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.e2e.environment import INSTALLING_S

pytestmark = pytest.mark.timeout(INSTALLING_S)
ROOT = Path(__file__).resolve().parents[2]
INSTALL = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}


def run(*command: str | Path, cwd: Path) -> str:
    """The standard output of a command that has to succeed."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=CLEAN,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=INSTALLING_S,
    )
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(Path(sys.executable).with_name("hatchling"), "build", "-d", folder, cwd=ROOT)
    return folder


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fresh") / "a clone"
    run("git", "clone", "--quiet", ROOT, folder, cwd=folder.parent)
    return folder


@pytest.fixture(scope="module")
def evenly(distributions: Path, clone: Path) -> Path:
    """The command, from the wheel, beside what the lock named for the clone; nothing of a checkout is left."""
    run("sh", "scripts/prepare.sh", "run", cwd=clone)
    shutil.rmtree(clone / "src")
    python, (wheel,) = clone / ".venv/bin/python", distributions.glob("*.whl")
    run(python, *INSTALL, "--no-deps", "--force-reinstall", wheel, cwd=distributions)
    return clone / ".venv/bin/evenly"


def names_in_wheel(distributions: Path) -> set[str]:
    (wheel,) = distributions.glob("*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_has_everything_the_checkout_has(distributions):
    tracked = subprocess.run(
        ["git", "ls-files", "src/evenly"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    missing = {name.removeprefix("src/") for name in tracked} - names_in_wheel(distributions)
    assert tracked
    assert not {name for name in missing if (ROOT / "src" / name).exists()}


def test_the_wheel_has_types_migrations_and_licence_and_no_tests(distributions):
    names = names_in_wheel(distributions)
    assert "evenly/py.typed" in names
    assert any(name.startswith("evenly/webapp/migrations/") and name.endswith(".sql") for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert {name.split("/")[0].split("-")[0] for name in names} == {"evenly"}


def test_the_source_distribution_has_no_junk(distributions):
    (source,) = distributions.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames()}
    beside = {name for name in names if not name.startswith("src/evenly/")}
    assert beside == {
        "LICENSE",
        "NOTICE",
        "CHANGELOG.md",
        "README.md",
        "pyproject.toml",
        ".gitignore",
        "PKG-INFO",
    }
    assert not {name for name in names if "__pycache__" in name or name.endswith((".pyc", ".log"))}


def test_make_up_serves_from_a_fresh_clone(clone, default_ports):
    serves_from_both_zones(["make", "up"], clone / ".venv" / "bin" / "evenly", clone)


def test_the_installed_command_helps_from_an_empty_folder(evenly, tmp_path):
    assert "up" in run(evenly, "--help", cwd=tmp_path)


def test_the_wheel_serves_from_an_empty_folder(evenly, tmp_path, default_ports):
    serves_from_both_zones([evenly, "up", "--detach"], evenly, tmp_path)


def serves_from_both_zones(up: list[str | Path], evenly: Path, folder: Path) -> None:
    try:
        run(*up, cwd=folder)
        assert evenly.exists()
        status = json.loads(run(evenly, "status", "--json", cwd=folder))
        assert status["state"] == "healthy"
        assert zones_that_answer(status, requests=40) == {zone["name"] for zone in status["zones"]}
    except BaseException:  # whatever went wrong, nothing may be left running
        subprocess.run([evenly, "down"], cwd=folder, env=CLEAN, stdin=subprocess.DEVNULL, check=False)
        raise
    run(evenly, "down", cwd=folder)


def zones_that_answer(status: dict, requests: int) -> set[str]:
    """Who answers, asked with the certificate authority that the status names; a connection each time."""
    context = ssl.create_default_context(cafile=status["ca_certificate"])
    address = urlsplit(status["urls"]["https"])
    zones = set()
    for _ in range(requests):
        with closing(
            HTTPSConnection(address.hostname, address.port, context=context, timeout=10)
        ) as connection:
            connection.request("GET", "/", headers={"Accept": "application/json"})
            zones.add(json.load(connection.getresponse())["zone"])
    return zones
