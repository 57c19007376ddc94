import copy
import pickle
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly.core.secret import Secret
from evenly.local.postgres import environment, new_secrets, url
from evenly.local.postgres.roles import quoted
from evenly.local.postgres.scram import matches, verifier


def test_a_secret_prints_redacted():
    secret = Secret("hush")
    for told in (str(secret), repr(secret), f"{secret}", repr([secret]), f"{secret!s:>5}"):
        assert "hush" not in told
    assert secret.reveal() == "hush"
    assert secret == Secret("hush") != Secret("other")
    assert secret != "hush"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        copy.deepcopy(secret)


def test_new_ones_differ_and_do_not_show():
    one, other = new_secrets(), new_secrets()
    words = {each.reveal() for made in (one, other) for each in (made.superuser, made.owner, made.app)}
    assert len(words) == 6
    assert all(len(word) == 32 and word not in repr(one) for word in words)


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1),
    st.binary(min_size=1, max_size=16),
)
def test_a_verifier_fits_its_password_alone(word, salt):
    kept = verifier(Secret(word), salt, 1)
    assert matches(Secret(word), kept)
    assert not matches(Secret(word + "x"), kept)
    assert "'" not in kept


@pytest.mark.parametrize(
    "kept", [None, "", "md5abc", "SCRAM-SHA-256$1:x$y", "SCRAM-SHA-256$x:eA==$y:z", "$$$"]
)
def test_what_is_no_verifier_fits_nothing(kept):
    assert not matches(Secret("word"), kept)


@given(
    st.text(min_size=1),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1),
)
def test_a_url_says_what_it_was_given(word, folder):
    word = word.encode("utf-8", "ignore").decode()
    parts = urlsplit(url("app", Secret(word), "my_shop", Path("/run") / folder).reveal())
    assert (parts.username, unquote(parts.password or ""), parts.path) == ("app", word, "/my_shop")
    assert parse_qs(parts.query)["host"] == [str(Path("/run") / folder)]


def test_the_variables_of_a_program():
    told = environment("app", Secret("a/b"), "my_shop", Path("/run/x/database"))
    assert {name: value.reveal() for name, value in told.items()} == {
        "DATABASE_URL": "postgresql://app:a%2Fb@/my_shop?host=%2Frun%2Fx%2Fdatabase&port=5432",
        "PGHOST": "/run/x/database",
        "PGPORT": "5432",
        "PGUSER": "app",
        "PGPASSWORD": "a/b",
        "PGDATABASE": "my_shop",
    }


def test_names_are_quoted():
    assert quoted('a"b') == '"a""b"'
