"""The same walk as an ordinary user. Tests that run as root hand a copy of the installation to such a user."""

import os
import pwd
import shutil
import stat
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

import evenly

USER = pwd.getpwnam("daemon").pw_uid  # PostgreSQL wants a user with a name; root's database runs as `nobody`
# The copy's libpython is the one beside it, and it knows itself by the starter's name, as in any venv.
STARTER = """#!/bin/bash
LD_LIBRARY_PATH="{base}/lib" exec -a "$0" "{base}/bin/{version}" "$@"
"""


@pytest.fixture(scope="module")
def installed() -> Iterator[Path]:
    """A Python with Evenly in it that every user may run, made of links where the file system allows."""
    folder = Path(tempfile.mkdtemp(prefix="e2e-python-"))
    folder.chmod(0o755)
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    base, venv = folder / "base", folder / "venv"
    python = venv / "bin" / "python"
    copy_of_this_python(base, version)
    make = [base / "bin" / version, "-I", "-m", "venv", "--without-pip", venv]
    subprocess.run(make, env=os.environ | {"LD_LIBRARY_PATH": str(base / "lib")}, check=True)
    python.unlink()
    python.write_text(STARTER.format(base=base, version=version))
    python.chmod(0o755)
    packages = venv / "lib" / version / "site-packages"
    link_tree(
        Path(sysconfig.get_path("purelib")), packages, leave_out=("__pycache__", "_editable*", "*evenly*")
    )
    link_tree(Path(evenly.__file__).parent, packages / "evenly")
    yield python
    shutil.rmtree(folder)


def copy_of_this_python(folder: Path, version: str) -> None:
    """Its own home may be closed to others, as root's is."""
    here = Path(sys.base_prefix)
    link_tree(
        here / "lib" / version, folder / "lib" / version, leave_out=("site-packages", "test", "__pycache__")
    )
    for library in (here / "lib").glob("libpython*"):
        shutil.copy2(library, folder / "lib")
    (folder / "bin").mkdir()
    shutil.copy2(here / "bin" / version, folder / "bin")


def link_tree(source: Path, target: Path, leave_out: tuple[str, ...] = ("__pycache__",)) -> None:
    ignored = shutil.ignore_patterns(*leave_out)
    shutil.copytree(source, target, copy_function=link, symlinks=True, ignore=ignored, dirs_exist_ok=True)


def link(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target)


@pytest.fixture(scope="module")
def walk(installed, make_shared):
    identity = {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}
    made = make_shared(command=(str(installed), "-I", "-m", "evenly"), identity=identity)
    made.up()
    return made


def test_it_serves_from_both_zones(walk):
    status = walk.status()
    assert status["state"] == "healthy"
    assert {walk.get("/").json()["zone"] for _ in range(25)} == {zone["name"] for zone in status["zones"]}


def test_everything_runs_as_that_user(walk):
    owners = {psutil.Process(pid).uids().real for pid in walk.pids()}
    assert owners == {walk.identity.get("user", os.geteuid())}
    assert len(walk.pids()) > 5


def test_zones_have_networks_of_their_own(walk):
    hosts = [it["address"].rpartition(":")[0] for it in walk.instances()]
    expected = ["127.0.1.10", "127.0.2.10"] if sys.platform == "linux" else ["127.0.0.1", "127.0.0.1"]
    assert hosts == expected


def test_nothing_is_open_to_others(walk):
    exposed = [
        path
        for folder in (walk.folder / ".evenly", walk.runtime)
        if stat.S_IMODE(folder.stat().st_mode) & 0o077
        for path in (folder,)
    ]
    assert not exposed


def test_an_instance_that_is_killed_is_replaced(walk):
    gone = walk.instances()[0]["id"]
    psutil.Process(walk.instances()[0]["pid"]).kill()
    walk.wait_for(
        lambda: gone not in {it["id"] for it in walk.instances()} and walk.status()["state"] == "healthy"
    )
    assert walk.get("/").status == 200


def test_its_database_is_backed_up_and_restored(walk):
    kept = walk.posts("Before the backup")
    for words in (("backup",), ("restore", "--confirm", "local")):
        done = walk.run("database", *words)
        assert done.returncode == 0, done.stderr
        late = walk.posts("After the backup")
    assert walk.get(f"/greetings/{kept['id']}").json() == kept
    assert late["id"] == kept["id"] + 1
    folder = walk.home / "database" / "18.backups"
    assert not [it for it in (folder, *folder.rglob("wal")) if stat.S_IMODE(it.stat().st_mode) & 0o077]


def test_data_outlives_down_and_up(walk):
    greeting = walk.posts("Written by an ordinary user")
    walk.down()
    assert walk.leftovers() == []
    walk.up()
    assert walk.get(f"/greetings/{greeting['id']}").json() == greeting
    assert walk.run("down", "--delete-data", "--confirm", "local").returncode == 0
    assert not walk.home.exists()


def test_a_privileged_port_is_refused_in_a_sentence(installed, make):
    if Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text().strip() == "0":
        return  # here every user may take any port
    identity = {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}
    made = make(command=(str(installed), "-I", "-m", "evenly"), identity=identity)
    text = (made.folder / "evenly.yaml").read_text().replace(f"port: {made.https_port}", "port: 443", 1)
    (made.folder / "evenly.yaml").write_text(text)
    assert "port 443 needs privileges" in made.up(code=3).stderr
    assert not made.pids()
