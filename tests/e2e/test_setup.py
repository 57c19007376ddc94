"""`make up` before there is anything: every way the set-up can go, in a small checkout with the real scripts.

The checkout has this project's Makefile and scripts, a program `evenly` that says how it was called, and a
lock of hatchling alone, from a folder of wheels fetched once: each set-up takes seconds and no network.
"""

import ast
import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.e2e.environment import INSTALLING_S

pytestmark = pytest.mark.timeout(INSTALLING_S)
ROOT = Path(__file__).resolve().parents[2]
PYTHON = os.path.realpath(sys.executable)
SMALL = ("hatchling", "editables", "packaging", "pathspec", "pluggy", "tomlkit", "trove-classifiers")
PROGRAM = """import os, sys
def main():
    print("evenly was called:", *sys.argv[1:])
    return int(os.environ.get("ANSWER", "0"))
"""
# Makes what npm would: its last argument is the folder.
NPM = """#!/bin/sh
for folder; do :; done
exec /bin/mkdir -p "$folder/node_modules/@mdn/mdn-http-observatory/conf"
"""
PROJECT = """[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "evenly"
version = "0"
[project.scripts]
evenly = "evenly:main"
[tool.hatch.build.targets.wheel]
packages = ["evenly"]
"""


@dataclass(frozen=True)
class Checkout:
    folder: Path
    surroundings: dict[str, str]

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.surroundings | variables,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=INSTALLING_S,
        )

    def make(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return self.run("make", *words, **variables)

    def prepare(self, **variables: str) -> subprocess.CompletedProcess[str]:
        return self.run("sh", "scripts/prepare.sh", "run", **variables)

    @property
    def venv(self) -> Path:
        return self.folder / ".venv"


def small_lock() -> str:
    entries = re.split(r"\n(?=[A-Za-z])", (ROOT / "requirements" / "run.txt").read_text().split("\n", 2)[2])
    return "\n".join(entry for entry in entries if entry.split("==")[0] in SMALL) + "\n"


def write_executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def on_path(*folders: Path) -> str:
    """A PATH with `folders` and the system's tools, and without any Python but theirs."""
    tools = folders[0].parent / "tools"
    tools.mkdir(exist_ok=True)
    for name in ("sh", "cat", "cmp", "dirname", "make", "setpriv"):
        found = shutil.which(name)
        if found and not (tools / name).exists():
            (tools / name).symlink_to(found)
    return os.pathsep.join(map(str, [*folders, tools]))


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    (folder / "small.txt").write_text(small_lock())
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--require-hashes",
        "--only-binary",
        ":all:",
    ]
    subprocess.run([*command, "-r", "small.txt", "-d", "."], cwd=folder, check=True, stdin=subprocess.DEVNULL)
    return folder


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Checkout:
    """A fresh clone; its path has a space and a letter beyond ASCII."""
    base = tmp_path_factory.mktemp("clones")
    folder = base / "Évenly clone"
    folder.mkdir()
    shutil.copy(ROOT / "Makefile", folder)
    shutil.copytree(ROOT / "scripts", folder / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "requirements").mkdir()
    (folder / "requirements" / "run.txt").write_text(small_lock())
    (folder / "requirements" / "aws.txt").write_text(small_lock())
    (folder / "requirements" / "test.txt").write_text(small_lock())
    for name in ("tools.txt", "checkov.txt"):
        (folder / "requirements" / name).write_text(small_lock())
    (folder / "requirements" / "observatory").mkdir()
    (folder / "requirements" / "observatory" / "package-lock.json").write_text("{}")
    (folder / "evenly").mkdir()
    (folder / "evenly" / "__init__.py").write_text(PROGRAM)
    (folder / "pyproject.toml").write_text(PROJECT)
    (base / "bin").mkdir()
    (base / "bin" / "python3").symlink_to(PYTHON)
    surroundings = {
        "PATH": on_path(base / "bin"),
        "HOME": str(base),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
    }
    return Checkout(folder, surroundings)


@pytest.fixture(scope="module")
def first(pristine: Checkout, tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """The first `make up`, in `pristine.folder`; whoever changes the checkout after it takes a copy."""
    return pristine.make("up")


@pytest.fixture
def fresh(pristine: Checkout, tmp_path: Path) -> Checkout:
    """A clone of its own in which nothing was set up."""
    left_out = shutil.ignore_patterns(".venv", "build", "__pycache__")
    return replace(pristine, folder=shutil.copytree(pristine.folder, tmp_path / "my clone", ignore=left_out))


@pytest.fixture
def ready(pristine: Checkout, first: subprocess.CompletedProcess[str]) -> Checkout:
    """The clone that the first `make up` has set up. Only for what leaves it as it is."""
    assert first.returncode == 0, first.stderr
    return pristine


def old_python(path: Path, version: str = "3, 8, 1", also: str = "") -> Path:
    """A program that runs a script as a Python of `version` would; it starts with `-c` as any does."""
    pretend = f"import os, runpy, sys; sys.version_info = ({version}, 'final', 0); {also}"
    pretend += "sys.argv = sys.argv[1:]; sys.path.insert(0, os.path.dirname(sys.argv[0]));"
    pretend += "runpy.run_path(sys.argv[0], run_name='__main__')"
    return write_executable(
        path, f'#!/bin/sh\n[ "$1" = -c ] && exit 0\nexec "{PYTHON}" -c "{pretend}" "$@"\n'
    )


def test_the_first_up_installs_and_starts_in_a_line_a_phase(ready, first):
    lines = first.stdout.splitlines()
    assert [bool(re.search(r"\d+\.\d s$", line)) for line in lines] == [True, True, True, False]
    assert lines[-1] == "evenly was called: up --detach"
    assert first.stderr == ""


def test_the_second_up_starts_no_other_python(ready, tmp_path):
    trap = write_executable(tmp_path / "bin" / "python3", f"#!/bin/sh\ntouch '{tmp_path}/started'\nexit 1\n")
    done = ready.make("up", PATH=on_path(trap.parent))
    assert (done.returncode, done.stdout) == (0, "evenly was called: up --detach\n")
    assert not (tmp_path / "started").exists()


def test_the_exit_code_of_evenly_comes_through(ready):
    done = ready.make("up", ANSWER="3")
    assert done.returncode == 2  # make has one code for every failure, and prints the command's
    assert "Error 3" in done.stderr


def test_what_is_ready_to_test_is_ready_to_run(fresh, tmp_path):
    programs = tmp_path / "bin"
    for name in ("node", "npm", "chromium", "certutil", "debootstrap"):
        write_executable(programs / name, "#!/bin/sh\nexit 1\n")
    (programs / "python3").symlink_to(PYTHON)
    to_test = ("sh", "scripts/prepare.sh", "test")
    assert fresh.run(*to_test, PATH=on_path(programs)).returncode == 3
    assert fresh.prepare().stdout == ""  # tools that can't be had do not spoil what runs
    write_executable(programs / "npm", NPM)
    done = fresh.run(*to_test, PATH=on_path(programs))
    assert done.returncode == 0, done.stderr
    assert fresh.run(*to_test).stdout == ""
    assert fresh.run("sh", "scripts/prepare.sh", "aws").stdout == ""  # to run on AWS, too
    assert fresh.prepare().stdout == ""


def test_down_needs_no_installation_when_nothing_was_up(fresh):
    assert fresh.make("down").stdout == "Nothing runs from this folder.\n"
    assert not fresh.venv.exists()


def test_down_stops_what_was_up(ready):
    (ready.folder / ".evenly").mkdir()
    try:
        assert ready.make("down").stdout == "evenly was called: down\n"
    finally:
        (ready.folder / ".evenly").rmdir()


def test_a_moved_checkout_is_set_up_anew(ready, tmp_path):
    moved = replace(ready, folder=shutil.copytree(ready.folder, tmp_path / "moved", symlinks=True))
    done = moved.make("up")
    assert done.stdout.endswith("evenly was called: up --detach\n"), done.stderr
    scripts = [path for path in (moved.venv / "bin").iterdir() if not path.is_symlink()]
    assert not [path.name for path in scripts if os.fsencode(ready.folder) in path.read_bytes()]


def test_a_set_up_that_was_killed_is_made_anew(fresh):
    command = ["sh", "scripts/prepare.sh", "run"]
    process = subprocess.Popen(command, cwd=fresh.folder, env=fresh.surroundings, start_new_session=True)
    until(lambda: (fresh.venv / "pyvenv.cfg").exists())
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert fresh.venv.exists()
    assert fresh.make("up").stdout.endswith("evenly was called: up --detach\n")


def test_a_changed_lock_is_installed_into_the_same_environment(ready, tmp_path):
    folder = ready.folder
    before, made = (
        (folder / "requirements" / "run.txt").read_text(),
        (ready.venv / "pyvenv.cfg").stat().st_ino,
    )
    (folder / "requirements" / "run.txt").write_text(before + "# changed\n")
    try:
        done = ready.prepare()
    finally:
        (folder / "requirements" / "run.txt").write_text(before)
    assert done.returncode == 0, done.stderr
    assert "into .venv" not in done.stdout
    assert (ready.venv / "pyvenv.cfg").stat().st_ino == made
    assert ready.prepare().returncode == 0


def test_a_second_set_up_waits_for_the_first(ready):
    with (ready.folder / "build" / "setup.lock").open("wb") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        command, variables = ["sh", "scripts/prepare.sh", "run"], ready.surroundings | {"PYTHON": PYTHON}
        with subprocess.Popen(command, cwd=ready.folder, env=variables, stdout=subprocess.PIPE) as waiting:
            assert waiting.stdout and b"waiting for it" in waiting.stdout.readline()
            fcntl.flock(guard, fcntl.LOCK_UN)
            assert waiting.wait(30) == 0


def test_an_old_python_with_no_newer_one_gets_a_sentence(fresh, tmp_path):
    old = old_python(tmp_path / "bin" / "python3")
    done = fresh.prepare(PATH=on_path(old.parent))
    assert done.returncode == 3
    assert "Python 3.8" in done.stderr
    assert "Evenly needs Python 3.11 or newer" in done.stderr
    assert "make up PYTHON=" in done.stderr
    assert not fresh.venv.exists()


def test_an_old_python_gives_way_to_a_newer_one_on_the_path(fresh, tmp_path):
    old_python(tmp_path / "bin" / "python3")
    write_executable(tmp_path / "bin" / "python3.14", "#!/bin/sh\nexit 127\n")  # a version manager's stand-in
    newer = '#!/bin/sh\n[ "$1" = -c ] && exit 0\necho "started: $2"\nexit 9\n'
    write_executable(tmp_path / "bin" / "python3.12", newer)
    done = fresh.prepare(PATH=on_path(tmp_path / "bin"))
    assert done.returncode == 9
    assert f"is too old; using {tmp_path}/bin/python3.12." in done.stdout
    assert done.stdout.endswith("started: run\n")


def test_an_old_python_that_was_asked_for_is_refused(fresh, tmp_path):
    old = old_python(tmp_path / "old python")
    done = fresh.make("up", f"PYTHON={old}")
    assert "Python 3.8" in done.stderr
    assert "is too old: Evenly needs Python 3.11 or newer." in done.stderr
    assert "Error 3" in done.stderr


@pytest.mark.parametrize("version", ["2, 7, 18", "3, 6, 15"])
def test_any_old_python_gets_the_sentence(fresh, tmp_path, version):
    done = fresh.prepare(PYTHON=str(old_python(tmp_path / "old", version)))
    assert (done.returncode, "is too old" in done.stderr) == (3, True)


def test_the_first_script_has_no_syntax_that_an_old_python_lacks():
    newer = (
        ast.JoinedStr,
        ast.AnnAssign,
        ast.NamedExpr,
        ast.Match,
        ast.AsyncFunctionDef,
        ast.Starred,
        ast.Nonlocal,
    )
    tree = ast.parse((ROOT / "scripts" / "bootstrap.py").read_text())
    assert not [node for node in ast.walk(tree) if isinstance(node, newer)]
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert not [each for each in functions if each.returns or any(arg.annotation for arg in each.args.args)]


def test_a_python_that_is_not_there_is_named(fresh):
    done = fresh.prepare(PYTHON="/no/such/python3")
    assert done.returncode == 3
    assert done.stderr.startswith("make: PYTHON=/no/such/python3 does not start.")


def test_no_python_at_all(fresh, tmp_path):
    (tmp_path / "bin").mkdir()
    done = fresh.prepare(PATH=on_path(tmp_path / "bin"))
    assert done.returncode == 3
    assert done.stderr.startswith("make: no Python was found on the PATH.")


def test_windows_is_refused(fresh, tmp_path):
    python = old_python(tmp_path / "python", "3, 13, 1", also="sys.platform = 'cygwin';")
    done = fresh.prepare(PYTHON=str(python))
    assert done.returncode == 3
    assert done.stderr.startswith("make: Evenly does not run on Windows.\nIt runs in WSL 2")


def test_a_missing_venv_module(fresh, tmp_path):
    done = fresh.prepare(PYTHON=str(python_without(tmp_path, "ensurepip", "site-packages")))
    assert done.returncode == 3
    assert "cannot make a virtual environment: its module ensurepip is missing." in done.stderr
    assert "-venv` on Debian and Ubuntu" in done.stderr
    assert not fresh.venv.exists()


def test_no_wheel_for_this_platform(fresh):
    missing = f"asyncpg==0.32.0 --hash=sha256:{'0' * 64}\n"
    (fresh.folder / "requirements" / "run.txt").write_text(missing)
    done = fresh.prepare()
    assert done.returncode == 3
    assert "There is no wheel of asyncpg==0.32.0 for Python 3." in done.stderr
    assert "Linux with glibc 2.31 or newer (x86_64, aarch64) and macOS 15 or newer (arm64)" in done.stderr
    assert not fresh.venv.exists()


def test_no_network_names_the_log_and_leaves_nothing_half_made(fresh):
    with socket.socket() as taken:  # bound and not listening: refused for as long as the test runs
        taken.bind(("127.0.0.1", 0))
        index = f"http://127.0.0.1:{taken.getsockname()[1]}/simple"
        variables = {"PIP_INDEX_URL": index, "PIP_RETRIES": "1", "PIP_NO_INDEX": "0", "PIP_FIND_LINKS": ""}
        done = fresh.prepare(**variables)
    assert done.returncode == 3
    assert "The package index could not be reached." in done.stderr
    assert str(fresh.folder / "build" / "setup.log") in done.stderr
    assert not fresh.venv.exists()


def test_a_folder_that_cannot_be_written_to(fresh):
    fresh.folder.chmod(0o555)
    # Root may write anywhere, unless this one right is taken from it.
    dropped = ["setpriv", "--bounding-set", "-dac_override"] if os.geteuid() == 0 else []
    try:
        done = fresh.run(*dropped, "sh", "scripts/prepare.sh", "run")
    finally:
        fresh.folder.chmod(0o755)
    assert done.returncode == 3
    assert f"The folder {fresh.folder} cannot be written to: Permission denied." in done.stderr
    assert "Traceback" not in done.stderr


def python_without(folder: Path, *modules: str) -> Path:
    """This Python with a standard library from which `modules` are missing, as distributions split it."""
    stdlib = Path(sysconfig.get_path("stdlib"))
    copy = folder / "home" / stdlib.relative_to(sys.base_prefix)
    copy.mkdir(parents=True)
    for entry in stdlib.iterdir():
        if entry.name not in modules:
            (copy / entry.name).symlink_to(entry)
    return write_executable(
        folder / "python3", f'#!/bin/sh\nPYTHONHOME="{folder}/home" exec "{PYTHON}" "$@"\n'
    )


def until(condition, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
