"""What every room may raise: errors that say where, what, and what to try. Imports nothing of ours.

They are raised where the cause is known and turned into words once, at the command line's edge.
"""

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """The exit codes of `evenly`: stable, and part of its documented interface."""

    DONE = 0
    FAILED = 1  # a check, a drill, a limit of a load or a followed job failed
    USAGE = 2  # wrong use, or a wrong manifest
    STATE = 3  # the environment is not in a state for it, or a measurement proves nothing
    REFUSED = 4  # the target refused


class EvenlyError(Exception):
    """An error for a person: `where` it is, `what` is wrong, what to `try_`. Sentences, without a secret."""

    exit_code: ClassVar[ExitCode] = ExitCode.STATE

    def __init__(self, what: str, *, where: str | None = None, try_: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.try_ = try_

    def __str__(self) -> str:
        told = f"{self.where}: {self.what}" if self.where else self.what
        return f"{told}\n{self.try_}" if self.try_ else told


class UsageError(EvenlyError):
    """The command was used in a wrong way, or the manifest is wrong."""

    exit_code = ExitCode.USAGE


class StateError(EvenlyError):
    """The environment is not in a state for what was asked."""

    exit_code = ExitCode.STATE


class TargetError(EvenlyError):
    """What the environment runs on refused: the machine, a program, or AWS."""

    exit_code = ExitCode.REFUSED
