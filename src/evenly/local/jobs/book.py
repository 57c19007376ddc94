"""The jobs' file: what is known of each job, kept as long as the data. And how runners said that attempts ended."""

from pathlib import Path

import msgspec

from evenly.core.jobs import Ending, JobState, Run
from evenly.local import state
from evenly.local.paths import Paths
from evenly.local.supervisor.endings import ending

JOBS_VERSION = 1


class Jobs(msgspec.Struct, frozen=True):
    """`jobs.json`, by name."""

    jobs: dict[str, JobState] = {}


class _Ending(msgspec.Struct, frozen=True):
    code: int
    seconds: float
    why: str


def read_jobs(paths: Paths) -> dict[str, JobState]:
    """Empty where nothing is known. Raises DamagedError."""
    known = state.read(paths.jobs, Jobs, JOBS_VERSION)
    return known.jobs if known else {}


def write_jobs(paths: Paths, jobs: dict[str, JobState]) -> None:
    """Raises OSError."""
    state.write(paths.jobs, Jobs(jobs), JOBS_VERSION)


def ending_file(paths: Paths, run: Run) -> Path:
    return paths.endings / f"{run.id}.{run.attempt}.json"


def told_ending(paths: Paths, run: Run) -> Ending | None:
    """How the attempt ended, as its runner wrote it; `None` if it did not come to that."""
    try:
        told = msgspec.json.decode(ending_file(paths, run).read_bytes(), type=_Ending)
    except (OSError, msgspec.MsgspecError):
        return None
    return Ending(told.code, told.why or ending(told.code, told.seconds))


def forget_endings(paths: Paths, run: Run) -> None:
    """What the run's runners wrote is in the jobs' file now."""
    for file in paths.endings.glob(f"{run.id}.*"):
        file.unlink(missing_ok=True)


def job_log(paths: Paths, name: str, id: str) -> Path:
    """What a run of the job has written."""
    return paths.job_logs / f"{name}-{id}.log"
