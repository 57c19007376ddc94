"""What a fault is, and words to describe one."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.functional.verify.behaving import Behaviour, Request, Response, problem
from tests.functional.verify.issuing import HOST
from tests.functional.verify.serving import Doors

Change = Callable[[Request, Response], Response]


@dataclass(frozen=True)
class Fault:
    """`found_by`: the check that has to fail, and no other of its subject, but for those in `also`."""

    found_by: str
    words: str
    behaviour: Behaviour = field(default_factory=Behaviour)
    doors: Doors = field(default_factory=Doors)
    certificate: str = "good"
    host: str = HOST
    also: frozenset[str] = frozenset()
    without_target: bool = False


def on(path: str, then: Callable[[Request], Response], method: str = "GET") -> Behaviour:
    """Another answer to the paths that match."""
    return Behaviour(
        instead=lambda asked: (
            then(asked)
            if not asked.plain and asked.method == method and re.fullmatch(path, asked.path)
            else None
        )
    )


def redirects(to: Callable[[Request], str | None], status: int = 301) -> Behaviour:
    """Another redirect, where `to` says so."""

    def instead(asked: Request) -> Response | None:
        location = to(asked) if asked.plain else None
        return Response(status, {"location": location}) if location else None

    return Behaviour(instead=instead)


def changed(change: Change) -> Behaviour:
    return Behaviour(change=change)


def where(asks: Callable[[Request], bool], change: Callable[[Response], Response]) -> Behaviour:
    return changed(lambda asked, response: change(response) if asks(asked) else response)


def status(number: int) -> Callable[[Request], Response]:
    return lambda _asked: problem(number)


def mistakes(number: int, asks: Callable[[Request], bool]) -> Behaviour:
    return Behaviour(instead=lambda asked: problem(number) if not asked.plain and asks(asked) else None)


def at_a_wrong_address(asked: Request) -> bool:
    return asked.path.startswith("/evenly-verify/")
