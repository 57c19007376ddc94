"""What the user changes of our templates: JSON patches (RFC 6902), a file for each stack. Reads the folder `overrides`.

`overrides/network.json` holds in every environment, `overrides/production/network.json` after it in that one. What
comes out is linted like everything else.
"""

import copy
import json
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from evenly.errors import UsageError

FOLDER = "overrides"
OPERATIONS = ("add", "remove", "replace", "move", "copy", "test")
RFC = "https://www.rfc-editor.org/rfc/rfc6902"

Json = Mapping[str, Any]


def overridden(bodies: Mapping[str, Json], project: Path, environment: str) -> dict[str, Json]:
    """`bodies`, the templates by stack, with what the project's patches change. Raises UsageError for a patch that is
    none, that is for no stack there is, or that does not fit its template."""
    found = dict(bodies)
    for path in patch_files(project, environment, list(bodies)):
        where = _shown(path, project)
        found[path.stem] = patched(found[path.stem], _read(path, where), where)
    return found


def patch_files(project: Path, environment: str, stacks: Sequence[str]) -> list[Path]:
    """In the order in which they are applied."""
    folder = project / FOLDER
    found = [path for place in (folder, folder / environment) for path in sorted(place.glob("*.json"))]
    for path in found:
        if path.stem not in stacks:
            raise UsageError(
                f"there is no stack {path.stem} in {environment}.{_nearest(path.stem, stacks)}",
                where=_shown(path, project),
                try_=f"Name it after one of: {', '.join(stacks)}.",
            )
    return found


def patched(body: Json, operations: Sequence[Any], where: str) -> Json:
    """`body` with all of `operations`. Raises UsageError with the one that does not fit."""
    import jsonpatch
    from jsonpointer import JsonPointerException

    made: Any = copy.deepcopy(dict(body))
    for number, operation in enumerate(operations, 1):
        _check(operation, number, where)
        told = f"operation {number} ({operation['op']} {operation['path']})"
        try:
            made = jsonpatch.JsonPatch([operation]).apply(made, in_place=True)
        except jsonpatch.JsonPatchTestFailed as error:
            what = f"{told} found something else there than it expects."
            raise UsageError(
                what, where=where, try_="Look whether it is still wanted, and renew its value."
            ) from error
        except (jsonpatch.JsonPatchException, JsonPointerException) as error:
            what = f"{told} does not fit the template: {_sentence(error)}"
            raise UsageError(what, where=where, try_="Look at the template: evenly package.") from error
    if not isinstance(made, dict) or not made.get("Resources"):
        raise UsageError(
            "nothing is left of the template.", where=where, try_="A stack has one resource at least."
        )
    return made


def _check(operation: Any, number: int, where: str) -> None:
    if not isinstance(operation, dict) or operation.get("op") not in OPERATIONS:
        raise UsageError(
            f"operation {number} is none: its op is one of {', '.join(OPERATIONS)}.",
            where=where,
            try_=f"See {RFC}.",
        )
    if not isinstance(operation.get("path"), str):
        raise UsageError(f"operation {number} has no path.", where=where, try_=f"See {RFC}.")


def _read(path: Path, where: str) -> list[Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"this is no JSON: {error}.", where=where, try_="Mend it.") from error
    if not isinstance(found, list):
        what = "this is no JSON patch: it is a list of operations."
        raise UsageError(what, where=where, try_=f"See {RFC}.")
    return found


def _sentence(error: Exception) -> str:
    return f"{str(error).rstrip('.')}."


def _nearest(name: str, stacks: Sequence[str]) -> str:
    near = get_close_matches(name, stacks, n=1)
    return f" Did you mean {near[0]}?" if near else ""


def _shown(path: Path, project: Path) -> str:
    return str(path.relative_to(project))
