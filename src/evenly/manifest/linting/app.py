"""Whether what the app says it runs is there. Reads folders, and runs no line of the app."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from shutil import which

from evenly.manifest.linting.commands import commands
from evenly.manifest.linting.findings import Finding, error
from evenly.manifest.places import PROGRAM_FOLDERS
from evenly.manifest.types import Manifest


def serve_findings(manifest: Manifest, folder: Path) -> Iterator[Finding]:
    if manifest.app.serve is None:
        return
    module = manifest.app.serve.partition(":")[0]
    build = folder / manifest.app.build
    top = module.partition(".")[0]
    if not _holds(build, module) and (_holds(build, top) or not _is_installed(top)):
        what = f"the module {module} is not in the folder {manifest.app.build}."
        yield error("app.serve", what, _where_else(module, manifest.app.build, build))


def _holds(build: Path, module: str) -> bool:
    place = build.joinpath(*module.split("."))
    return place.is_dir() or place.with_name(f"{place.name}.py").is_file()


def _is_installed(top: str) -> bool:
    """Whether Python would find the package, without running a line of it."""
    try:
        return top != "__main__" and find_spec(top) is not None
    except (ImportError, ValueError):
        return False


def _where_else(module: str, said: str, build: Path) -> str:
    if _holds(build / "src", module):
        return f"It is in src: write app.build: {'src' if said == '.' else said.rstrip('/') + '/src'}."
    return "Write module.path:attribute as Python imports it from that folder."


def command_findings(manifest: Manifest, folder: Path, search_path: str | None) -> Iterator[Finding]:
    """Programs of the app, its workers and its jobs that are not there."""
    build = manifest.app.build
    for path, command in commands(manifest):
        program = (command or ("",))[0]
        # "$NAME" is known only where it runs.
        if not program or "$" in program or _finds(program, folder / build, folder, search_path):
            continue
        what = f"the program {program} is neither on the PATH nor in .venv/bin or node_modules/.bin of the project."
        yield error(path, what, f"Install it, or name its place: {build.rstrip('/')}/{program}.")


def _finds(program: str, build: Path, folder: Path, search_path: str | None) -> bool:
    if "/" in program:
        return which(str(build / program)) is not None
    places = (str(place / name) for place in (build, folder) for name in PROGRAM_FOLDERS)
    return any(which(program, path=path) for path in (search_path, *places))
