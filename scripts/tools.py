"""Programs that the tests run and never import: sslyze (AGPL), MiniStack (MIT), checkov (Apache-2.0) and Mozilla's HTTP
Observatory (MPL). Standard library only. Touches .tools: checkov, which wants other versions of what the first two
bring, is in a virtual environment of its own, the Observatory in a folder of npm's.

No script of an npm package is run. The Observatory's would fetch the list of hosts that browsers know to be HTTPS only;
no address of this machine is on it, so an empty one is the same.
"""

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".tools"
LOCKS = (
    ROOT / "requirements/tools.txt",
    ROOT / "requirements/checkov.txt",
    ROOT / "requirements/observatory/package-lock.json",
)
PYTHON = FOLDER / "python"
CHECKOV = FOLDER / "checkov"
OBSERVATORY = FOLDER / "observatory"
PRELOADED = OBSERVATORY / "node_modules/@mdn/mdn-http-observatory/conf/hsts-preload.json"
# What comes as source: pure Python, built by pip in a moment.
FROM_SOURCE = {PYTHON: ("--no-binary", "sslyze")}
NPM = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]


def are_ready() -> bool:
    """Whether they were installed here, from the present locks."""
    try:
        return ready().read_bytes() == stamp()
    except OSError:
        return False


def prepare(run: Callable[[list[str]], None], venv_module: Sequence[str], install: Sequence[str]) -> None:
    """Makes .tools anew. `run` runs a command and raises `SetupError`; `install` are the arguments of pip."""
    sslyze, checkov, observatory = LOCKS
    shutil.rmtree(FOLDER, ignore_errors=True)
    for place, lock in ((PYTHON, sslyze), (CHECKOV, checkov)):
        run([os.path.realpath(sys.executable), "-m", *venv_module, str(place)])
        pinned = ["--require-hashes", "--only-binary", ":all:", *FROM_SOURCE.get(place, ()), "-r", str(lock)]
        run([str(place / "bin" / "python"), *install, *pinned])
    shutil.copytree(observatory.parent, OBSERVATORY)
    run([*NPM, "--prefix", str(OBSERVATORY)])
    PRELOADED.write_text("{}\n")
    ready().write_bytes(stamp())


def ready() -> Path:
    return FOLDER / "ready"


def stamp() -> bytes:
    return b"".join([os.fsencode(ROOT), b"\n", *(path.read_bytes() for path in LOCKS)])
