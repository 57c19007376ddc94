"""Cuts the beginning off a file that another process appends to, without losing a line of what stays.

Where the file system can do it (ext4, XFS), the blocks at the beginning are taken out in one step, whoever writes
meanwhile. Elsewhere the end is copied to `NAME.1` and the file emptied: a line that is written in the instant
between the last look and the emptying is lost, which is why that is only the second choice.
"""

import ctypes
import errno
import os
import sys
from pathlib import Path

COLLAPSE_RANGE = 0x08  # FALLOC_FL_COLLAPSE_RANGE, linux/falloc.h
_UNSUPPORTED = (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EPERM, errno.ETXTBSY)
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_CHUNK_BYTES = 1024 * 1024


def cut_off(path: Path, keep_bytes: int) -> None:
    """Keep at least the last `keep_bytes` of `path`. Raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        surplus = os.fstat(descriptor).st_size - keep_bytes
        if surplus > 0 and not _collapse(descriptor, surplus):
            _copy_and_empty(descriptor, path, surplus)
    finally:
        os.close(descriptor)


def _collapse(descriptor: int, surplus: int) -> bool:
    """Whether the file system could do it."""
    if sys.platform != "linux":
        return False
    block = os.fstatvfs(descriptor).f_bsize
    whole = surplus // block * block
    libc = ctypes.CDLL(None, use_errno=True)
    offset = ctypes.c_int64
    if whole == 0 or libc.fallocate(descriptor, COLLAPSE_RANGE, offset(0), offset(whole)) == 0:
        return True
    if (number := ctypes.get_errno()) not in _UNSUPPORTED:
        raise OSError(number, os.strerror(number))
    return False


def _copy_and_empty(descriptor: int, path: Path, begin: int) -> None:
    """A full disk is no reason to fill it further: then nothing is copied."""
    beside = path.with_name(f".{path.name}.cutting")
    try:
        copy = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            _copy(descriptor, copy, begin)
            os.ftruncate(descriptor, 0)
        finally:
            os.close(copy)
        beside.rename(path.with_name(f"{path.name}.1"))
    except OSError as error:
        beside.unlink(missing_ok=True)
        if error.errno not in _NO_SPACE:
            raise
        os.ftruncate(descriptor, 0)


def _copy(source: int, copy: int, begin: int) -> None:
    """All from `begin` on, and what is added meanwhile."""
    while chunk := os.pread(source, _CHUNK_BYTES, begin):
        begin += os.write(copy, chunk)
