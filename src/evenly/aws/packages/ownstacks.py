"""The user's own stacks, beside ours: each a Python file in the folder `stacks` with a function that makes a template.
Reads that folder, and runs what is in it.

    # stacks/queue.py
    from troposphere import sqs
    from evenly.aws.stacks.common import Stack

    def template(topology):
        stack = Stack(topology, "queue", "work to do")
        ...
        return stack.finished()

`template` gives a template of troposphere's or a mapping. `AFTER`: stacks that have to be there before, beside those
whose outputs it has parameters for. `REGION`: another than the environment's. A file that begins with `_` is none.
"""

import importlib.util
import re
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from msgspec import Struct

from evenly.aws.topology import AwsTopology
from evenly.errors import UsageError

FOLDER = "stacks"
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
MOST = 40  # characters of a name: it stands in the names of roles and groups

Json = Mapping[str, Any]


class OwnStack(Struct, frozen=True):
    """One of the user's stacks: `body` is its template as a mapping, `where` the file that it came from."""

    name: str
    body: Json
    after: tuple[str, ...]
    region: str | None
    where: str


def own_stacks(topology: AwsTopology, project: Path, taken: Sequence[str]) -> tuple[OwnStack, ...]:
    """In the order of their names. Raises UsageError for a file that can't be run or makes no template, and for a name
    that is one of `taken`."""
    return tuple(_own_stack(path, topology, taken) for path in sorted((project / FOLDER).glob("[!_]*.py")))


def _own_stack(path: Path, topology: AwsTopology, taken: Sequence[str]) -> OwnStack:
    where, name = f"{FOLDER}/{path.name}", path.stem.replace("_", "-")
    _check_name(name, where, taken)
    module = _module(path, where)
    make = getattr(module, "template", None)
    if not callable(make):
        raise UsageError(
            "it has no function template.", where=where, try_="Write: def template(topology): ..."
        )
    try:
        body = _body(make(topology))
    except Exception as error:
        raise _refused(error, path, where) from error
    if body is None:
        raise UsageError("its function template makes no template.", where=where, try_=_TRY_TEMPLATE)
    return OwnStack(name, body, tuple(getattr(module, "AFTER", ())), getattr(module, "REGION", None), where)


_TRY_TEMPLATE = "Return a troposphere.Template, or a mapping with Resources."


def _check_name(name: str, where: str, taken: Sequence[str]) -> None:
    if not NAME.fullmatch(name) or len(name) > MOST:
        what = f"{name} is no name of a stack."
        raise UsageError(what, where=where, try_=f"Small letters, digits and underscores, {MOST} at most.")
    if name in taken:
        raise UsageError(f"Evenly has a stack {name} of its own.", where=where, try_="Choose another name.")


def _module(path: Path, where: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"evenly_own_stacks.{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UsageError("this is no Python module.", where=where, try_="Mend it.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for their own module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise _refused(error, path, where) from error
    return module


def _body(made: Any) -> Json | None:
    """With nothing of troposphere's left in it."""
    from troposphere import encode_to_dict

    found = encode_to_dict(made)
    return found if isinstance(found, Mapping) and found.get("Resources") else None


def _refused(error: Exception, path: Path, where: str) -> UsageError:
    """The last line of theirs that was run is where it is to be mended."""
    lines = [it.lineno for it in traceback.extract_tb(error.__traceback__) if it.filename == str(path)]
    if isinstance(error, SyntaxError) and error.filename == str(path):
        lines.append(error.lineno)
    line = f", line {lines[-1]}" if lines else ""
    what = f"it could not be run: {type(error).__name__}: {error}"
    return UsageError(what, where=f"{where}{line}", try_="Mend it, then look: evenly package.")
