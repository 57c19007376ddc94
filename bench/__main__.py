"""`python -m bench [NAME...]`: run benchmarks, print what they found, keep it. 1 if a target was missed."""

import argparse
import importlib
import secrets
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bench.figures import Findings, Report, as_markdown, is_met, machine
from bench.keeping import keep
from bench.processes import RefusedError
from bench.room import Room

NAMES = (
    "help",
    "first_answer",
    "zone_kill",
    "throughput",
    "edge",
    "edge_service",
    "rotation",
    "websockets",
    "idle",
    "load_generator",
    "catalogue",
    "dashboard",
    "growth",
    "failover",
    "soak",
    "watch",
    "package",
)
OWN = Path(__file__).parent.parent / ".bench"


def main(arguments: list[str]) -> int:
    """The exit code: 0 all targets met, 1 one missed, 3 one could not be measured here."""
    asked = _asked(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    code = 0
    for name in asked.names or NAMES:
        try:
            report = _run(name, asked)
        except RefusedError as error:
            print(f"{name}: {error}", file=sys.stderr)
            code = 3
            continue
        print(f"## {name}\n\n{as_markdown(report)}\n", flush=True)
        if not asked.no_keep:
            keep(report)
        if any(is_met(measure) is False for measure in report.findings.measures):
            code = code or 1
    return code


def _asked(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--no-keep", action="store_true", help="leave bench/results and the docs as they are")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long soak lasts (10)")
    parser.add_argument(
        "--seed", type=int, default=secrets.randbelow(10**6), help="by which faults are chosen"
    )
    asked = parser.parse_args(arguments)
    for name in set(asked.names) - set(NAMES):
        parser.error(f"no benchmark is called {name}; there are {', '.join(NAMES)}")
    return asked


def _run(name: str, asked: argparse.Namespace) -> Report:
    measure: Callable[[Room], Findings] = importlib.import_module(f"bench.{name}").measure
    say = partial(_say, name)
    room = Room(OWN, say, asked.minutes, asked.seed)
    report = Report(name, machine(), "", measure(room))
    return replace(report, measured_on=datetime.now(UTC).date().isoformat())


def _say(name: str, line: str) -> None:
    print(f"{name}: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
