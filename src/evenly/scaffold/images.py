"""The Dockerfile of a project: two stages, so that what builds is not what runs; an unprivileged user; the
dependencies in a layer of their own, which changes only with them. Pure.
"""

import json

from evenly.scaffold.found import Files, Found, Runtime

PYTHON = "python:3.13-slim-bookworm"
NODE = "node:22-bookworm-slim"
SERVER = "granian>=2,<3"  # what app.serve runs on this machine too
GUNICORN = "gunicorn>=23"
_BIND_ALL = "ENV HOST=0.0.0.0 PORT=8000"
_UNPRIVILEGED = ("RUN useradd --system --uid 10001 app", "WORKDIR /app")
_BESIDES = {
    Runtime.PYTHON: (".venv", "__pycache__", "*.pyc"),
    Runtime.NODE: ("node_modules", "npm-debug.log"),
    Runtime.FILES: ("evenly.yaml", ".gitignore", "/pages"),
}
# What pyproject.toml lists, without the project itself: its sources would spoil the layer.
_LISTED = (
    "import tomllib; "
    "print(*tomllib.load(open('pyproject.toml', 'rb'))['project'].get('dependencies', []), sep='\\n')"
)


def dockerfile(found: Found, files: Files) -> str | None:
    """The text of a Dockerfile for the folder `found.build`; `None` where nothing says what to install."""
    match found.runtime:
        case Runtime.PYTHON:
            return _python(found, files)
        case Runtime.NODE:
            return _node(found, files)
        case Runtime.FILES:
            return _lines(f"FROM {PYTHON}", *_UNPRIVILEGED, "COPY . .", "USER 10001", *_ending(found))
        case Runtime.NONE:
            return None


def dockerignore(found: Found) -> str:
    """What neither an image nor a release needs; of a folder of files, also what is not for the public."""
    return "\n".join(
        (".git", ".evenly", ".env", *_BESIDES.get(found.runtime, ()), "Dockerfile", ".dockerignore", "")
    )


def servers(found: Found, listed: str) -> tuple[str, ...]:
    """What has to be installed beside the requirements, whose text is `listed`."""
    if found.serve:
        return (SERVER,)
    wants_gunicorn = (found.command or ("",))[0] == "gunicorn" and "gunicorn" not in listed
    return (GUNICORN,) if wants_gunicorn else ()


def _python(found: Found, files: Files) -> str | None:
    prefix = "" if found.build == "." else f"{found.build}/"
    listed = files.get(f"{prefix}requirements.txt")
    described = files.get(f"{prefix}pyproject.toml", "")
    if listed is not None:
        steps = ["COPY requirements.txt ."]
    elif "[project]" in described:
        steps = ["COPY pyproject.toml .", f'RUN python -c "{_LISTED}" > requirements.txt']
    else:
        return None
    extra = "".join(f' "{it}"' for it in servers(found, listed or described))
    return _lines(
        f"FROM {PYTHON} AS build",
        "WORKDIR /app",
        "RUN python -m venv /venv",
        *steps,
        f"RUN /venv/bin/pip install --no-cache-dir -r requirements.txt{extra}",
        "",
        f"FROM {PYTHON}",
        *_UNPRIVILEGED,
        "COPY --from=build /venv /venv",
        "COPY . .",
        "USER 10001",
        "ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1",
        *_ending(found),
    )


def _node(found: Found, files: Files) -> str:
    locked = "package-lock.json" in files
    manifests = "package.json package-lock.json" if locked else "package.json"
    return _lines(
        f"FROM {NODE} AS build",
        "WORKDIR /app",
        f"COPY {manifests} ./",
        f"RUN npm {'ci' if locked else 'install'} --omit=dev --ignore-scripts",
        "",
        f"FROM {NODE}",
        "WORKDIR /app",
        "COPY --from=build /app/node_modules node_modules",
        "COPY . .",
        "USER 1000",
        "ENV NODE_ENV=production",
        *_ending(found),
    )


def _ending(found: Found) -> tuple[str, ...]:
    return (
        _BIND_ALL,
        "EXPOSE 8000",
        f"# The balancer asks each instance for {found.health}.",
        "HEALTHCHECK NONE",
        f"CMD {json.dumps(_start(found))}",
    )


def _start(found: Found) -> list[str]:
    if found.serve:
        factory = " --factory" if found.factory else ""
        return ["sh", "-c", f"exec granian --interface asgi{factory} --host $HOST --port $PORT {found.serve}"]
    command = [word for word in found.command or () if "$TLS_" not in word and word != "--cert-reqs=2"]
    if not any("$" in word for word in command) or command[:2] == ["sh", "-c"]:
        return command
    return ["sh", "-c", " ".join(("exec", *command))]


def _lines(*lines: str) -> str:
    return "\n".join((*lines, ""))
