"""Acceptance checks, drills and load: they talk to a URL and to a target's protocol, never to its inside.

What a check of one's own needs is here, imported when it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evenly.verify.catalogue import FailError, Probe, SkipError, check
    from evenly.verify.results import Evidence

__all__ = ["Evidence", "FailError", "Probe", "SkipError", "check"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "results" if name == "Evidence" else "catalogue"
    return getattr(import_module(f"{__name__}.{home}"), name)
