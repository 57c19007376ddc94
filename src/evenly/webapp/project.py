"""The virtual environment of the project, when Evenly is installed in another: the app imports from its own.

The same Python version: its packages are put before Evenly's, in this process. Another version: its own Python takes
this process over, which needs Evenly installed there too. Read from files, but for that last question.
"""

import os
import site
import subprocess
import sys
import sysconfig
from pathlib import Path

FOLDERS = (".venv", "venv")


class ProjectError(Exception):
    """The project's virtual environment cannot be used. One sentence."""


def enter(folder: Path, arguments: list[str]) -> None:
    """Makes the packages of the virtual environment in `folder` importable; does nothing without one, or inside it.

    May replace this process by the same module, started with `arguments`. Raises `ProjectError`.
    """
    venv = find(folder)
    if venv is None or venv.resolve() == Path(sys.prefix).resolve():
        return
    packages = _packages(venv)
    if packages.is_dir():
        _put_first(packages)
    else:
        _hand_over(venv, arguments)


def find(folder: Path) -> Path | None:
    """The virtual environment in `folder`."""
    return next((folder / name for name in FOLDERS if (folder / name / "pyvenv.cfg").is_file()), None)


def _packages(venv: Path) -> Path:
    """Where this very Python would look for packages, were it the one of `venv`."""
    return Path(sysconfig.get_path("purelib", "venv", vars={"base": str(venv), "platbase": str(venv)}))


def _put_first(packages: Path) -> None:
    before = list(sys.path)
    site.addsitedir(str(packages))  # reads .pth files too: editable installations
    added = [entry for entry in sys.path if entry not in before]
    sys.path[:] = [*added, *before]


def _hand_over(venv: Path, arguments: list[str]) -> None:
    python = venv / "bin" / "python"
    try:
        asked = subprocess.run([python, "-c", "import evenly.webapp.server"], capture_output=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        raise ProjectError(f"{venv.name} of the project is damaged: make it anew.") from None
    if asked.returncode != 0:
        here = f"Python {sys.version_info[0]}.{sys.version_info[1]}"
        raise ProjectError(
            f"{venv.name} of the project is of {_version(venv)}, and Evenly runs on {here}: install Evenly into "
            f"{venv.name} too, or make it anew with {here}."
        )
    os.execv(python, [str(python), "-m", "evenly.webapp.server", *arguments])  # noqa: S606


def _version(venv: Path) -> str:
    for line in (venv / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace").splitlines():
        name, _, value = line.partition("=")
        if name.strip() in ("version", "version_info"):
            return f"Python {'.'.join(value.strip().split('.')[:2])}"
    return "another Python"
