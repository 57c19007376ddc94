"""Which statements break the release that still runs, or take a long lock, and which do neither."""

import pytest

from evenly.database.risks import RULES, risk_findings

NAME = "0002_change.sql"


def told(sql: str, new: frozenset[str] = frozenset({NAME})) -> list[str]:
    return [it.what for it in risk_findings({NAME: sql.encode()}, new)]


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("DROP TABLE notes;", "drops a table"),
        ("drop table if exists public.notes", "drops a table"),
        ("ALTER TABLE notes DROP COLUMN text", "drops a column"),
        ("ALTER TABLE ONLY notes ADD COLUMN a int, DROP COLUMN text", "drops a column"),
        ("ALTER TABLE notes RENAME COLUMN text TO body", "renames"),
        ("ALTER TABLE notes RENAME TO messages", "renames"),
        ("ALTER TABLE notes ALTER COLUMN id TYPE bigint", "changes a column's type"),
        ("ALTER TABLE notes ALTER id SET DATA TYPE bigint", "changes a column's type"),
        ("ALTER TABLE notes ALTER COLUMN text SET NOT NULL", "lets no NULL in"),
        ("ALTER TABLE notes ADD COLUMN author text NOT NULL", "adds a column that has to be written"),
        ("ALTER TABLE notes ADD CONSTRAINT c CHECK (id > 0)", "checks every row"),
        ("ALTER TABLE notes ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES b (id)", "checks every row"),
        ("CREATE INDEX ON notes (text)", "builds an index"),
        ("CREATE UNIQUE INDEX by_text ON notes (text)", "builds an index"),
        ("TRUNCATE notes", "empties a table"),
        ("LOCK TABLE notes IN EXCLUSIVE MODE", "locks a table"),
    ],
)
def test_it_warns_of(sql, words):
    (one,) = told(sql)
    assert one.startswith(f"{NAME}:1 {words}")


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE notes (id bigint PRIMARY KEY, text text NOT NULL)",
        "ALTER TABLE notes ADD COLUMN author text",
        "ALTER TABLE notes ADD COLUMN author text NOT NULL DEFAULT ''",
        "ALTER TABLE notes ALTER COLUMN text DROP NOT NULL",
        "ALTER TABLE notes ALTER COLUMN text DROP DEFAULT",
        "ALTER TABLE notes ADD CONSTRAINT c CHECK (id > 0) NOT VALID",
        "ALTER TABLE notes VALIDATE CONSTRAINT c",
        "-- evenly: no-transaction\nCREATE INDEX CONCURRENTLY by_text ON notes (text)",
        "INSERT INTO notes (text) VALUES ('drop table notes')",
        "UPDATE notes SET text = 'x'",
        "CREATE TABLE notes (id int); CREATE INDEX ON notes (id); ALTER TABLE notes ADD CONSTRAINT c CHECK (id > 0)",
    ],
)
def test_it_does_not_warn_of(sql):
    assert told(sql) == []


def test_it_says_where() -> None:
    assert told("-- a comment\n\nSELECT 1;\nDROP TABLE notes;")[0].startswith(f"{NAME}:4 ")


def test_what_was_applied_before_is_not_told_of_again() -> None:
    assert told("DROP TABLE notes", frozenset()) == []


def test_every_rule_says_what_to_do() -> None:
    assert all(it.try_.endswith(".") and it.what.endswith(".") for it in RULES)
