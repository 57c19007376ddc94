"""What must hold before a change is taken: formatting, lint, types, import rules, all tests.

What is independent runs side by side: the checks beside the quick tests, and then the tests in a browser beside the
end-to-end tests. A file of theirs that fails beside the others runs once more by itself, and what passes only then is
named in the last lines. Last and alone come the faults: they put load on real processes, count every failed request
and measure time. They have one try.
The last line is the sum of all tests: `N passed, N failed`. A skipped test fails the gate.
"""

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as Xml
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
SUMMARY = BUILD / "test-summary"
BIN = Path(sys.executable).parent
OWN_CACHE = ["--cache-dir", os.devnull]  # side by side they would spoil each other's
CHECKS = {
    "formatting (ruff format)": ["ruff", "format", "--check"],
    "lint (ruff check)": ["ruff", "check"],
    "types (mypy)": ["mypy"],
    "types on macOS (mypy)": [
        "mypy",
        "--platform",
        "darwin",
        "--no-warn-unreachable",
        *OWN_CACHE,
    ],
    "types of scripts (mypy)": [
        "mypy",
        *OWN_CACHE,
        "scripts/environment.py",
        "scripts/gate.py",
        "scripts/lock.py",
        "scripts/machine.py",
        "scripts/tools.py",
    ],
    "import rules (lint-imports)": ["lint-imports"],
}
TESTS = Path("tests")
BROWSER = (
    TESTS / "browser"
)  # Playwright holds an event loop open: other tests of its process could not run one
WHOLE = TESTS / "e2e"
FAULTS = WHOLE / "faults"
CORES = os.cpu_count() or 1
MOST_ONCE_MORE = 3  # files
WORDS = {"failure": "failed", "error": "failed", "skipped": "skipped"}  # of JUnit


@dataclass(frozen=True)
class Run:
    """One run of pytest. `folder`: where its results are written."""

    name: str
    words: tuple[str, ...]
    folder: Path = BUILD

    @property
    def results(self) -> Path:
        return self.folder / f"junit-{self.name}.xml"

    @property
    def output(self) -> Path:
        return self.folder / f"output-{self.name}.txt"


@dataclass(frozen=True)
class Counts:
    """Tests by outcome; an error in a fixture or while collecting counts as failed."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __str__(self) -> str:
        told = f"{self.passed} passed, {self.failed} failed"
        return f"{told}, {self.skipped} skipped" if self.skipped else told


def main(arguments: list[str]) -> int:
    BUILD.mkdir(exist_ok=True)
    SUMMARY.unlink(missing_ok=True)
    if arguments == ["--lint-only"]:
        return 1 if report(start_checks()) else 0
    return whole_gate()


def whole_gate() -> int:
    for left in BUILD.glob("junit-*.xml"):
        left.unlink()
    began = time.monotonic()
    checks = start_checks()
    failed = side_by_side([quick()]) + report(checks)
    shared = [end_to_end(), browser()]
    failed_beside = side_by_side(shared)
    again = once_more(shared) if failed_beside else None
    failed += side_by_side([again]) if again else failed_beside
    failed += side_by_side([faults()])
    print(f"all of it: {(time.monotonic() - began) / 60:.1f} minutes", flush=True)
    first = outcomes([it.results for it in (quick(), *shared, faults())])
    last = first | outcomes([again.results] if again else [])
    told = [name for name, outcome in last.items() if outcome == "passed" != first.get(name)]
    return conclude(failed, counts(last), SUMMARY, alone_only=told)


# --- the runs


def quick() -> Run:
    """What is in none of the others, neighbours to a process: they share what was set up for them."""
    folders = {path.relative_to(ROOT).parents[-3] for path in ROOT.glob("tests/*/**/test_*.py")}
    words = map(str, sorted(folders - {WHOLE, BROWSER}))
    return Run("quick", ("-n", str(CORES + 2), "--dist", "worksteal", *words))


def browser() -> Run:
    return Run("browser", ("-n", "0", str(BROWSER)))


def end_to_end() -> Run:
    """More at a time than there are processors: most of the time they wait for processes to start and to end."""
    shared = ("-n", str(2 * CORES), "--dist", "loadfile", "--no-loadscope-reorder")
    return Run("end-to-end", (*shared, str(WHOLE), f"--ignore={FAULTS}"))


def faults() -> Run:
    return Run("fault", ("-n", "0", str(FAULTS)))


def once_more(runs: list[Run]) -> Run | None:
    """The files with a failed test, one after the other. `None`: too many to be anybody's bad luck, or a run that has
    no results of all its tests."""
    if not all(run.results.exists() for run in runs):
        return None
    failed = [name for name, outcome in outcomes([it.results for it in runs]).items() if outcome == "failed"]
    files = sorted({file_of(name) for name in failed}, key=str)
    if not failed or len(files) > MOST_ONCE_MORE or not all((ROOT / it).is_file() for it in files):
        return None
    print(f"once more, by themselves: {', '.join(map(str, files))}\n", flush=True)
    return Run("once-more", ("-n", "0", *map(str, files)), runs[0].folder)


def file_of(name: str) -> Path:
    """The test's file, from `tests.e2e.test_up::test_it`."""
    return Path(*name.partition("::")[0].split(".")).with_suffix(".py")


def start_checks() -> dict[str, subprocess.Popen[str]]:
    return {name: start([str(BIN / command[0]), *command[1:]]) for name, command in CHECKS.items()}


def start(command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        cwd=ROOT,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def report(checks: dict[str, subprocess.Popen[str]]) -> list[str]:
    """Waits for the checks, prints a line for each and the output of those that failed; gives their names."""
    failed = []
    for name, process in checks.items():
        output, _ = process.communicate()
        print(f"{'ok    ' if process.returncode == 0 else 'FAILED'} {name}", flush=True)
        if process.returncode != 0:
            print(output, flush=True)
            failed.append(name)
    return failed


def side_by_side(runs: list[Run]) -> list[str]:
    """The first one's output is shown as it comes, that of the others when they have ended. Gives who failed."""
    first, *others = runs
    began = time.monotonic()
    beside = [(run, unseen(run)) for run in others]
    codes = {first: subprocess.call(**of(first))}
    print(f"{first.name} tests: {time.monotonic() - began:.1f} s\n", flush=True)
    for run, process in beside:
        codes[run] = process.wait()
        print(run.output.read_text(errors="replace"))
        print(
            f"{run.name} tests, beside the {first.name} tests: {time.monotonic() - began:.1f} s\n", flush=True
        )
    return [f"the {run.name} tests" for run, code in codes.items() if code != 0]


def unseen(run: Run) -> subprocess.Popen[bytes]:
    with run.output.open("wb") as output:
        return subprocess.Popen(**of(run), stdout=output, stderr=subprocess.STDOUT)


def of(run: Run) -> dict[str, Any]:
    """Its process, for `subprocess`. The exit code is pytest's (5: found none)."""
    command = [sys.executable, "-m", "pytest", f"--junitxml={run.results}", "--durations=5", *run.words]
    return {"args": command, "cwd": ROOT, "stdin": subprocess.DEVNULL, "env": surroundings()}


def surroundings() -> dict[str, str]:
    """The environment without what would change how the tests run."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in ("MAKEFLAGS", "MAKELEVEL", "PYTEST_ADDOPTS", "PYTHONDONTWRITEBYTECODE")
    }


def outcomes(results: Iterable[Path]) -> dict[str, str]:
    """`passed`, `failed` or `skipped` by test, from JUnit files as pytest writes them."""
    found: dict[str, str] = {}
    for path in results:
        if not path.exists():
            continue
        for case in Xml.parse(path).getroot().iter("testcase"):  # noqa: S314 (pytest wrote it a moment ago)
            name = f"{case.get('classname', '')}::{case.get('name', '')}"
            outcome = next((WORDS[it.tag] for it in case if it.tag in WORDS), "passed")
            # One that fails, and whose fixture fails afterwards, is there twice.
            found[name] = "failed" if found.get(name) == "failed" else outcome
    return found


def counts(found: Mapping[str, str]) -> Counts:
    told = list(found.values())
    return Counts(told.count("passed"), told.count("failed"), told.count("skipped"))


def conclude(failed: list[str], total: Counts, summary: Path, alone_only: Sequence[str] = ()) -> int:
    """Prints what failed, what passed by itself only and, as the last line, the sum. Keeps that in a file for what has
    to repeat it."""
    for name in alone_only:
        print(f"FAILED beside the others, passed by itself: {name}")
    if total.skipped:
        failed = [*failed, f"{total.skipped} tests were skipped"]
    if failed:
        print(f"\nFAILED: {', '.join(failed)}")
    summary.write_text(f"{total}\n")
    print(f"\n{total}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
