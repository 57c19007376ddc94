"""From the text of a manifest to a `Manifest`, or to everything that is wrong with it. Pure."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from evenly.manifest.checks import InvalidError
from evenly.manifest.environments import read_environments, with_environments
from evenly.manifest.names import name_from_folder
from evenly.manifest.problems import ManifestError, Problem
from evenly.manifest.reading import read_section
from evenly.manifest.schema import MANIFEST
from evenly.manifest.telling import problem_at
from evenly.manifest.tree import Mapping, Node, Scalar, Sequence, compose
from evenly.manifest.types import Manifest


def parse(text: str, source: str, folder: Path | None = None, *, loader: Any = None) -> Manifest:
    """The manifest that `text` says. `source` names the file in errors.

    A text that says nothing is the default manifest, named after `folder` (the folder of `source`, unless
    given). `loader` is a PyYAML loader class, the fastest one unless given. Raises `ManifestError` with
    every problem.
    """
    root, problems = compose(text, source, loader)
    if not problems and _says_nothing(root):
        home = folder or Path(source).parent
        return Manifest(name=name_from_folder(home.name or home.resolve().name))
    if not isinstance(root, Mapping):
        raise ManifestError(source, [*problems, *_not_a_section(root)])
    values = read_section(root, MANIFEST, "", problems)
    environments = read_environments(root, problems)
    if problems:
        raise ManifestError(source, problems)
    return with_environments(msgspec.convert(values, Manifest), environments)


def _says_nothing(root: Node | None) -> bool:
    match root:
        case None | Scalar(is_null=True) | Mapping(entries=()):
            return True
        case _:
            return False


def _not_a_section(root: Node | None) -> Iterable[Problem]:
    if root is not None:
        what = "a list stands here" if isinstance(root, Sequence) else "one text stands here"
        wrong = InvalidError(f"{what}, where keys belong.", "Write key: value, beginning with name: hello.")
        yield problem_at("", root.mark, None, wrong)
