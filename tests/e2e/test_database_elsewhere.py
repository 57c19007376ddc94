"""`database.url_from`: the service runs on a database that is not ours, over a connection that is proved."""

import json

import pytest
from tests import debian_postgres

MANIFEST = "database: {url_from: SHOP_DATABASE}"


@pytest.fixture(scope="module")
def server():
    with debian_postgres.running() as made:
        yield made


@pytest.fixture
def shop(make, server):
    made = make(MANIFEST)
    (made.folder / "authority.pem").write_bytes(server.ca.read_bytes())
    write_url(made, server.url(parameters="?sslrootcert=authority.pem"))
    return made


def write_url(made, url):
    file = made.folder / ".env"
    file.touch(mode=0o600)
    file.write_text(f"SHOP_DATABASE='{url}'\n")


def test_it_is_migrated_and_served_and_none_of_ours_is_started(shop, server):
    told = shop.up()
    assert "migration 0001_greetings.sql applied" in told.stderr
    assert shop.posts("from elsewhere")["text"] == "from elsewhere"
    assert server.ask("SELECT count(*) FROM greetings WHERE text = 'from elsewhere'") == "1"
    encrypted = (
        "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'shopkeeper'"
    )
    assert server.ask(encrypted) == "t"
    status = shop.status()
    assert (status["state"], status["database"]) == ("healthy", {"state": "elsewhere", "pid": None})
    assert not list(shop.home.glob("postgres*"))
    assert shop.pids("database") == []
    assert "SHOP_DATABASE" not in shop.run("run", "env").stdout
    shell = shop.run(
        "database", "shell", "-tAc", "SELECT current_user, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    )
    assert shell.stdout == "shopkeeper|t\n", shell.stderr
    for words in (("seed",), ("reset", "--confirm", "local")):
        refused = shop.run("database", *words)
        assert (refused.returncode, "is elsewhere" in refused.stderr) == (2, True)
    listed = json.loads(shop.run("secrets", "list", "--json").stdout)
    assert [(it["name"], it["for"], it["state"]) for it in listed] == [("SHOP_DATABASE", "database", "there")]
    holders = [
        it
        for it in shop.folder.rglob("*")
        if it.is_file() and debian_postgres.QUOTED in it.read_text("latin-1")
    ]
    assert {it.name for it in holders} == {".env", "secrets.json"}
    assert {it.stat().st_mode & 0o777 for it in holders} == {0o600}


@pytest.mark.parametrize(
    ("host", "parameters", "code", "words"),
    [
        ("127.1", "", 3, "is not trusted"),
        ("localhost", "?sslmode=verify-full&sslrootcert=authority.pem", 3, "Hostname mismatch"),
        ("127.1", "?sslmode=require", 2, "asks for less than a verified connection"),
        ("127.1", "?sslrootcert=nothing.pem", 2, "the sslrootcert of its URL can't be read"),
        ("127.1", "?sslrootcert=evenly.yaml", 2, "holds no certificate"),
    ],
)
def test_a_way_that_is_not_safe_is_refused_in_words(shop, server, host, parameters, code, words):
    write_url(shop, server.url(host, parameters))
    done = shop.run("up", "--detach")
    assert (done.returncode, words in done.stderr) == (code, True), done.stderr
    assert "SHOP_DATABASE: " in done.stderr
    assert debian_postgres.QUOTED not in done.stdout + done.stderr
    assert debian_postgres.PASSWORD not in done.stdout + done.stderr
    assert shop.leftovers() == []
