"""Workers and jobs as text, word for word."""

from datetime import UTC, datetime

import click
from msgspec.structs import replace

from evenly.cli.jobtext import history_lines, job_lines, outcome_line, worker_lines
from evenly.cli.screens import status_lines
from evenly.core.status import (
    EnvironmentState,
    EnvironmentStatus,
    JobRun,
    JobStatus,
    Outcome,
    PastRun,
    WorkerStatus,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MAILER = WorkerStatus("mailer", 3, {"local-b": 1, "local-a": 2}, ())
FAILED = PastRun(
    outcome=Outcome.FAILED,
    due="2026-03-01T11:00:00.000Z",
    id="j-0123456789abcdef0",
    started_at="2026-03-01T11:00:00.250Z",
    ended_at="2026-03-01T11:00:07.500Z",
    zone="local-a",
    attempts=2,
    code=3,
    why="exited with code 3 after 1.0 s",
    count=1,
)
BY_HAND = replace(FAILED, outcome=Outcome.SUCCEEDED, due=None, attempts=1, code=0, why="exited with code 0")
MISSED = PastRun(Outcome.MISSED, "2026-03-01T10:00:00.000Z", None, None, None, None, 0, None, None, 7)
TIDY = JobStatus("tidy", "0 * * * *", None, FAILED, "2026-03-01T13:00:00.000Z")
NEW = JobStatus("yearly", "0 0 1 1 *", None, None, None)
RUN = JobRun("j-1", None, "2026-03-01T11:59:58.000Z", 1, "local-b")


def plain(lines: list[str]) -> str:
    return click.unstyle("\n".join(lines))


def test_workers() -> None:
    short = WorkerStatus("clerk", 1, {"local-a": 0}, (), 4, "w-0", "exited with code 2 after 0.1 s")
    assert plain(worker_lines([MAILER, short])) == (
        "  worker mailer  3 of 3 running  2 in local-a, 1 in local-b\n"
        "  worker clerk   0 of 1 running  0 in local-a                w-0 exited with code 2 after 0.1 s"
    )


def test_jobs() -> None:
    assert plain(job_lines([TIDY, replace(TIDY, name="now", running=RUN), NEW], NOW)) == (
        "JOB     SCHEDULE   NEXT                          LAST                 OUTCOME\n"
        "tidy    0 * * * *  2026-03-01 13:00:00 (in 1 h)  2026-03-01 11:00:00  failed\n"
        "now     0 * * * *  2026-03-01 13:00:00 (in 1 h)  2026-03-01 11:59:58  running\n"
        "yearly  0 0 1 1 *  never                         -                    has not run yet"
    )


def test_a_history() -> None:
    rows = [line.split() for line in plain(history_lines([MISSED, FAILED, BY_HAND])).splitlines()]
    day, run, took = "2026-03-01", "j-0123456789abcdef0", ("7.2", "s")
    assert rows == [
        ["DUE", "RUN", "OUTCOME", "STARTED", "TOOK", "ATTEMPTS", "CODE", "ZONE"],
        [day, "10:00:00", "-", "missed", "(7", "due", "times)"],
        [day, "11:00:00", run, "failed", day, "11:00:00", *took, "2", "3", "local-a"],
        ["by", "hand", run, "succeeded", day, "11:00:00", *took, "1", "0", "local-a"],
    ]


def test_how_a_run_ended() -> None:
    assert click.unstyle(outcome_line("tidy", FAILED)) == (
        "tidy failed: it exited with code 3 after 1.0 s, 2 attempts."
    )
    assert click.unstyle(outcome_line("tidy", BY_HAND)) == "tidy succeeded."


def test_both_are_in_the_status(status: EnvironmentStatus) -> None:
    told = plain(status_lines(replace(status, workers=(MAILER,), jobs=(TIDY,)), NOW))
    assert "\n  worker mailer  3 of 3 running  2 in local-a, 1 in local-b\n\n  JOB   SCHEDULE" in told
    short = replace(MAILER, running={"local-a": 2, "local-b": 0})
    ailing = replace(status, state=EnvironmentState.DEGRADED, workers=(short,))
    assert "degraded: 2 of 2 instances serve; worker mailer runs 2 of 3." in plain(status_lines(ailing, NOW))


def test_what_a_program_says_does_not_steer_the_terminal() -> None:
    hostile = replace(FAILED, why="could not be started: \x1b[2J")
    assert "\x1b[2J" not in outcome_line("tidy", hostile)
