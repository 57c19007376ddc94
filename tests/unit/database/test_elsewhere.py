"""A database elsewhere by its URL: read as drivers read it, never reached less safely, never told of in an error."""

import contextlib

import asyncpg.connect_utils
import psycopg.conninfo
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly.core.secret import Secret
from evenly.database.elsewhere import (
    Elsewhere,
    app_url,
    migrations_url,
    read_url,
    variables,
    with_roots,
)
from evenly.errors import UsageError

WORD = "pa%23ss%40%2F%3Aw"
PASSWORD = "pa#ss@/:w"


def read(url: str) -> Elsewhere:
    return read_url(Secret(url), "SHOP_DATABASE")


def refusal(url: str) -> str:
    with pytest.raises(UsageError) as caught:
        read(url)
    assert caught.value.where == "SHOP_DATABASE"
    assert WORD not in str(caught.value)
    assert caught.value.__cause__ is None
    return caught.value.what


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_full_verification_is_what_a_network_gets(scheme: str) -> None:
    found = with_roots(read(f"{scheme}://me:{WORD}@db.example.com/shop"), "/etc/ca.pem")
    assert found.is_verified
    url = app_url(found).reveal()
    assert (
        url == f"postgresql://me:{WORD}@db.example.com:5432/shop?sslmode=verify-full&sslrootcert=/etc/ca.pem"
    )
    assert {name: it.reveal() for name, it in variables(found).items()} == {
        "DATABASE_URL": url,
        "PGHOST": "db.example.com",
        "PGPORT": "5432",
        "PGUSER": "me",
        "PGPASSWORD": PASSWORD,
        "PGDATABASE": "shop",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/etc/ca.pem",
    }


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require", "verify-ca", "VERIFY-FULL", WORD])
@pytest.mark.parametrize(
    "host",
    [
        "db.example.com",
        "10.0.0.7:6432",
        "[2001:db8::1]:5432",
        "127.0.0.1,db.example.com",
        "127.1",
        "localhost.",
    ],
)
def test_less_than_that_is_refused(mode: str, host: str) -> None:
    assert "asks for less than a verified connection" in refusal(
        f"postgresql://me:{WORD}@{host}/shop?sslmode={mode}"
    )


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:5433", "[::1]", "127.8.9.1", "%2Fvar%2Frun"])
@pytest.mark.parametrize("mode", ["", "?sslmode=disable", "?sslmode=require"])
def test_on_this_machine_it_is_left_as_it_is(host: str, mode: str) -> None:
    found = with_roots(read(f"postgresql://me:{WORD}@{host}/shop{mode}"), "/etc/ca.pem")
    assert not found.is_verified
    assert "sslrootcert" not in found.parameters
    assert dict(found.parameters) == ({"sslmode": mode.rpartition("=")[2]} if mode else {})


@pytest.mark.parametrize(
    "parameter", ["hostaddr=10.0.0.1", "service=x", "servicefile=/x", "ssl=false", "requiressl=0"]
)
def test_what_leads_past_the_check_of_the_name_is_refused(parameter: str) -> None:
    name = parameter.partition("=")[0]
    assert f"the parameter {name}" in refusal(f"postgresql://me:{WORD}@localhost/shop?{parameter}")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"mysql://me:{WORD}@host/shop", "does not begin with postgresql://"),
        (WORD, "does not begin with"),
        (f"postgresql+asyncpg://me:{WORD}@host/shop", "does not begin with"),
        (f"postgresql://:{WORD}@host/shop", "names no user"),
        (f"postgresql://me:{WORD}@host", "names no database"),
        (f"postgresql://me:{WORD}@/shop", "names no host"),
        (f"postgresql://me:{WORD}@a,,b/shop", "names no host"),
        (f"postgresql://me:{WORD}@host:70000/shop", "a port that is not"),
        (f"postgresql://me:{WORD}@host:{WORD}/shop", "a host that is none"),
        (f"postgresql://me:{WORD}@a,b,c/shop?port=1,2", "more hosts than ports"),
        (f"postgresql://me:{WORD}@host/shop?sslmode=verify-full&sslmode=disable", "one parameter twice"),
        (f"postgresql://me:{WORD}@host/shop?{WORD}", "can't be read"),
        (f"postgresql://me:{WORD}@[::1/shop", "can't be read"),
        ("postgresql://me:a#b@host/shop", "a #, / or @ that"),
        ("postgresql://me:a/b@host/shop", "a #, / or @ that"),
        ("postgresql://me:p@a/b@host/shop", "a #, / or @ that"),
        (f"postgresql://me:%00{WORD}@host/shop", "a NUL"),
    ],
)
def test_what_is_wrong_with_a_url_is_said_without_the_url(url: str, words: str) -> None:
    assert words in refusal(url)


@given(
    st.text(max_size=80), st.sampled_from(["postgresql://", "postgresql://u:", "postgresql://u:p@h/d?", ""])
)
def test_any_text_is_read_or_refused_and_never_told(text: str, before: str) -> None:
    with contextlib.suppress(UsageError):
        read(before + text)


ACCOUNT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(user=ACCOUNT, password=ACCOUNT, database=ACCOUNT)
def test_libpq_and_asyncpg_read_what_was_meant(user: str, password: str, database: str) -> None:
    """Whatever was quoted in the URL arrives: at the drivers, and in the variables."""
    said = {"PGUSER": user, "PGPASSWORD": password, "PGDATABASE": database}
    quoted = {name: "".join(f"%{byte:02X}" for byte in value.encode()) for name, value in said.items()}
    found = read(f"postgresql://{quoted['PGUSER']}:{quoted['PGPASSWORD']}@localhost/{quoted['PGDATABASE']}")
    assert {name: it.reveal() for name, it in variables(found).items()}.items() >= said.items()
    libpq = psycopg.conninfo.conninfo_to_dict(app_url(found).reveal())
    assert (libpq["user"], libpq["password"], libpq["dbname"]) == (user, password, database)
    assert asyncpgs_reading(migrations_url(found).reveal()) == (("localhost", 5432), user, password, database)


def asyncpgs_reading(url: str) -> tuple[object, str, str, str]:
    """Where asyncpg would connect, and as whom."""
    nothing = dict.fromkeys(
        [
            "host", "port", "user", "password", "passfile", "database", "ssl", "service", "servicefile",
            "direct_tls", "server_settings", "target_session_attrs", "krbsrvname", "gsslib",
        ]
    )  # fmt: skip
    addresses, known = asyncpg.connect_utils._parse_connect_dsn_and_args(dsn=url, **nothing)
    return addresses[0], known.user, known.password, known.database


def test_several_hosts_and_sockets_reach_the_drivers() -> None:
    two = read("postgresql://me:w@127.0.0.1:1,localhost:2/shop?target_session_attrs=read-write")
    assert variables(two)["PGHOST"].reveal() == "127.0.0.1,localhost"
    assert psycopg.conninfo.conninfo_to_dict(app_url(two).reveal())["port"] == "1,2"
    socket = read("postgresql://me:w@/shop?host=/var/run/postgresql&port=5433")
    assert socket.hosts == (("/var/run/postgresql", "5433"),)
    libpq = psycopg.conninfo.conninfo_to_dict(app_url(socket).reveal())
    assert (libpq["host"], libpq["port"]) == ("/var/run/postgresql", "5433")


def test_parameters_of_other_drivers_reach_the_app_and_not_ours() -> None:
    found = read("postgresql://me:w@db.example.com/shop?channel_binding=require&application_name=shop")
    assert "channel_binding=require" in app_url(found).reveal()
    assert variables(found)["PGCHANNELBINDING"].reveal() == "require"
    assert "channel_binding" not in migrations_url(found).reveal()
    assert "sslmode=verify-full" in migrations_url(found).reveal()


def test_it_prints_without_its_password() -> None:
    assert PASSWORD not in repr(read(f"postgresql://me:{WORD}@localhost/shop"))
