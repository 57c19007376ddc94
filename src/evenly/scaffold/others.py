"""What else tells how a project runs: a Procfile, a Dockerfile, a folder of pages, a Copilot manifest. Pure."""

import json
import re
import shlex

from evenly.scaffold.found import Files, Found, Runtime

_SHELL = re.compile(r"&&|\|\||[|;<>`*?]|\$\(|\$\{|^\s*\w+=")
_PAGES = ("public", "site", "_site", "www", "dist", "build", ".")
_PLAIN = "It is taken to speak plain HTTP on $HOST:$PORT (app.protocol: http)."


def procfile(files: Files) -> Found | None:
    """The `web` process of a Procfile."""
    found = re.search(r"^web:[ \t]*(\S.*)$", files.get("Procfile", ""), re.MULTILINE)
    if found is None:
        return None
    return _program("a program", "Procfile says how web starts", _words(found[1]), files)


def dockerfile(files: Files) -> Found | None:
    """The last CMD of a Dockerfile."""
    joined = files.get("Dockerfile", "").replace("\\\n", " ")
    commands = re.findall(r"^[ \t]*CMD[ \t]+(\S.*)$", joined, re.MULTILINE | re.IGNORECASE)
    if not commands:
        return None
    return _program("a program", "Dockerfile has a CMD", _docker_words(commands[-1]), files)


def pages(files: Files) -> Found | None:
    """A folder with an index.html."""
    folder = next((it for it in _PAGES if (f"{it}/index.html" if it != "." else "index.html") in files), None)
    if folder is None:
        return None
    command = ("python3", "-m", "http.server", "$PORT", "--bind", "$HOST", "--protocol", "HTTP/1.1")
    return Found(
        "a folder of pages",
        f"there is {'' if folder == '.' else folder + '/'}index.html",
        Runtime.FILES,
        command=(*command, "--directory", folder),
        protocol="http",
        health="/",
        notes=("Python's own server serves them: good to look at, not made for much traffic.",),
    )


def copilot(files: Files) -> tuple[str, ...]:
    """A sentence for each AWS Copilot manifest."""
    return tuple(
        f"{name} is an AWS Copilot manifest. count, variables, secrets and http.healthcheck mean the same in "
        "evenly.yaml; nothing was taken over from it."
        for name in sorted(files)
        if re.fullmatch(r"copilot/[^/]+/manifest\.yml", name)
    )


def _program(what: str, because: str, command: tuple[str, ...], files: Files) -> Found:
    runtime = Runtime.NODE if "package.json" in files else Runtime.PYTHON
    return Found(what, because, runtime, command=command, protocol="http", notes=(_PLAIN,))


def _docker_words(said: str) -> tuple[str, ...]:
    try:
        words = json.loads(said)
    except ValueError:
        return _words(said)
    return tuple(map(str, words)) if isinstance(words, list) and words else _words(said)


def _words(line: str) -> tuple[str, ...]:
    """The words of a command line; what only a shell understands goes to one."""
    try:
        words = tuple(shlex.split(line))
    except ValueError:
        words = ()
    return ("sh", "-c", line.strip()) if not words or _SHELL.search(line) else words
