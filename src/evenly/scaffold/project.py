"""The files that a project begins with, as texts: the manifest, the Dockerfile and what lies beside them. Pure, but
for the error pages, which are read from this package.
"""

from importlib.resources import files as packaged

from msgspec import Struct

from evenly.manifest.template import Start, initial_manifest
from evenly.scaffold.detection import migrations, uses_database
from evenly.scaffold.found import Files, Found, Runtime
from evenly.scaffold.images import dockerfile, dockerignore
from evenly.scaffold.variables import needed_secrets, read_names

MANIFEST = "evenly.yaml"
PAGES = "pages"
IGNORED = (".evenly/", ".env")
_ENV_HEAD = """\
# Copy this to .env, readable for you alone (chmod 600 .env). Each NAME that evenly.yaml lists under secrets is read
# from there; .env itself belongs in no repository.
"""


class Project(Struct, frozen=True):
    """`files`: path in the project -> text, the manifest first. `secrets`: those it can't start without.
    `no_image`: why there is no Dockerfile, empty if there is one."""

    files: dict[str, str]
    secrets: tuple[str, ...]
    no_image: str = ""


def project(name: str, found: Found, files: Files) -> Project:
    """What a project of `found` should have, in the order in which it is written."""
    secrets = needed_secrets(files) if found.runtime is not Runtime.NONE else ()
    texts = {MANIFEST: initial_manifest(name, _start(found, files, secrets))}
    image = dockerfile(found, files)
    beside = "" if found.build == "." else f"{found.build}/"
    if image:
        texts[f"{beside}Dockerfile"] = image
    if found.runtime is not Runtime.NONE:
        texts[f"{beside}.dockerignore"] = dockerignore(found)
    if found.runtime in (Runtime.PYTHON, Runtime.NODE):
        texts[".env.example"] = env_example(read_names(files), secrets)
    texts |= {f"{PAGES}/{page}": text for page, text in _pages().items()}
    return Project(texts, secrets, "" if image else _no_image(found))


def env_example(names: tuple[str, ...], secrets: tuple[str, ...]) -> str:
    """The variables that the sources read: those that are needed open, the others as comments."""
    lines = [f"{name}=" if name in secrets else f"#{name}=" for name in names] or ["#API_KEY="]
    return "\n".join((_ENV_HEAD, *lines, ""))


def ignored(text: str) -> str:
    """`text` of a .gitignore with what must not be committed."""
    known = {line.strip().strip("/") for line in text.splitlines()}
    missing = [line for line in IGNORED if line.strip("/") not in known]
    gap = "\n" if text and not text.endswith("\n") else ""
    return text + (gap + "\n".join((*missing, "")) if missing else "")


def _start(found: Found, files: Files, secrets: tuple[str, ...]) -> Start:
    is_reference = found.runtime is Runtime.NONE
    return Start(
        serve=found.serve,
        command=found.command,
        build=found.build,
        protocol=found.protocol,
        health=found.health or "/",
        pages=f"{PAGES}/",
        database=is_reference or uses_database(files),
        migrations=None if is_reference else migrations(files),
        secrets=secrets,
    )


def _no_image(found: Found) -> str:
    if found.runtime is Runtime.NONE:
        return "No Dockerfile: there is no code in this folder to build from yet."
    return "No Dockerfile: neither requirements.txt nor pyproject.toml says what to install."


def _pages() -> dict[str, str]:
    folder = packaged("evenly.scaffold").joinpath("texts", "pages")
    return {page.name: page.read_text("utf-8") for page in sorted(folder.iterdir(), key=lambda it: it.name)}
