"""Node programs, found by their package.json. Pure."""

import json
import re
import shlex
from typing import Any

from evenly.scaffold.found import Files, Found, Runtime

_USUAL = ("server.js", "index.js", "app.js", "server.mjs", "index.mjs", "src/server.js", "src/index.js")
_SHELL = re.compile(r"[|&;<>$`*?(){}\[\]]|^\w+=")
_SOURCES = (".js", ".mjs", ".cjs", ".ts")


def find(files: Files) -> Found | None:
    """What package.json starts, or `None`."""
    package = _package(files)
    if package is None:
        return None
    command, because = _command(package, files)
    if command is None:
        return None
    sources = "\n".join(text for name, text in files.items() if name.endswith(_SOURCES))
    secure = "TLS_CERTIFICATE" in sources
    return Found(
        _framework(package),
        because,
        Runtime.NODE,
        command=command,
        protocol="https" if secure else "http",
        notes=_notes(sources, secure),
    )


def _package(files: Files) -> dict[str, Any] | None:
    try:
        found = json.loads(files.get("package.json", "null"))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _section(package: dict[str, Any], name: str) -> dict[str, Any]:
    found = package.get(name)
    return found if isinstance(found, dict) else {}


def _framework(package: dict[str, Any]) -> str:
    used = _section(package, "dependencies")
    known = {
        "express": "Express",
        "fastify": "Fastify",
        "koa": "Koa",
        "@hapi/hapi": "hapi",
        "next": "Next.js",
    }
    return next((told for name, told in known.items() if name in used), "a Node program")


def _command(package: dict[str, Any], files: Files) -> tuple[tuple[str, ...] | None, str]:
    start = _section(package, "scripts").get("start")
    if isinstance(start, str) and start.strip():
        return _of_script(start), "package.json has a start script"
    main = package.get("main")
    if isinstance(main, str) and main.removeprefix("./") in files:
        return ("node", main), "package.json names it as main"
    usual = next((name for name in _USUAL if name in files), None)
    return (("node", usual), f"there is {usual}") if usual else (None, "")


def _of_script(start: str) -> tuple[str, ...]:
    """The program itself where that is plain, so that it gets the signals; else npm, which passes them on."""
    try:
        words = tuple(shlex.split(start))
    except ValueError:
        return ("npm", "start")
    return words if words[0] == "node" and not any(map(_SHELL.search, words)) else ("npm", "start")


def _notes(sources: str, secure: bool) -> tuple[str, ...]:
    missing = [name for name in ("HOST", "PORT") if not re.search(rf"\b{name}\b", sources)]
    listens = (
        (f"It has to listen on $HOST:$PORT, and its sources do not mention {' and '.join(missing)}.",)
        if missing
        else ()
    )
    plain = (
        "Its sources do not mention TLS_CERTIFICATE: it is taken to speak plain HTTP (app.protocol: http)."
    )
    return listens if secure else (*listens, plain)
