"""The environment that a command is about, looked up by the name that was written."""

from msgspec import Struct

from evenly.cli.options import ENVIRONMENT, MANIFEST, project_folder, whole_manifest
from evenly.errors import UsageError
from evenly.manifest.types import Manifest


class Here(Struct, frozen=True):
    """The environment on this machine. Whether the manifest says anything of it is not looked at."""


class OnAws(Struct, frozen=True):
    """An environment that `manifest`, which holds all of them, says is on AWS."""

    name: str
    manifest: Manifest


Chosen = Here | OnAws


def choose(name: str) -> Chosen:
    """The environment `name` of the working folder. Raises UsageError where there is none, and ManifestError."""
    return Here() if name == ENVIRONMENT else find(name)


def find(name: str) -> OnAws:
    """An environment beside the one on this machine. Raises as `choose` does."""
    manifest = whole_manifest(project_folder())
    if name not in manifest.environments:
        told = f"there is no environment {name}{_known(name, manifest)}"
        raise UsageError(told, where="--env", try_=f"Write it under environments in {MANIFEST}.")
    return OnAws(name, manifest)


def _known(name: str, manifest: Manifest) -> str:
    from difflib import get_close_matches  # only the wrong pay for it

    known = [ENVIRONMENT, *(it for it in manifest.environments if it != ENVIRONMENT)]
    if len(known) == 1:
        return f": the only one is {ENVIRONMENT}."
    near = get_close_matches(name, known, n=1)
    return f". Did you mean {near[0]}?" if near else f": there are {', '.join(known[:-1])} and {known[-1]}."
