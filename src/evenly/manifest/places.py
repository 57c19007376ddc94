"""Folders and files that a manifest names: inside the project, relative to the manifest. Pure."""

from pathlib import PurePosixPath

from evenly.manifest.checks import Check, InvalidError, one_value
from evenly.manifest.tree import Node

# Where a project's own programs are, before the machine's: in the app's folder, then in the manifest's.
PROGRAM_FOLDERS = (".venv/bin", "venv/bin", "node_modules/.bin")


def folder(example: str) -> Check:
    """A check for a folder inside the project, relative to the manifest."""
    return _inside("folder", example)


def file(example: str) -> Check:
    """A check for a file inside the project, relative to the manifest."""
    return _inside("file", example)


def _inside(what: str, example: str) -> Check:
    advice = f"Write a {what} inside the project, relative to this file, such as {example}."

    def check(node: Node) -> str:
        text = one_value(node, advice)
        path = PurePosixPath(text)
        if not text:
            raise InvalidError("is empty.", advice)
        if path.is_absolute() or text.startswith("~"):
            raise InvalidError("is not relative to this file.", advice)
        if ".." in path.parts:
            raise InvalidError("leads out of the project.", advice)
        if "\\" in text:
            raise InvalidError("holds a backslash.", "Write / between folders.")
        return text

    return check
