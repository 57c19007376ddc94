from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly.database.sql import line_of, statements

ONE = [
    "SELECT ';'",
    "SELECT 'it''s;'",
    r"SELECT E'it\'s;'",
    'SELECT ";"',
    "SELECT $$;$$",
    "SELECT $a$ $$;$$ ; $a$",
    "SELECT 1 -- ; not here",
    "SELECT /* ; /* ; */ ; */ 1",
    "SELECT a$b$c, ')'",
    "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2)",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
    "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $body$ BEGIN RETURN 1; END; $body$",
]


@pytest.mark.parametrize("sql", ONE)
def test_one_statement_whatever_is_in_it(sql):
    two = f"{sql}\n; SELECT 'next'"
    assert [two[each.start : each.stop].strip() for each in statements(two)] == [sql, "SELECT 'next'"]


@pytest.mark.parametrize("sql", ["", " ;; ; ", "-- only a word", "/* ; */ ;", "/* never closed"])
def test_nothing_is_no_statement(sql):
    assert statements(sql) == ()


def test_words_and_lines():
    sql = "-- first\n\nCreate  Index x;\ncommit"
    found = statements(sql)
    assert [(each.words, line_of(sql, each.start)) for each in found] == [
        (("create", "index"), 3),
        (("commit",), 4),
    ]


@given(st.text(alphabet="ab'\"$;-/*\\\n(E )eginATOMIC", max_size=60))
def test_any_text_is_read_to_its_end(text):
    found = statements(text)
    assert all(0 <= each.start < each.stop <= len(text) for each in found)
    assert all(one.stop < other.start for one, other in pairwise(found))


@given(st.lists(st.sampled_from(ONE), max_size=6))
def test_as_many_as_were_joined(parts):
    assert len(statements("\n;\n".join(parts))) == len(parts)
