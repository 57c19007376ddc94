"""Follows logs as they grow, whichever file comes, is cut off, turns over or goes. Only reads."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from evenly.local.logs.book import LONGEST_LINE_BYTES, Line, Source, line_of, time_of

ANCHOR_BYTES = (
    1024  # of what was read last: it tells where a file's reading goes on after its beginning was cut off
)


class Follower:
    """Gives what is written to logs after the moment of its making, whichever file comes, turns over or goes.

    A last line without an end is held back until it has one. `close` gives such lines up.
    """

    def __init__(self, chosen: Iterable[Source]) -> None:
        self._tails = {it: tail for it in chosen if (tail := _Tail.at_end(it)) is not None}

    def look(self, chosen: Iterable[Source]) -> list[Line]:
        """The new lines of these sources, in time order. A source not seen before is read from its beginning."""
        lines: list[Line] = []
        for source in chosen:
            if source not in self._tails and (tail := _Tail.at_beginning(source)) is not None:
                self._tails[source] = tail
            if source in self._tails:
                lines += self._tails[source].new_lines()
        return sorted(lines, key=lambda it: it.at)

    def close(self) -> list[Line]:
        """The held-back half lines. Closes the files."""
        return [line for tail in self._tails.values() for line in tail.close()]


class _Tail:
    """One file that is read as it grows. `_anchor`: the bytes before the place that is read next."""

    def __init__(self, source: Source, file: BinaryIO) -> None:
        self._source = source
        self._file = file
        self._half = b""
        self._anchor = b""
        self._at = 0.0

    @classmethod
    def at_beginning(cls, source: Source) -> "_Tail | None":
        file = _opened(source.path)
        return cls(source, file) if file else None

    @classmethod
    def at_end(cls, source: Source) -> "_Tail | None":
        tail = cls.at_beginning(source)
        if tail is not None:
            length = tail._file.seek(0, os.SEEK_END)
            tail._file.seek(max(0, length - ANCHOR_BYTES))
            tail._anchor = tail._file.read()
        return tail

    def new_lines(self) -> list[Line]:
        lines = self._find_place() if self._has_moved() else self._read()
        if self._is_turned_over():
            lines += self._read() + self._half_line()  # what came in between the two looks
            self._file.close()
            self._file, self._anchor = self._source.path.open("rb"), b""
            lines += self._read()
        return lines

    def close(self) -> list[Line]:
        lines = self._half_line()
        self._file.close()
        return lines

    def _read(self) -> list[Line]:
        new = self._file.read()
        self._anchor = (self._anchor + new)[-ANCHOR_BYTES:]
        *whole, self._half = (self._half + new).split(b"\n")
        if len(self._half) > LONGEST_LINE_BYTES:
            whole, self._half = [*whole, self._half], b""
        return [self._line(raw) for raw in whole if self._source.tells(raw)]

    def _half_line(self) -> list[Line]:
        half, self._half = self._half, b""
        return [self._line(half)] if half and self._source.tells(half) else []

    def _has_moved(self) -> bool:
        """What was read last is no longer where it was: the beginning was cut off, or all of it."""
        before = self._file.tell() - len(self._anchor)
        return os.pread(self._file.fileno(), len(self._anchor), before) != self._anchor

    def _find_place(self) -> list[Line]:
        """Go on behind what was read last, here or in the copy of what was cut off; else from the beginning."""
        if self._go_behind_anchor():
            return self._read()
        current, older = self._file, _opened(self._source.path.with_name(f"{self._source.path.name}.1"))
        lines: list[Line] = []
        if older is not None:
            self._file = older
            lines = self._read() if self._go_behind_anchor() else []
            older.close()
        self._file, self._anchor, self._half = current, b"", b"" if not lines else self._half
        self._file.seek(0)
        return lines + self._read()

    def _go_behind_anchor(self) -> bool:
        self._file.seek(0)
        found = self._file.read().rfind(self._anchor)
        self._file.seek(found + len(self._anchor) if found >= 0 else 0)
        return found >= 0

    def _line(self, raw: bytes) -> Line:
        own = time_of(raw)
        self._at = own or self._at or os.fstat(self._file.fileno()).st_mtime
        return line_of(self._source, raw, self._at, own is not None)

    def _is_turned_over(self) -> bool:
        """Another file has the name now. One without the name any more is read on."""
        try:
            named = self._source.path.stat()
        except OSError:
            return False
        held = os.fstat(self._file.fileno())
        return (named.st_dev, named.st_ino) != (held.st_dev, held.st_ino)


def _opened(path: Path) -> BinaryIO | None:
    try:
        return path.open("rb")
    except OSError:
        return None
