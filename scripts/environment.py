"""Makes .venv from a lock file and installs this checkout into it. On Python >= 3.11, by bootstrap.py.

Standard library only. Touches .venv and build/ (the log, the lock against a second run), and for the tests .tools
(`tools.py`) and the system's packages (`machine.py`), nothing else.
The stamp is written last: without one, .venv is taken for half made and is made anew.
"""

import contextlib
import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import diagnosis
import machine
import tools
from diagnosis import SetupError

ROOT = Path(__file__).resolve().parents[1]
PROJECT = ROOT / "pyproject.toml"
KINDS = ("run", "aws", "test")  # each has what those before it have
SPACE = {
    "run": 450_000_000,
    "aws": 900_000_000,
    "test": 1_300_000_000,
}  # bytes: measured 304 MB, 532 MB and 1,103 MB, and room to unpack in
PIP = ["-m", "pip", "--disable-pip-version-check", "--no-input"]
INSTALL = [*PIP, "install", "--progress-bar", "off"]
# What a user's surroundings may hold that sends an installation elsewhere than into .venv.
FOREIGN = (
    "PYTHONPATH",
    "PYTHONHOME",
    "PIP_USER",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_REQUIREMENT",
    "__PYVENV_LAUNCHER__",
)


@dataclass(frozen=True)
class Workshop:
    """Where the work is done: `venv` and `log` are paths, `guard` the descriptor of the lock file."""

    venv: Path
    log: Path
    guard: int

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"


def main(arguments: list[str]) -> int:
    """Makes .venv ready for one of KINDS. Exit codes: 0 done, 2 wrong use, 3 it can't be done here."""
    if len(arguments) != 1 or arguments[0] not in KINDS:
        print(f"usage: bootstrap.py {'|'.join(KINDS)}", file=sys.stderr)
        return 2
    try:
        prepare(arguments[0])
    except SetupError as error:
        return refused(error)
    except OSError as error:
        return refused(diagnosis.not_writable(Path(error.filename or ROOT), error))
    except KeyboardInterrupt:
        print("make: stopped. Nothing is lost: the next run starts the set-up again.", file=sys.stderr)
        return 130
    return 0


def refused(error: SetupError) -> int:
    print(f"make: {error.what}\n{error.try_}", file=sys.stderr)
    return 3


def prepare(kind: str) -> None:
    diagnosis.check_platform()
    with workshop() as shop:
        if is_ready(shop, kind):
            return
        with ThreadPoolExecutor(1) as beside:
            rest = beside.submit(prepare_tests, shop) if kind == "test" else None
            prepare_venv(shop, kind)
            for it in KINDS[: KINDS.index(kind) + 1]:
                if it != "test":
                    write_stamp(shop, it)
            if rest:
                rest.result()
                write_stamp(shop, "test")


def prepare_venv(shop: Workshop, kind: str) -> None:
    if is_updatable(shop):
        forget_stamps(shop)
        install(shop, kind)
    else:
        with all_or_nothing(shop):
            make_venv(shop, kind)
            install(shop, kind)


def prepare_tests(shop: Workshop) -> None:
    """What the tests need beside .venv, with a log of its own: each cause is looked for in one."""
    own = replace(shop, log=shop.log.with_name("setup-tests.log"))
    own.log.write_bytes(b"")
    prepare_machine(own)
    prepare_tools(own)


@contextlib.contextmanager
def workshop() -> Iterator[Workshop]:
    """Holds the lock against a second run in the same checkout, and has an empty log."""
    build = ROOT / "build"
    try:
        build.mkdir(exist_ok=True)
        guard = os.open(build / "setup.lock", os.O_RDWR | os.O_CREAT, 0o644)
        log = build / "setup.log"
        wait_for(guard)
        log.write_bytes(b"")
    except OSError as error:
        raise diagnosis.not_writable(ROOT, error) from error
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, guard)
        yield Workshop(ROOT / ".venv", log, guard)


def wait_for(guard: int) -> None:
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("Another set-up is at work in this checkout: waiting for it.", flush=True)
        fcntl.flock(guard, fcntl.LOCK_EX)


def is_ready(shop: Workshop, kind: str) -> bool:
    return (
        is_updatable(shop)
        and read_stamp(shop, kind) == stamp(kind)
        and (shop.venv / "bin" / "evenly").exists()
    )


def is_updatable(shop: Workshop) -> bool:
    """Whether .venv was once whole, in this place, and by a Python that is still there and still wanted."""
    here = os.fsencode(ROOT)
    whole = any((read_stamp(shop, kind) or b"").split(b"\n", 1)[0] == here for kind in KINDS)
    return whole and same_version(shop) and call(shop, [str(shop.python), "-c", ""], subprocess.DEVNULL) == 0


def same_version(shop: Workshop) -> bool:
    """Whether .venv's Python is the wanted one: any, unless PYTHON names one."""
    if not os.environ.get("PYTHON"):
        return True
    return (shop.venv / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}").is_dir()


def stamp(kind: str) -> bytes:
    """What prepare.sh compares: the checkout's path and all that is installed from."""
    locks = [lock(kind), *(tools.LOCKS if kind == "test" else ())]
    return b"".join([os.fsencode(ROOT), b"\n", *(path.read_bytes() for path in (*locks, PROJECT))])


def stamp_path(shop: Workshop, kind: str) -> Path:
    return shop.venv / f"ready-{kind}"


def read_stamp(shop: Workshop, kind: str) -> bytes | None:
    try:
        return stamp_path(shop, kind).read_bytes()
    except OSError:
        return None


def write_stamp(shop: Workshop, kind: str) -> None:
    beside = shop.venv / "ready.new"
    beside.write_bytes(stamp(kind))
    beside.replace(stamp_path(shop, kind))


def forget_stamps(shop: Workshop) -> None:
    for kind in KINDS:
        stamp_path(shop, kind).unlink(missing_ok=True)


def lock(kind: str) -> Path:
    return ROOT / "requirements" / f"{kind}.txt"


def make_venv(shop: Workshop, kind: str) -> None:
    diagnosis.check_space(ROOT, SPACE[kind])
    module = venv_module()
    with phase(f"Python {sys.version.split()[0]} into .venv"):
        remove(shop.venv)
        # The real path: a link such as python3 may point to another version tomorrow.
        run(shop, [os.path.realpath(sys.executable), "-m", *module, str(shop.venv)])


def venv_module() -> list[str]:
    if importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip"):
        return ["venv"]
    if importlib.util.find_spec("virtualenv"):
        return ["virtualenv", "--quiet"]
    raise diagnosis.no_venv_module()


@contextlib.contextmanager
def all_or_nothing(shop: Workshop) -> Iterator[None]:
    """A new .venv that fails is not left behind. One that was whole stays: a service may run from it."""
    try:
        yield
    except BaseException:
        remove(shop.venv)
        raise


def remove(venv: Path) -> None:
    if venv.is_symlink():
        venv.unlink()
    elif venv.exists():
        shutil.rmtree(venv)


def install(shop: Workshop, kind: str) -> None:
    number = lock(kind).read_text(encoding="utf-8").count("==")
    with phase(f"{number} packages from requirements/{kind}.txt"):
        pinned = ["--require-hashes", "--only-binary", ":all:", "-r", str(lock(kind))]
        run(shop, [str(shop.python), *INSTALL, *pinned])
    with phase("evenly itself"):
        run(shop, [str(shop.python), *INSTALL, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)])


def prepare_machine(shop: Workshop) -> None:
    """The programs that the tests need and no wheel brings."""
    if absent := machine.missing():
        with phase(", ".join(need.what for need in absent)):
            machine.prepare(lambda command: run(shop, command), absent)


def prepare_tools(shop: Workshop) -> None:
    """The programs that the tests run and do not import."""
    if not tools.are_ready():
        with phase("test tools into .tools"):
            tools.prepare(lambda command: run(shop, command), venv_module(), INSTALL)


def run(shop: Workshop, command: list[str]) -> None:
    """Runs `command`, its output in the log. Raises `SetupError` with the cause when it fails."""
    with shop.log.open("ab") as log:
        log.write(b"$ " + os.fsencode(" ".join(command)) + b"\n")
        log.flush()
        code = call(shop, command, log.fileno())
    if code != 0:
        raise diagnosis.explain(shop.log.read_text(encoding="utf-8", errors="replace"), shop.log)


def call(shop: Workshop, command: list[str], output: int) -> int:
    """The exit code of `command`. It gets the lock's descriptor: the lock holds as long as a child works."""
    environment = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    try:
        return subprocess.call(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=(shop.guard,),
        )
    except FileNotFoundError:
        return 127


@contextlib.contextmanager
def phase(name: str) -> Iterator[None]:
    """One line, when it is done, with its seconds."""
    started = time.monotonic()
    on_terminal = sys.stdout.isatty()
    if on_terminal:
        print(f"  {name} ...", end="\r", flush=True)
    try:
        yield
    except BaseException:
        print(end="\n" if on_terminal else "", flush=True)
        raise
    print(f"  {name:<44} {time.monotonic() - started:6.1f} s", flush=True)
