"""Python files of a user's own: run as a module, and their errors told with file and line. Runs what it is given."""

import importlib.util
import linecache
import re
import sys
import traceback
from pathlib import Path
from types import ModuleType

from evenly.errors import UsageError


def run_file(file: Path, shown: str, what: str) -> ModuleType:
    """The module that `file` makes. It may import what is beside it. `shown`: the file's name in an error, `what`: what
    it is. Raises UsageError for a file that is broken."""
    name = f"evenly_{re.sub('[^a-z]+', '_', what)}_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise UsageError(
            f"this {what} is no Python file", where=shown, try_="Give it a name that ends with .py."
        )
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # as an import would: dataclasses and pickles look their module up
    if str(file.parent) not in sys.path:
        sys.path.insert(0, str(file.parent))
    try:
        spec.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        del sys.modules[name]
        where = f"{shown}:{line(file, error)}"
        raise UsageError(f"this {what} is broken: {told(error)}", where=where, try_="Correct it.") from error
    return module


def told(error: BaseException) -> str:
    """`NameError: name 'pag' is not defined`; an assertion without words: its line."""
    words = error.msg if isinstance(error, SyntaxError) else str(error).partition("\n")[0]
    if isinstance(error, AssertionError) and not words:
        words = _last_line(error)
    return ": ".join(filter(None, (type(error).__name__, words[:200])))


def line(file: Path, error: BaseException) -> int:
    """The last line of `file` that the error came through."""
    if isinstance(error, SyntaxError) and error.filename == str(file):
        return error.lineno or 1
    frames = traceback.extract_tb(error.__traceback__)
    return next((it.lineno or 1 for it in reversed(frames) if it.filename == str(file)), 1)


def _last_line(error: BaseException) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return linecache.getline(frame.filename, frame.lineno or 0).strip()
