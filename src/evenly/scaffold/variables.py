"""Which environment variables the sources of a project read: for `.env.example`. Pure."""

import ast
import re
from collections.abc import Iterator

from evenly.manifest.checks import InvalidError
from evenly.manifest.problems import looks_secret
from evenly.manifest.variables import check_name
from evenly.scaffold.found import Files

_NODE = re.compile(r"process\.env\.([A-Z_][A-Z0-9_]*)|process\.env\[[\"']([A-Z_][A-Z0-9_]*)[\"']\]")
_COMMON = frozenset({"PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR", "NODE_ENV", "PYTHONPATH", "CI", "DEBUG"})
_GETTERS = ("os.getenv", "os.environ.get", "environ.get", "getenv")
_TABLES = ("os.environ", "environ")


def read_names(files: Files) -> tuple[str, ...]:
    """All variables that the sources read and Evenly does not set, in order."""
    return tuple(sorted({name for name, _ in _all(files) if _is_the_users(name)}))


def needed_secrets(files: Files) -> tuple[str, ...]:
    """Those without which the app does not start (`os.environ["NAME"]`), and which look secret by their name."""
    needed = {name for name, is_needed in _all(files) if is_needed}
    return tuple(sorted(name for name in needed if _is_the_users(name) and looks_secret(name)))


def _is_the_users(name: str) -> bool:
    try:
        check_name(name)
    except InvalidError:
        return False
    return name not in _COMMON


def _all(files: Files) -> Iterator[tuple[str, bool]]:
    for file, text in files.items():
        if file.endswith(".py"):
            yield from _of_python(text)
        elif file.endswith((".js", ".mjs", ".cjs", ".ts")):
            yield from ((first or second, False) for first, second in _NODE.findall(text))


def _of_python(text: str) -> Iterator[tuple[str, bool]]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=table, slice=ast.Constant(value=str(name))):
                if ast.unparse(table) in _TABLES:
                    yield name, True
            case ast.Call(func=function, args=[ast.Constant(value=str(name)), *_]):
                if ast.unparse(function) in _GETTERS:
                    yield name, False
