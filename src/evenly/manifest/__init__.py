"""Reads and checks `evenly.yaml`: the only room that knows the file. It may read files and folders, no more.

The names below are loaded on first use, so that the types alone stay cheap to import.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evenly.manifest.loading import default_manifest, load
    from evenly.manifest.parsing import parse
    from evenly.manifest.problems import ManifestError, Problem

__all__ = ["ManifestError", "Problem", "default_manifest", "load", "parse"]

_HOMES = {
    "ManifestError": "problems",
    "Problem": "problems",
    "default_manifest": "loading",
    "load": "loading",
    "parse": "parsing",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
