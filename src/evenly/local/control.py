"""The control protocol: one JSON request and one JSON answer over a unix socket, both sides of it.

Who may open the socket may steer the environment: it lies in a folder of the user's own (0700), mode 0600.
"""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from evenly.core.failover import Replacement
from evenly.core.fleet import Failure
from evenly.core.status import EnvironmentStatus
from evenly.errors import EvenlyError, StateError, UsageError

LONGEST_REQUEST_BYTES = 64 * 1024
TIMEOUT_S = 5.0


class AskStatus(msgspec.Struct, frozen=True, tag="status"):
    """What is the environment's state?"""


class Scale(msgspec.Struct, frozen=True, tag="scale"):
    """Hold `count` instances from now on."""

    count: int


class SetZone(msgspec.Struct, frozen=True, tag="zone"):
    """Take a zone out (its instances are killed, as when it is lost), or bring it back."""

    name: str
    available: bool


class RunJob(msgspec.Struct, frozen=True, tag="run-job"):
    """Run a job now."""

    name: str


class Deploy(msgspec.Struct, frozen=True, tag="deploy"):
    """Let this release take over. `by`: who asks. `returns`: it was good before. `reloads`: it was just saved, and is
    to be served at once: without the gate, and without being watched."""

    release: int
    by: str
    returns: bool = False
    reloads: bool = False


class StopDeploy(msgspec.Struct, frozen=True, tag="stop-deploy"):
    """Undo the deploy that is under way. `by`: who asks."""

    by: str


class Configure(msgspec.Struct, frozen=True, tag="configure"):
    """Have the database's members archive their log and take writes, or no more, as it is on disk now."""


class ReplaceData(msgspec.Struct, frozen=True, tag="replace-data"):
    """Put other data, complete and beside the database's, in its place."""

    replacement: Replacement


Request = AskStatus | Scale | SetZone | RunJob | Deploy | StopDeploy | Configure | ReplaceData


class Report(msgspec.Struct, frozen=True):
    """The environment's status, and what keeps it from coming up: a `problem` that a person has to solve, and
    launches that came to nothing."""

    status: EnvironmentStatus
    problem: str | None = None
    problem_where: str | None = None
    problem_try: str | None = None
    failures: int = 0
    failed: Failure | None = None


class Answer(msgspec.Struct, frozen=True):
    """Either `report`, or a refusal in words."""

    report: Report | None = None
    what: str | None = None
    try_: str | None = None
    is_usage: bool = False


class NotRunningError(StateError):
    """There is no supervisor at the other end of the socket, or none that answers. `may_have_heard`: there was one when
    it was asked."""

    def __init__(self, *, may_have_heard: bool = False) -> None:
        super().__init__("the environment is not running", try_="Run `evenly up`.")
        self.may_have_heard = may_have_heard


class SilentError(NotRunningError):
    """The supervisor took the request, and gave no answer in time."""

    def __init__(self, within_s: float) -> None:
        super().__init__(may_have_heard=True)
        self.what = f"the supervisor did not answer within {within_s:g} s"
        self.try_ = "Is the machine busy? See what became of it: evenly status"


def ask(path: Path, request: Request, timeout_s: float = TIMEOUT_S) -> Report:
    """Send `request` and wait for the report. Raises NotRunningError, or the supervisor's refusal."""
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as connection:
        connection.settimeout(timeout_s)
        try:
            connection.connect(str(path))
        except OSError as error:
            raise NotRunningError from error
        try:
            connection.sendall(msgspec.json.encode(request) + b"\n")
            with connection.makefile("rb") as file:
                line = file.readline()
        except TimeoutError as error:
            raise SilentError(timeout_s) from error
        except OSError as error:
            raise NotRunningError(may_have_heard=True) from error
    if not line:
        raise NotRunningError(may_have_heard=True)
    try:
        return _report(msgspec.json.decode(line, type=Answer))
    except msgspec.MsgspecError as error:
        raise StateError(
            "the supervisor is that of another version of Evenly, and this one does not understand it",
            try_="Run `evenly down`, then `evenly up`: the data stays.",
        ) from error


def _report(answer: Answer) -> Report:
    if answer.report is not None:
        return answer.report
    kind = UsageError if answer.is_usage else StateError
    raise kind(answer.what or "refused", try_=answer.try_)


async def serve(path: Path, handle: Callable[[Request], Awaitable[Report]]) -> asyncio.Server:
    """Listen at `path`, in place of what a killed supervisor left there."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ValueError):
            line = await asyncio.wait_for(reader.readline(), TIMEOUT_S)
            writer.write(msgspec.json.encode(await _answer(line, handle)) + b"\n")
            await writer.drain()
        writer.close()

    path.unlink(missing_ok=True)
    server = await asyncio.start_unix_server(connected, path, limit=LONGEST_REQUEST_BYTES)
    path.chmod(0o600)
    return server


async def _answer(line: bytes, handle: Callable[[Request], Awaitable[Report]]) -> Answer:
    try:
        return Answer(report=await handle(msgspec.json.decode(line, type=Request)))
    except msgspec.MsgspecError as error:
        return Answer(what=f"not a request: {error}", is_usage=True)
    except EvenlyError as error:
        return Answer(what=error.what, try_=error.try_, is_usage=isinstance(error, UsageError))
    except OSError as error:  # nothing that can't be kept is begun
        return Answer(
            what=f"it can't be kept: {error.strerror}", try_="Make room on the disk, or make it writable."
        )
