"""Builds an image with the Docker or Podman of this machine, and pushes it. Runs their programs; both take the same
words.

The registry's password goes in on stdin and is forgotten again afterwards: it stays in no argument, no log, and no file
of Docker's.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from evenly.aws.releasing.programs import Ran
from evenly.aws.releasing.registry import Login
from evenly.aws.releasing.source import Source
from evenly.core.secret import Secret
from evenly.errors import TargetError

KNOWN = ("docker", "podman")
PLATFORMS = {"X86_64": "linux/amd64", "ARM64": "linux/arm64"}
CHECK = "import evenly.aws.launching, evenly.aws.migrating"


class Runs(Protocol):
    """What is used of `Programs`."""

    def has(self, name: str) -> bool: ...

    def run(self, argv: Sequence[str], said: Secret | None = None) -> Ran: ...


class Docker(Struct, frozen=True):
    """`name`: of the program."""

    programs: Runs
    name: str

    def build(self, source: Source, named: str) -> None:
        """`named`: repository and tag. Raises TargetError."""
        with tempfile.TemporaryDirectory(prefix="evenly-image-") as place:
            folder = source.written(Path(place))
            self._done("the image could not be built", build(self.name, source.architecture, named, folder))

    def check(self, named: str, architecture: str) -> None:
        """That Evenly is in the image, which its tasks are started by. Raises TargetError."""
        ran = self.programs.run(check(self.name, architecture, named))
        if ran.code != 0:
            raise without_evenly(ran.last)

    def push(self, named: str, login: Login) -> Ran:
        """How it ended: who was faster may have pushed the same."""
        with self._logged_in(login):
            return self.programs.run((self.name, "push", named))

    @contextmanager
    def _logged_in(self, login: Login) -> Iterator[None]:
        argv = (self.name, "login", "--username", login.user, "--password-stdin", login.registry)
        self._done("the registry can't be logged in to", argv, login.password)
        try:
            yield
        finally:
            self.programs.run((self.name, "logout", login.registry))

    def _done(self, what: str, argv: Sequence[str], said: Secret | None = None) -> None:
        ran = self.programs.run(argv, said)
        if ran.code != 0:
            raise failed(f"{what}: {self.name} ended with {ran.code}", ran.last)


def found(programs: Runs) -> Docker | None:
    """The first that is there and answers."""
    for name in KNOWN:
        if programs.has(name) and programs.run((name, "info")).code == 0:
            return Docker(programs, name)
    return None


def build(name: str, architecture: str, named: str, folder: Path) -> tuple[str, ...]:
    return (name, "build", "--pull", "--platform", PLATFORMS[architecture], "--tag", named, str(folder))


def check(name: str, architecture: str, named: str) -> tuple[str, ...]:
    return (
        *(name, "run", "--rm", "--network", "none", "--platform", PLATFORMS[architecture]),
        *("--entrypoint", "python", named, "-c", CHECK),
    )


def failed(what: str, last: Sequence[str]) -> TargetError:
    told = "".join(f"\n  {it}" for it in last)
    return TargetError(
        f"{what}.{' Its last lines:' if last else ''}{told}",
        where="image",
        try_="Mend it, then deploy again.",
    )


def without_evenly(last: Sequence[str]) -> TargetError:
    told = "".join(f"\n  {it}" for it in last[-3:])
    return TargetError(
        f"Evenly is not in it, which its tasks are started by: TLS, the database's proof, migrations.{told}",
        where="image",
        try_="Let the Dockerfile install it for the Python on its PATH. An app that speaks plain HTTP "
        "(app.protocol: http) and has no database of ours does without.",
    )
