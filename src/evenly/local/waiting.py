"""Waits until an environment is healthy, or until it is clear that it won't be, and says why in words."""

import contextlib
import time
from pathlib import Path

from evenly.core.status import EnvironmentState, WorkerStatus
from evenly.errors import StateError
from evenly.local import control
from evenly.local.control import AskStatus, NotRunningError, Report
from evenly.local.paths import Paths

POLL_S = 0.02
SUPERVISOR_START_S = 20.0
FAILED_LAUNCHES = 2
LOG_LINES = 12


def await_healthy(paths: Paths, within_s: float) -> Report:
    """Wait until the environment is healthy. Raises StateError as soon as it is clear that it won't be: launches from
    before the wait don't count, for the environment may be about to heal from them."""
    until = time.monotonic() + within_s
    since = Since()
    heard_until = time.monotonic() + SUPERVISOR_START_S
    while True:
        with contextlib.suppress(NotRunningError):
            report = control.ask(paths.control_socket, AskStatus())
            heard_until = time.monotonic() + SUPERVISOR_START_S
            if report.status.state is EnvironmentState.HEALTHY:
                return report
            _raise_if_hopeless(paths, report, since)
            if time.monotonic() > until:
                raise _not_healthy(report)
        if time.monotonic() > heard_until:
            raise _no_supervisor(paths)
        time.sleep(POLL_S)


class Since:
    """Failures since a wait began, by what fails. They are counted in a row, so they can fall back to 0 meanwhile."""

    def __init__(self) -> None:
        self._before: dict[str, int] = {}

    def failures(self, name: str, counted: int) -> int:
        """How many of `counted` are new."""
        self._before[name] = before = min(self._before.get(name, counted), counted)
        return counted - before


def _raise_if_hopeless(paths: Paths, report: Report, since: Since) -> None:
    if report.problem:
        raise StateError(report.problem, where=report.problem_where, try_=report.problem_try)
    new = since.failures("app", report.failures)
    if report.failed and new >= FAILED_LAUNCHES * (1 + bool(report.status.serving)):
        raise _app_failed(paths, report.failed.id, report.failed.why)
    for worker in report.status.workers:
        new = since.failures(f"worker {worker.name}", worker.failures)
        if worker.failed and new >= FAILED_LAUNCHES * (1 + any(worker.running.values())):
            raise _worker_failed(paths, worker)


def _app_failed(paths: Paths, id: str, why: str) -> StateError:
    return StateError(
        f"the app did not start: instance {id} {why}. {_last_words(paths.instance_logs / f'{id}.log')}",
        where="app",
        try_="Mend the app or the app section of evenly.yaml, then run `evenly up` again.",
    )


def _worker_failed(paths: Paths, worker: WorkerStatus) -> StateError:
    log = paths.worker_logs / f"{worker.name}-{worker.failed}.log"
    return StateError(
        f"the worker does not stay up: {worker.failed} {worker.why}. {_last_words(log)}",
        where=f"workers.{worker.name}",
        try_="Mend it, then run `evenly up` again. A worker is to run until it gets SIGTERM.",
    )


def _last_words(log: Path) -> str:
    last = tail(log, LOG_LINES)
    said = "\n".join(f"    {line}" for line in last) if last else "    (it wrote nothing)"
    return f"Its last log lines:\n{said}"


def _not_healthy(report: Report) -> StateError:
    return StateError(
        f"the environment is still {report.status.state}: {report.status.problem or 'it takes too long'}",
        try_="Run `evenly logs supervisor` to see what happened.",
    )


def _no_supervisor(paths: Paths) -> StateError:
    log = paths.logs / "supervisor.log"
    said = "\n".join(f"    {line}" for line in tail(log, LOG_LINES))
    return StateError(
        f"the supervisor does not answer. Its last log lines:\n{said}",
        where=str(log),
        try_="Run `evenly down`, then `evenly up`.",
    )


def tail(log: Path, lines: int) -> list[str]:
    """The last lines of a log; none when there is no such file."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 64 * 1024))
            return file.read().decode(errors="replace").splitlines()[-lines:]
    except FileNotFoundError:
        return []
