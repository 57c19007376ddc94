"""Python applications, found in syntax trees: ASGI frameworks, Django, Flask. Pure; no line of them is run."""

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from msgspec import Struct

from evenly.scaffold.found import Files, Found, Runtime

ASGI = {
    "fastapi.FastAPI": "FastAPI",
    "starlette.applications.Starlette": "Starlette",
    "litestar.Litestar": "Litestar",
    "litestar.app.Litestar": "Litestar",
    "quart.Quart": "Quart",
    "quart.app.Quart": "Quart",
    "django.core.asgi.get_asgi_application": "Django",
}
WSGI = {
    "flask.Flask": "Flask",
    "flask.app.Flask": "Flask",
    "django.core.wsgi.get_wsgi_application": "Django",
}
GUNICORN = (
    "--bind=$HOST:$PORT",
    "--certfile=$TLS_CERTIFICATE",
    "--keyfile=$TLS_KEY",
    "--ca-certs=$TLS_CLIENT_CA",
    "--cert-reqs=2",
    "--threads=8",
    "--keep-alive=75",
)
_USUAL_FILES = ("asgi", "main", "app", "application", "server", "api", "wsgi", "__init__")
_USUAL_NAMES = ("app", "application", "asgi_app", "api", "server", "create_app", "make_app")
_HOLDERS = ("src", "backend", "server", "api", "app", "web")  # folders that may hold a project of their own


class Candidate(Struct, frozen=True):
    """One application in one file. `factory`: a function that makes it."""

    framework: str
    asgi: bool
    file: str
    name: str
    factory: bool

    @property
    def rank(self) -> tuple[int, ...]:
        path = PurePosixPath(self.file)
        return (
            not self.asgi,
            self.factory,
            len(path.parts),
            _place(path.stem, _USUAL_FILES),
            _place(self.name, _USUAL_NAMES),
        )


def find(files: Files) -> Found | None:
    """The likeliest application, or `None`."""
    candidates = sorted((it for file, text in files.items() for it in _candidates(file, text)), key=_order)
    if not candidates:
        return None
    first = candidates[0]
    build = _build(first.file, files)
    others = (it for it in candidates[1:] if it.asgi == first.asgi and it.framework == first.framework)
    named = tuple(target(it, build) for it in others if _inside(it.file, build))
    return _found(first, build, named)


def target(candidate: Candidate, build: str) -> str:
    """`module:attribute`, as Python imports it from the folder `build`."""
    path = PurePosixPath(candidate.file)
    parts = (path if build == "." else path.relative_to(build)).with_suffix("").parts
    module = ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)
    return f"{module}:{candidate.name}"


def _order(candidate: Candidate) -> tuple[tuple[int, ...], str, str]:
    return candidate.rank, candidate.file, candidate.name


def _found(it: Candidate, build: str, others: tuple[str, ...]) -> Found:
    because = f"{it.file} {'defines' if it.factory else 'sets'} {it.name}"
    where = target(it, build)
    if it.asgi:
        start: dict[str, Any] = {"serve": where}
    else:
        start = {"command": ("gunicorn", f"{where}()" if it.factory else where, *GUNICORN)}
    return Found(
        it.framework,
        because,
        Runtime.PYTHON,
        build=build,
        notes=_notes(it),
        others=others,
        factory=it.factory,
        **start,
    )


def _notes(it: Candidate) -> tuple[str, ...]:
    if it.framework != "Django":
        return ()
    return (
        "Its tables: once it is up, evenly run --as-owner -- python manage.py migrate",
        "ALLOWED_HOSTS has to hold localhost: the balancer asks for its health by that name.",
    )


def _build(file: str, files: Files) -> str:
    """The folder that the app is imported from: the project, or one in it with `manage.py` or without `__init__`."""
    parts = PurePosixPath(file).parts
    for depth in range(1, len(parts)):
        if f"{'/'.join(parts[:depth])}/manage.py" in files:
            return "/".join(parts[:depth])
    is_holder = len(parts) > 1 and parts[0] in _HOLDERS and f"{parts[0]}/__init__.py" not in files
    own = any(f"{parts[0]}/{name}" in files for name in ("requirements.txt", "pyproject.toml"))
    return parts[0] if is_holder and (own or parts[0] == "src") else "."


def _inside(file: str, build: str) -> bool:
    return build == "." or file.startswith(f"{build}/")


def _candidates(file: str, text: str) -> Iterator[Candidate]:
    path = PurePosixPath(file)
    if path.suffix != ".py" or path.name.startswith("test_") or path.stem in ("conftest", "setup"):
        return
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    imported = _imported(tree)
    mounted = _mounted(tree)
    for name, framework, is_factory in _definitions(tree, imported):
        if name not in mounted:
            known = ASGI.get(framework) or WSGI.get(framework) or "an ASGI application"
            yield Candidate(known, framework not in WSGI, file, name, is_factory)


def _definitions(tree: ast.Module, imported: dict[str, str]) -> Iterator[tuple[str, str, bool]]:
    """(name, what it is, whether it is a factory) of what stands at the top of a module."""
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Call() as call):
                pass
            case ast.AsyncFunctionDef(name=name) if _is_asgi(node):
                yield name, "", False
                continue
            case ast.FunctionDef(name=name) if _takes_nothing(node):
                made = next(filter(_known, (_called(call, imported) for call in _calls(node))), None)
                if made and any(isinstance(it, ast.Return) and it.value for it in ast.walk(node)):
                    yield name, made, True
                continue
            case _:
                continue
        if _known(made := _called(call, imported)):
            yield name, made, False


def _known(dotted: str) -> bool:
    return dotted in ASGI or dotted in WSGI


def _is_asgi(node: ast.AsyncFunctionDef) -> bool:
    return [it.arg for it in node.args.args] == ["scope", "receive", "send"]


def _takes_nothing(node: ast.FunctionDef) -> bool:
    given = node.args
    return not (given.posonlyargs or given.args or given.kwonlyargs or given.vararg or given.kwarg)


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    return (it for it in ast.walk(node) if isinstance(it, ast.Call))


def _called(call: ast.Call, imported: dict[str, str]) -> str:
    """The dotted name of what is called, by what the module imported."""
    names: list[str] = []
    node: ast.expr = call.func
    while isinstance(node, ast.Attribute):
        names.insert(0, node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join((imported.get(node.id, node.id), *names))


def _imported(tree: ast.Module) -> dict[str, str]:
    """Local name -> dotted name."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {it.asname or it.name: f"{node.module}.{it.name}" for it in node.names}
        elif isinstance(node, ast.Import):
            found |= {it.asname: it.name for it in node.names if it.asname}
    return found


def _mounted(tree: ast.Module) -> set[str]:
    """Names that are given to `x.mount(...)`: parts of another application."""
    return {
        given.id
        for call in _calls(tree)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "mount"
        for given in call.args
        if isinstance(given, ast.Name)
    }


def _place(name: str, usual: tuple[str, ...]) -> int:
    return usual.index(name) if name in usual else len(usual)
