"""`evenly package` and `evenly lint` for the full manifest of the golden cases: from the manifest to templates, and to
what is wrong in them.

The peers: the CDK, synthesising stacks of the same kind (bench/by_hand/cdk_stacks.py) in an environment of its own; and
cfn-lint's own command over the same templates. Both sides are whole processes.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import distribution, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bench.figures import Bound, Findings, Measure, Of, Table, Target, alternate
from bench.processes import RefusedError
from bench.room import HERE, Room, evenly

PAIRS = 5
LINTS = 3
MANIFEST = HERE.parent / "tests" / "golden" / "aws" / "full" / "evenly.yaml"
CDK = HERE / "by_hand" / "cdk_stacks.py"
CDK_NEEDS = HERE / "requirements-cdk.txt"
ENVIRONMENT = "production"
MEGA = 1e6


def measure(room: Room) -> Findings:
    cdk = room.python("cdk", CDK_NEEDS)
    with room.folder() as folder:
        shutil.copy(MANIFEST, folder)
        ours, peer = partial(packaged, folder), partial(synthesised, cdk, folder)
        ours(), peer()  # the first run writes the bytecode, and downloads what goes with the functions
        room.say(f"{PAIRS} pairs of templates")
        templates = alternate(PAIRS, ours, peer)
        room.say(f"{LINTS} pairs of lint")
        cold = alternate(LINTS, partial(linted_cold, folder), partial(linted_by_cfn_lint, folder))
        unchanged = alternate(LINTS, partial(linted, folder), partial(linted_by_cfn_lint, folder))
        sizes = (added_mb(), size_mb(cdk))
        return findings(templates, cold, unchanged, sizes, counts(folder))


Pairs = tuple[Sequence[float], Sequence[float]]


def findings(
    templates: Pairs, cold: Pairs, unchanged: Pairs, sizes: tuple[float, float], resources: Mapping[str, int]
) -> Findings:
    ours, peer = sizes
    return Findings(
        "the CDK synthesising stacks of the same kind; for lint, the command cfn-lint over the same templates",
        (
            _measure("templates", templates, Target(Bound.AT_MOST, 1.5, Of.OURS)),
            _measure("templates, against the CDK", templates, Target(Bound.AT_MOST, 0.2, Of.RATIO)),
            _measure("lint, nothing known", cold, Target(Bound.AT_MOST, 10, Of.OURS)),
            _measure("lint, nothing changed", unchanged, Target(Bound.AT_MOST, 1.5, Of.OURS)),
            Measure("installed for AWS", "MB", (ours,), (peer,), Target(Bound.AT_MOST, 60, Of.OURS)),
        ),
        (
            Table(
                "What is in the templates",
                ("side", "resources"),
                tuple((k, str(v)) for k, v in resources.items()),
            ),
        ),
    )


def _measure(what: str, pairs: Pairs, target: Target) -> Measure:
    return Measure(what, "s", tuple(pairs[0]), tuple(pairs[1]), target)


# --- what is timed


def packaged(folder: Path) -> float:
    return seconds([str(evenly()), "package", "-e", ENVIRONMENT, "--out", str(folder / "out")], folder)


def synthesised(python: Path, folder: Path) -> float:
    return seconds([str(python), str(CDK), str(folder / "cdk.out")], folder)


def linted(folder: Path) -> float:
    return seconds([str(evenly()), "lint", "-e", ENVIRONMENT], folder)


def linted_cold(folder: Path) -> float:
    (folder / ".evenly" / ENVIRONMENT / "lint.json").unlink(missing_ok=True)
    return linted(folder)


def linted_by_cfn_lint(folder: Path) -> float:
    program = Path(sys.executable).with_name("cfn-lint")
    files = sorted(map(str, (folder / "out" / "templates").glob("*.yaml")))
    return seconds([str(program), "--regions", "eu-west-1", "--", *files], folder, codes=(0, 4, 6, 8, 12, 14))


def seconds(command: Sequence[str], folder: Path, codes: Sequence[int] = (0,)) -> float:
    """Raises RefusedError when it ends with another code."""
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    took = time.perf_counter() - began
    if done.returncode not in codes:
        lines = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}."]
        raise RefusedError(f"{Path(command[0]).name} failed: {lines[-1]}")
    return took


# --- what is weighed


def counts(folder: Path) -> dict[str, int]:
    """How many resources the templates of each side have."""
    index = json.loads((folder / "out" / "package.json").read_text())
    files = [(folder / "out" / it["template"]).read_text() for it in index["stacks"]]
    synthesised = (folder / "cdk.out").glob("*.template.json")
    return {
        "Evenly": sum(text.count("\n    Type: ") for text in files),
        "CDK": sum(len(json.loads(path.read_text())["Resources"]) for path in synthesised),
    }


def added_mb(extra: str = "aws") -> float:
    """What the extra brings that Evenly does not need without it, in MB."""
    return sum(map(_weight, closure(extra) - closure(""))) / MEGA


def closure(extra: str, needs: Callable[[str], list[str] | None] = requires) -> set[str]:
    """The packages that Evenly with this extra needs, by their names."""
    found: set[str] = set()
    wanted = [("evenly", extra)]
    while wanted:
        name, chosen = wanted.pop()
        if name in found:
            continue
        found.add(name)
        for it in map(Requirement, needs(name) or ()):
            if it.marker is None or it.marker.evaluate({"extra": chosen}):
                wanted.append((canonicalize_name(it.name), ""))
    return found - {"evenly"}


def _weight(name: str) -> int:
    """Bytes of its files, without the bytecode that Python makes of them."""
    files = distribution(name).files or []
    paths = (Path(str(it.locate())) for it in files if it.suffix != ".pyc")
    return sum(path.stat().st_size for path in paths if path.is_file())


def size_mb(python: Path) -> float:
    """Of an environment's packages, in MB, without pip and bytecode. Node comes on top."""
    (place,) = (python.parent.parent / "lib").glob("python*/site-packages")
    own = [
        it
        for it in place.iterdir()
        if not it.name.startswith(("pip", "setuptools", "_distutils", "__pycache__"))
    ]
    files = (path for it in own for path in (it.rglob("*") if it.is_dir() else (it,)))
    return sum(path.stat().st_size for path in files if path.is_file() and path.suffix != ".pyc") / MEGA
