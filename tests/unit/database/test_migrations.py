import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly.database.migrations import Applied, Migration, digest, parse, plan, read_all
from evenly.database.refusals import MigrationConflictError, MigrationFileError
from evenly.errors import EvenlyError


def migration(version: int, sql: str = "SELECT 1") -> Migration:
    return parse(f"{version:04}_step.sql", sql.encode())


def applied(one: Migration, done: bool = True) -> Applied:
    return Applied(one.version, one.name, one.sha256, done)


def test_in_the_order_of_their_numbers():
    names = ["10_c.sql", "0002_b.sql", "1_a.sql", "README.md", ".#3_x.sql", "3_x.sql~"]
    assert [one.name for one in read_all(dict.fromkeys(names, b"SELECT 1"))] == [
        "1_a.sql",
        "0002_b.sql",
        "10_c.sql",
    ]


WRONG = [
    ("greetings.sql", b"SELECT 1", "greetings.sql: This is not the name of a migration"),
    ("0000_zero.sql", b"SELECT 1", "0000_zero.sql: This is not the name of a migration"),
    ("1_a b.sql", b"SELECT 1", "1_a b.sql: This is not the name of a migration"),
    ("1_.sql", b"SELECT 1", "1_.sql: This is not the name of a migration"),
    ("1_a.sql", b"", "1_a.sql: There is no statement in it."),
    ("1_a.sql", b"-- soon\n;", "1_a.sql: There is no statement in it."),
    ("1_a.sql", b"SELECT 1;\nSELECT '\xff'", "1_a.sql:2: It is not UTF-8 text."),
    ("1_a.sql", "SELECT 1".encode("utf-16"), "1_a.sql:1: It is not UTF-8 text."),
    ("1_a.sql", b"SELECT 1;\n\0", "1_a.sql:2: It is not UTF-8 text."),
    ("1_a.sql", b"SELECT 1;\n\\i other.sql", "1_a.sql:2: A backslash begins a command of psql"),
    ("1_a.sql", b"BEGIN;\nSELECT 1;\nCOMMIT", "1_a.sql:1: BEGIN is not for migrations"),
    ("1_a.sql", b"SELECT 1;\nRollback", "1_a.sql:2: ROLLBACK is not for migrations"),
    (
        "1_a.sql",
        b"-- evenly: no-transactions\nSELECT 1",
        "1_a.sql:1: `no-transactions` is nothing that evenly knows.",
    ),
]


@pytest.mark.parametrize(("name", "raw", "said"), WRONG)
def test_wrong_files_are_refused(name, raw, said):
    with pytest.raises(MigrationFileError) as refused:
        read_all({name: raw})
    assert str(refused.value).startswith(said)
    assert refused.value.try_


def test_a_number_is_used_once():
    with pytest.raises(MigrationFileError, match=r"same number as 0001_a\.sql"):
        read_all({"0001_a.sql": b"SELECT 1", "1_b.sql": b"SELECT 2"})


def test_backslash_in_text_is_text():
    assert parse("1_a.sql", rb"SELECT '\d', E'\'\n', $$ \i $$ -- \q").transactional


@pytest.mark.parametrize(
    "sql", ["-- evenly: no-transaction\nSELECT 1", "\n-- about\n--evenly:NO-TRANSACTION \nSELECT 1"]
)
def test_marker_in_the_leading_comments(sql):
    assert not migration(1, sql).transactional


def test_marker_further_down_is_a_comment():
    assert migration(1, "SELECT 1;\n-- evenly: no-transaction").transactional


def test_line_ends_and_byte_order_mark_change_nothing():
    plain = parse("1_a.sql", b"SELECT\n1")
    assert parse("1_a.sql", b"\xef\xbb\xbfSELECT\r\n1") == plain
    assert plain.sha256 == hashlib.sha256(b"SELECT\n1").hexdigest()


def test_a_changed_one_is_refused_with_both_digests():
    before, after = migration(1), migration(1, "SELECT 2")
    with pytest.raises(MigrationConflictError) as refused:
        plan([after], [applied(before)])
    assert before.sha256[:12] in str(refused.value)
    assert after.sha256[:12] in str(refused.value)


def test_a_missing_one_is_refused():
    with pytest.raises(MigrationConflictError, match=r"0001_step\.sql: .* its file is missing"):
        plan([], [applied(migration(1))])


def test_one_below_the_last_is_refused():
    with pytest.raises(MigrationConflictError, match=r"0001_step\.sql: It was not applied, and number 2 was"):
        plan([migration(1), migration(2)], [applied(migration(2))])


def test_a_renamed_one_is_the_same():
    one = migration(1)
    assert plan([one], [Applied(1, "0001_old_name.sql", one.sha256, True)]) == ()


def test_an_interrupted_one_is_refused_until_it_is_edited():
    begun = applied(migration(1), done=False)
    with pytest.raises(MigrationConflictError, match=r"0001_step\.sql: It was begun without a transaction"):
        plan([migration(1)], [begun])
    edited = migration(1, "SELECT 2")
    assert plan([edited], [begun]) == (edited,)


VERSIONS = st.sets(st.integers(1, 30), max_size=12)


@given(VERSIONS, st.integers(0, 12))
def test_what_was_applied_and_what_is_planned_make_the_whole(versions, count):
    found = [migration(version) for version in sorted(versions)]
    record = [applied(one) for one in found[:count]]
    assert [*found[:count], *plan(found, record)] == found


@given(VERSIONS, VERSIONS, VERSIONS)
def test_never_planned_twice_nor_out_of_order(versions, done, edited):
    found = [migration(version, f"SELECT {version in edited}") for version in sorted(versions)]
    try:
        steps = plan(found, [applied(migration(version, "SELECT False")) for version in done])
    except EvenlyError:
        assert done - versions or done & edited or min(versions - done, default=99) < max(done, default=0)
    else:
        assert [step.version for step in steps] == sorted(versions - done)
        assert all(step.version > max(done, default=0) for step in steps)


def test_a_digest_tells_migrations_from_any_others():
    one, two = migration(1), migration(2)
    others = [
        (),
        (one,),
        (two,),
        (one, two),
        (migration(1, "SELECT 2"),),
        (parse("0001_other.sql", b"SELECT 1"),),
    ]
    assert len({digest(it) for it in others}) == len(others)
    assert digest((one, two)) == digest((migration(1), migration(2)))
