"""What can be a seed, and what of it is told where it can't."""

import pytest

from evenly.database.seed import read_seed
from evenly.errors import UsageError


def test_a_seed_is_its_statements():
    raw = b"\xef\xbb\xbf-- first\r\nINSERT INTO a VALUES (';');\r\nUPDATE a SET b = 1;"
    assert len(read_seed("seed.sql", raw).statements) == 2


@pytest.mark.parametrize(
    ("raw", "where", "told"),
    [
        (b"-- nothing", "seed.sql", "no statement"),
        (b"SELECT '\xff'", "seed.sql", "not UTF-8"),
        (b"SELECT 1;\n\\copy a FROM b", "seed.sql:2", "psql"),
        (b"INSERT INTO a VALUES (1);\nCOMMIT;", "seed.sql:2", "COMMIT is not for seeds"),
        (b"BEGIN;", "seed.sql:1", "BEGIN is not for seeds"),
    ],
)
def test_what_can_not_be_one_is_told_with_its_line(raw, where, told):
    with pytest.raises(UsageError, match=told) as refused:
        read_seed("seed.sql", raw)
    assert refused.value.where == where
