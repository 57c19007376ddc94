"""Migrations as facts: numbered SQL files, and which of them come next. Pure: no file, no database, no clock.

A file is `NNNN_name.sql`. It runs in a transaction of its own, unless its leading comments say
`-- evenly: no-transaction`; then its statements run one by one.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from itertools import pairwise

from msgspec import Struct

from evenly.database.refusals import (
    bad_name,
    changed,
    empty,
    interrupted,
    missing,
    not_sql,
    not_text,
    out_of_order,
    same_number,
    transaction_control,
    unknown_marker,
)
from evenly.database.sql import Kind, Statement, line_of, statements, tokens

_NAME = re.compile(r"(?P<number>[0-9]{1,18})_[A-Za-z0-9][A-Za-z0-9_-]*\.sql")
_MARKER = re.compile(r"--\s*evenly:\s*(?P<word>.*?)\s*", re.IGNORECASE)
_NO_TRANSACTION = "no-transaction"
_CONTROL = frozenset({"begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release"})


class Migration(Struct, frozen=True):
    """One file. `sql` has LF line ends and no byte order mark; `sha256` is of that, so that a checkout with
    other line ends is the same migration."""

    version: int
    name: str
    sql: str
    sha256: str
    transactional: bool
    statements: tuple[Statement, ...]


class Applied(Struct, frozen=True):
    """One row of the record. Not `done`: it was begun outside a transaction, and its end is unknown."""

    version: int
    name: str
    sha256: str
    done: bool


def read_all(files: Mapping[str, bytes]) -> tuple[Migration, ...]:
    """The migrations among `files` (by name), in order; what does not end in `.sql` is passed over.

    Raises UsageError for the first that is wrong.
    """
    named = {name: raw for name, raw in files.items() if name.endswith(".sql") and not name.startswith(".")}
    found = sorted(
        (parse(name, raw) for name, raw in named.items()), key=lambda each: (each.version, each.name)
    )
    for one, next_one in pairwise(found):
        if one.version == next_one.version:
            raise same_number(one.name, next_one.name)
    return tuple(found)


def digest(found: Iterable[Migration]) -> str:
    """What tells these migrations from any others: of their names and contents, in 64 hex digits."""
    lines = "".join(f"{each.name} {each.sha256}\n" for each in found)
    return hashlib.sha256(lines.encode()).hexdigest()


def parse(name: str, raw: bytes) -> Migration:
    """One migration from its file's name and content. Raises UsageError with the line where it is wrong."""
    named = _NAME.fullmatch(name)
    if named is None or int(named["number"]) == 0:
        raise bad_name(name)
    sql = _text(name, raw)
    _check_no_meta_commands(name, sql)
    found = statements(sql)
    if not found:
        raise empty(name)
    _check_no_control(name, sql, found)
    digest = hashlib.sha256(sql.encode()).hexdigest()
    return Migration(int(named["number"]), name, sql, digest, not _says_no_transaction(name, sql), found)


def plan(found: Iterable[Migration], applied: Iterable[Applied]) -> tuple[Migration, ...]:
    """What has to be applied, in order. `found` is sorted by number, as `read_all` gives it.

    Raises StateError where the files and the record contradict each other.
    """
    files = {each.version: each for each in found}
    done = {each.version: each for each in applied if each.done}
    _check_begun(files, [each for each in applied if not each.done])
    for version, record in sorted(done.items()):
        _check_unchanged(files.get(version), record)
    return tuple(
        _in_order(each, max(done, default=0)) for version, each in files.items() if version not in done
    )


def _check_begun(files: Mapping[int, Migration], begun: Iterable[Applied]) -> None:
    """A file that was edited since may run again: whoever edited it has looked."""
    for record in begun:
        file = files.get(record.version)
        if file is not None and file.sha256 == record.sha256:
            raise interrupted(file.name)


def _check_unchanged(file: Migration | None, record: Applied) -> None:
    if file is None:
        raise missing(record.name)
    if file.sha256 != record.sha256:
        raise changed(file.name, record.sha256, file.sha256)


def _in_order(migration: Migration, last: int) -> Migration:
    if migration.version < last:
        raise out_of_order(migration.name, last)
    return migration


def _text(name: str, raw: bytes) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise not_text(name, raw.count(b"\n", 0, error.start) + 1) from None
    if "\0" in text:
        raise not_text(name, line_of(text, text.index("\0")))
    return text.replace("\r\n", "\n")


def _check_no_meta_commands(name: str, sql: str) -> None:
    for token in tokens(sql):
        if token.kind is Kind.BACKSLASH:
            raise not_sql(name, line_of(sql, token.start))


def _check_no_control(name: str, sql: str, found: Iterable[Statement]) -> None:
    """A COMMIT of its own would part a migration from its record."""
    for each in found:
        if each.words and (each.words[0] in _CONTROL or each.words == ("prepare", "transaction")):
            raise transaction_control(name, line_of(sql, each.start), each.words[0].upper())


def _says_no_transaction(name: str, sql: str) -> bool:
    words = [
        (number, marker["word"]) for number, line in _leading(sql) if (marker := _MARKER.fullmatch(line))
    ]
    for number, word in words:
        if word.lower() != _NO_TRANSACTION:
            near = get_close_matches(word.lower(), [_NO_TRANSACTION], cutoff=0.5)
            raise unknown_marker(name, number, word, bool(near))
    return bool(words)


def _leading(sql: str) -> list[tuple[int, str]]:
    """The comment lines before the first statement, numbered from 1."""
    leading = []
    for number, line in enumerate(sql.split("\n"), 1):
        if (told := line.strip()) and not told.startswith("--"):
            break
        leading.append((number, told))
    return leading
