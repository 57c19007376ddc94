"""Copies a folder so that it is there whole or not at all: for everybody to read, for its owner to write."""

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path


def copy_tree(parts: Iterable[Path], base: Path, to: Path) -> None:
    """Copies each of `parts` (folders under `base`) to the same place under `to`.

    Made beside, synced to disk, then renamed. Somebody else's copy that was quicker stays.
    """
    to.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{to.name}.", dir=to.parent))
    try:
        for part in parts:
            shutil.copytree(part, beside / part.relative_to(base), symlinks=True)
        _settle(beside)
        _put(beside, to)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def sync_folder(folder: Path) -> None:
    """Makes the names in `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _settle(tree: Path) -> None:
    for folder, _, files in os.walk(tree, topdown=False):
        for name in files:
            _settle_file(Path(folder, name))
        Path(folder).chmod(0o755)
        sync_folder(Path(folder))


def _settle_file(path: Path) -> None:
    if path.is_symlink():
        return
    path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
    sync_folder(path)


def _put(beside: Path, to: Path) -> None:
    try:
        beside.rename(to)
    except OSError:
        if not to.is_dir():
            raise
    sync_folder(to.parent)
