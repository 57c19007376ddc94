"""doctor: each check on machines that never were, and what it takes for left over, and removes."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evenly.cli.doctor import closing_line, diagnosis_lines
from evenly.core.fleet import ProcessRef
from evenly.errors import TargetError
from evenly.local import doctor
from evenly.local.doctor import Diagnosis, Level
from evenly.local.leftovers import (
    LeftOver,
    Owned,
    clean,
    idle_folders,
    orphaned_data,
    owned_processes,
    vanished,
)
from evenly.local.processes import HOME_MARK, ROLE_MARK, is_alive

GIB = 1024**3
LATER = 1e12  # long after any folder was made


@pytest.mark.parametrize(
    ("found", "level"),
    [
        (doctor.python((3, 11, 0), "CPython"), Level.OK),
        (doctor.python((3, 10, 9), "CPython"), Level.PROBLEM),
        (doctor.python((3, 12, 1), "PyPy"), Level.PROBLEM),
        (doctor.system("linux", "x86_64"), Level.OK),
        (doctor.system("darwin", "arm64"), Level.WARNING),
        (doctor.system("win32", "AMD64"), Level.PROBLEM),
        (doctor.ipv6(("127.0.0.1",)), Level.OK),
        (doctor.room(5 * GIB), Level.OK),
        (doctor.room(GIB // 2), Level.WARNING),
        (doctor.room(GIB // 8), Level.PROBLEM),
        (doctor.memory(5 * GIB), Level.OK),
        (doctor.memory(GIB // 2), Level.WARNING),
        (doctor.memory(GIB // 8), Level.PROBLEM),
        (doctor.files(1024), Level.OK),
        (doctor.files(-1), Level.OK),
        (doctor.files(512), Level.WARNING),
        (doctor.files(64), Level.PROBLEM),
        (doctor.networks(range(1, 3), "darwin"), Level.OK),
        (doctor.database_account(1000), Level.OK),
        (doctor.writable(Path("/")), Level.OK if os.access("/", os.W_OK) else Level.PROBLEM),
        (doctor.sockets(Path("/run") / ("x" * 120) / "pg"), Level.PROBLEM),
        (doctor.sockets(Path("/nowhere/evenly-0-0/pg")), Level.PROBLEM),
    ],
)
def test_each_check(found: Diagnosis, level: Level) -> None:
    assert found.level is level
    assert bool(found.try_) is (level is not Level.OK)


def test_programs_have_to_run() -> None:
    def missing() -> Path:
        raise TargetError("there is no wheel", try_="Install it.")

    assert doctor.program("x", lambda: Path(sys.executable)).what.startswith("Python 3.")
    assert doctor.program("x", missing) == Diagnosis(Level.PROBLEM, "x", "there is no wheel", "Install it.")
    assert doctor.program("x", lambda: Path("/bin/false")).level is Level.PROBLEM
    assert doctor.program("x", lambda: Path("/nowhere")).level is Level.PROBLEM


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        yield int(held.getsockname()[1])


def test_a_taken_port_matters_only_if_it_was_asked_for(taken: int) -> None:
    assert doctor.port("p", taken, 8443, ()).level is Level.PROBLEM
    assert doctor.port("p", None, taken, ()).level is Level.WARNING
    assert doctor.port("p", None, taken, (taken,)).what == f"{taken}, held by this environment"


def test_what_it_says() -> None:
    found = doctor.room(GIB // 8)
    assert [len(it) > 0 for it in diagnosis_lines(found)] == [True, True]
    assert closing_line([found]) == "1 problem: evenly up can't work here as it is."
    assert closing_line([doctor.room(GIB // 2)]) == ("This machine is fit for it; 1 warning. Next: evenly up")


def owned(home: Path, role: str = "instance") -> Owned:
    return Owned(home, role, ProcessRef(4242, "token"))


def test_only_processes_of_a_gone_folder_are_left_over(tmp_path: Path) -> None:
    gone = tmp_path / "gone" / ".evenly" / "local"
    (found,) = vanished([owned(tmp_path), owned(gone), owned(gone, "database")])
    assert (
        found.what == f"processes of {tmp_path / 'gone'}, which is gone: database, instance (pids 4242, 4242)"
    )
    assert vanished([owned(Path("relative"))]) == []


@pytest.fixture
def root() -> Iterator[Path]:
    """A folder for runtime folders, short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="doctor-") as folder:
        yield Path(folder)


def test_a_runtime_folder_is_left_over_when_nobody_uses_it(root: Path) -> None:
    uid = os.geteuid()
    idle = root / f"evenly-{uid}-0123456789ab"
    idle.mkdir()
    (root / f"evenly-{uid + 1}-0123456789ab").mkdir()
    (root / f"evenly-{uid}-link").symlink_to(root)
    assert [it.folder for it in idle_folders(root, uid, [], LATER)] == [idle]
    assert idle_folders(root, uid, [], time.time()) == []  # an `up` may just have made it
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(idle / "control.sock"))
        listening.listen()
        assert idle_folders(root, uid, [], LATER) == []
    assert [it.folder for it in idle_folders(root, uid, [], LATER)] == [idle]


def test_data_is_reported_when_its_environment_is_gone_and_never_removed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for name, home in (("aaa", tmp_path / "gone" / ".evenly" / "local"), ("bbb", tmp_path)):
        (data / name / "database").mkdir(parents=True)
        (data / name / "home").write_bytes(os.fsencode(home))
    (data / "postgresql-18").mkdir()
    (found,) = orphaned_data(data)
    assert str(data / "aaa") in found.what
    assert not found.cleanable
    clean([found])
    assert (data / "aaa" / "database").is_dir()
    assert orphaned_data(tmp_path / "none") == []


@pytest.fixture
def start() -> Iterator[Callable[[Path], subprocess.Popen[bytes]]]:
    """Starts a process that carries the marks of the environment in a folder."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(home: Path) -> subprocess.Popen[bytes]:
        marks = {HOME_MARK: str(home), ROLE_MARK: "instance"}
        started.append(subprocess.Popen(["sleep", "60"], env={**os.environ, **marks}, start_new_session=True))
        return started[-1]

    try:
        yield begin
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_cleaning_ends_what_was_found_and_nothing_else(
    tmp_path: Path, root: Path, start: Callable[[Path], subprocess.Popen[bytes]]
) -> None:
    lost, kept = start(tmp_path / "gone"), start(tmp_path)
    idle = root / "evenly-0-x"
    idle.mkdir()
    found = [it for it in vanished(owned_processes()) if str(lost.pid) in it.what]
    clean([*found, LeftOver("sockets", folder=idle)])
    assert lost.wait(10) == -15
    assert kept.poll() is None
    assert not idle.exists()
    assert not any(is_alive(it) for each in found for it in each.processes)
