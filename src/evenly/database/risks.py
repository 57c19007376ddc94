"""What a migration does to the release that still runs, and to the requests it serves meanwhile. Pure.

The rules are those that Squawk (https://squawkhq.com) and strong_migrations have in common, as far as they can be told
from a statement's words. A table that the same files create is nobody's yet.
"""

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from evenly.database.migrations import Migration, read_all
from evenly.database.sql import line_of, tokens
from evenly.manifest.linting.findings import Finding, warning


class Rule(Struct, frozen=True):
    """`pattern` is matched with a statement's tokens, one space between them, in lower case."""

    pattern: re.Pattern[str]
    what: str
    try_: str


def _rule(pattern: str, what: str, try_: str) -> Rule:
    return Rule(re.compile(pattern, re.DOTALL), what, try_)


_LATER = "Do it in a later release, when nothing uses it any more."
_NAME = r"(?:if (?:not )?exists )?(?:only )?(?P<table>\S+(?: \. \S+)?)"
RULES = (
    _rule(rf"drop table {_NAME}", "drops a table that the release before still uses.", _LATER),
    _rule(
        rf"alter table {_NAME} .*\bdrop column\b",
        "drops a column that the release before still uses.",
        _LATER,
    ),
    _rule(
        rf"alter table {_NAME} .*\brename\b",
        "renames what the release before knows by its old name.",
        "Add the new one beside it, copy, and drop the old one in a later release.",
    ),
    _rule(
        rf"alter table {_NAME} .*\balter (?:column )?\S+ (?:set data )?type\b",
        "changes a column's type: the table is rewritten, and nobody reads it meanwhile.",
        "Add a column of the new type, copy in batches, and drop the old one in a later release.",
    ),
    _rule(
        rf"alter table {_NAME} .*\bset not null\b",
        "lets no NULL in: the table is read through while nobody may use it, and the release before may write one.",
        "Add CHECK (... IS NOT NULL) NOT VALID, then VALIDATE CONSTRAINT it in a file of its own.",
    ),
    _rule(
        rf"alter table {_NAME} .*\badd (?!constraint\b)(?!.*\bdefault\b).*\bnot null\b",
        "adds a column that has to be written, and the release before does not write it.",
        "Give it a DEFAULT, or let it be NULL until a later release.",
    ),
    _rule(
        rf"alter table {_NAME} .*\badd constraint\b(?!.*\bnot valid\b).*\b(?:foreign key|check)\b",
        "checks every row while nobody may write.",
        "Add it NOT VALID, then VALIDATE CONSTRAINT it in a file of its own.",
    ),
    _rule(
        rf"create (?:unique )?index (?!concurrently\b).*?\bon {_NAME}",
        "builds an index while nobody may write.",
        "Write CREATE INDEX CONCURRENTLY, in a file that begins with -- evenly: no-transaction.",
    ),
    _rule(rf"truncate (?:table )?{_NAME}", "empties a table that the release before still uses.", _LATER),
    _rule(rf"lock (?:table )?{_NAME}", "locks a table, and requests wait for it.", "Leave the lock out."),
)
_CREATE = re.compile(rf"create (?:unlogged )?table {_NAME}")


def risk_findings(files: Mapping[str, bytes], new: frozenset[str]) -> Iterator[Finding]:
    """Warnings about those of `files` that are `new`: not applied yet. Raises UsageError for a wrong file."""
    for migration in read_all({name: raw for name, raw in files.items() if name in new}):
        yield from _findings(migration)


def _findings(migration: Migration) -> Iterator[Finding]:
    made: set[str] = set()
    for statement in migration.statements:
        words = _words(migration.sql[statement.start : statement.stop])
        if created := _CREATE.match(words):
            made.add(created["table"])
        for rule in RULES:
            if (found := rule.pattern.match(words)) and found["table"] not in made:
                line = line_of(migration.sql, statement.start)
                yield warning("database.migrations", f"{migration.name}:{line} {rule.what}", rule.try_)


def _words(sql: str) -> str:
    return " ".join(token.text for token in tokens(sql))
