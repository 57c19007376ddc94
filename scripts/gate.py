"""What must hold before a change is taken: formatting, lint, types, import rules, all tests, coverage.

Checks run beside the quick tests. The end-to-end tests put load on real processes and count every failed
request, so they run after those, alone, and without coverage, which would slow what they measure.
The last line is the sum of all tests: `N passed, N failed`. A skipped test fails the gate.
"""

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as Xml
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

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
ALONE = "e2e"
BROWSER = "browser"  # Playwright holds an event loop open: other tests of its process could not run one


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
    checks = start_checks()
    began = time.monotonic()
    quick, browser, alone = test_folders()
    codes = {"the quick tests": pytest("quick", quick, ["-n", "2"], measured=True)}
    if browser:
        codes["the browser tests"] = pytest(BROWSER, browser, ["-n", "0"], measured=False)
    failed = report(checks)
    if alone:
        codes["the end-to-end tests"] = pytest(ALONE, alone, ["-n", "0"], measured=False)
    show_coverage()
    failed += [name for name, code in codes.items() if code != 0]
    print(f"all of it: {(time.monotonic() - began) / 60:.1f} minutes", flush=True)
    return conclude(failed, counts(sorted(BUILD.glob("junit-*.xml"))), SUMMARY)


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


def test_folders() -> tuple[list[str], list[str], list[str]]:
    """The folders of the quick tests, of those in a browser, and of those that need the machine to themselves."""
    folders = sorted(
        {path.relative_to(ROOT / "tests").parts[0] for path in ROOT.glob("tests/*/**/test_*.py")}
    )
    quick = [f"tests/{name}" for name in folders if name not in (ALONE, BROWSER)]
    browser, alone = ([f"tests/{name}" for name in folders if name == it] for it in (BROWSER, ALONE))
    return quick, browser, alone


def pytest(name: str, folders: list[str], options: list[str], measured: bool) -> int:
    """Runs the tests in `folders` with their output shown. Gives pytest's exit code (5: found none)."""
    results = BUILD / f"junit-{name}.xml"
    run = ["-m", "coverage", "run", "-m", "pytest"] if measured else ["-m", "pytest"]
    command = [sys.executable, *run, *options, f"--junitxml={results}", "--durations=5", *folders]
    started = time.monotonic()
    code = subprocess.call(command, cwd=ROOT, stdin=subprocess.DEVNULL, env=surroundings())
    print(f"{name} tests: {time.monotonic() - started:.1f} s\n", flush=True)
    return code


def surroundings() -> dict[str, str]:
    """The environment without what would change how the tests run."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTEST_ADDOPTS", "MAKEFLAGS", "MAKELEVEL")
    }


def show_coverage() -> None:
    for command in (["combine", "--quiet"], ["report", "--skip-covered", "--skip-empty"]):
        subprocess.call([sys.executable, "-m", "coverage", *command], cwd=ROOT, stdin=subprocess.DEVNULL)


def counts(results: Iterable[Path]) -> Counts:
    """The sum over JUnit files, as pytest writes them."""
    tests = failed = skipped = 0
    for path in results:
        for suite in Xml.parse(path).getroot().iter("testsuite"):  # noqa: S314 (pytest wrote it a moment ago)
            tests += int(suite.get("tests", 0))
            failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            skipped += int(suite.get("skipped", 0))
    return Counts(tests - failed - skipped, failed, skipped)


def conclude(failed: list[str], total: Counts, summary: Path) -> int:
    """Prints what failed and, as the last line, the sum. Keeps it in a file for what has to repeat it."""
    if total.skipped:
        failed = [*failed, f"{total.skipped} tests were skipped"]
    if failed:
        print(f"\nFAILED: {', '.join(failed)}")
    summary.write_text(f"{total}\n")
    print(f"\n{total}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
