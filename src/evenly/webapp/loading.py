"""From `module:attribute` to an application. Keeps the traceback of the user's own code, never of ours.

A function without parameters is taken for a factory, and called: an ASGI application always takes three.
"""

import importlib
import inspect
import re
import sys
import traceback
from pathlib import Path
from types import TracebackType

_TARGET = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


class LoadingError(Exception):
    """The application cannot be loaded. One sentence for its author. `trace`: through its author's code."""

    def __init__(self, sentence: str, trace: str = "") -> None:
        super().__init__(sentence)
        self.trace = trace


def load(target: str) -> object:
    """The application that `target` names. Raises `LoadingError`."""
    if not _TARGET.fullmatch(target):
        raise LoadingError(f"{target!r} does not name an application: write module:attribute.")
    module_name, _, attribute = target.partition(":")
    found = _import(module_name, target)
    for name in attribute.split("."):
        try:
            found = getattr(found, name)
        except AttributeError:
            raise LoadingError(f"cannot load {target}: {module_name} has no attribute {attribute}.") from None
    return _checked(_made(found, target), target)


def _import(module_name: str, target: str) -> object:
    if sys.path[:1] not in ([""], [str(Path.cwd())]):
        sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and f"{module_name}.".startswith(f"{error.name}."):
            raise LoadingError(f"cannot load {target}: there is no module {error.name}.") from None
        raise _missing(error, target) from None
    except (Exception, SystemExit) as error:
        raise _failed(error, target) from None


def _made(found: object, target: str) -> object:
    if not inspect.isfunction(found) or inspect.signature(found).parameters:
        return found
    try:
        made = found()
    except (Exception, SystemExit) as error:
        raise _failed(error, target) from None
    if inspect.iscoroutine(made):
        made.close()
        raise LoadingError(f"{target} is a coroutine function: a factory has to be an ordinary one.")
    return made


def _missing(error: ModuleNotFoundError, target: str) -> LoadingError:
    failed = _failed(error, target)
    if not error.name:
        return failed
    return LoadingError(
        f"cannot load {target}: it imports {error.name}, which is not installed where the app runs. Install the "
        "project's requirements into its .venv, or beside Evenly.",
        failed.trace,
    )


def _failed(error: BaseException, target: str) -> LoadingError:
    trace = traceback.TracebackException.from_exception(error.with_traceback(_users(error.__traceback__)))
    last = "".join(trace.format_exception_only()).strip().splitlines()[-1]
    return LoadingError(f"cannot load {target}: {last}", "".join(trace.format()))


def _users(trace: TracebackType | None) -> TracebackType | None:
    """`trace` from the first frame that is neither ours nor the import machinery's."""
    hidden = (__file__, importlib.__file__)
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file not in hidden and not file.startswith("<frozen importlib"):
            return trace
        trace = trace.tb_next
    return None


def _checked(found: object, target: str) -> object:
    if hasattr(found, "__rsgi__"):
        return found
    if not callable(found) or inspect.isclass(found):
        raise LoadingError(
            f"{target} is of type {type(found).__name__}: neither an ASGI nor an RSGI application."
        )
    if _takes_two(found):
        raise LoadingError(
            f"{target} looks like a WSGI application; it needs a server of its own: "
            "set app.command, to gunicorn for example, in place of app.serve."
        )
    return found


def _takes_two(found: object) -> bool:
    """WSGI's (environ, start_response), against ASGI's (scope, receive, send)."""
    try:
        parameters = inspect.signature(found).parameters.values()  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    needed = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return len(needed) == 2 and not any(p.kind is p.VAR_POSITIONAL for p in parameters)
