"""The rotation on a real PostgreSQL with TLS: the code that runs on Lambda, with the driver that it vendors."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.aws_secrets import STEPS, Secrets

from evenly.aws.assets.rotation import rotation
from evenly.aws.assets.rotation.rotation import Place, RefusedError, RotationError, logged_in, step
from evenly.aws.migrating import migrate, read_task

HOST, OWNER, PASSWORD, DATABASE = "127.1", "evenly_owner", "first-word-of-the-owner", "shop_production"


@pytest.fixture
def secrets() -> Secrets:
    return Secrets(
        owner={"username": OWNER, "password": PASSWORD}, app={"username": "app_clone", "password": "unset"}
    )


@pytest.fixture
def place(rds: Any) -> Place:
    return Place("owner", HOST, rds.port, DATABASE)


def rotate(secrets: Secrets, place: Place, roots: Path, name: str) -> dict[str, Any]:
    login = logged_in(place, roots)
    secrets.rotate(name, lambda event: step(event, secrets, place, login))
    return secrets.value(name)


def connect(found: dict[str, Any], roots: Path) -> psycopg.Connection[Any]:
    """As an app does, by the URL in the secret."""
    return psycopg.connect(found["url"], sslrootcert=str(roots), autocommit=True)


def lets_in(found: dict[str, Any], roots: Path) -> bool:
    try:
        connect(found, roots).close()
    except psycopg.OperationalError as error:
        assert "password authentication failed" in str(error)
        return False
    return True


async def migrated(rds: Any, folder: Path) -> None:
    told = {
        "PGHOST": HOST,
        "PGPORT": str(rds.port),
        "PGDATABASE": DATABASE,
        "PGUSER": OWNER,
        "PGPASSWORD": PASSWORD,
        "PGSSLROOTCERT": str(rds.roots),
        "EVENLY_MIGRATIONS": str(folder),
    }
    (folder / "0001_orders.sql").write_text("CREATE TABLE orders (id serial PRIMARY KEY, what text);")
    await migrate(read_task(told), lambda _: None)


def test_the_users_take_turns_and_the_one_before_stays_good(secrets, place, rds):
    made = [rotate(secrets, place, rds.roots, "app") for _ in range(3)]
    assert [it["username"] for it in made] == ["app", "app_clone", "app"]
    assert [lets_in(it, rds.roots) for it in made] == [False, True, True]


@pytest.mark.parametrize("first", ["rotation", "migration"])
async def test_both_users_have_the_apps_rights_and_no_more(secrets, place, rds, tmp_path, first):
    """Whichever comes first at create, the rotation or the migrations."""
    if first == "migration":
        await migrated(rds, tmp_path)
    users = [rotate(secrets, place, rds.roots, "app") for _ in range(2)]
    if first == "rotation":
        await migrated(rds, tmp_path)
    for user in users:
        with connect(user, rds.roots) as session:
            session.execute("INSERT INTO orders (what) VALUES ('tea')")
            assert session.execute("SELECT count(*) FROM orders").fetchone()[0] > 0
            assert session.execute("SHOW statement_timeout").fetchone() == ("30s",)
            for forbidden in ("CREATE TABLE mine (id int)", "DROP TABLE orders", "CREATE ROLE other"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    session.execute(forbidden)


def test_the_owner_changes_its_own_password(secrets, place, rds):
    before = secrets.value("owner") | {"url": rotation.complete(OWNER, PASSWORD, place)["url"]}
    now = rotate(secrets, place, rds.roots, "owner")
    assert (lets_in(before, rds.roots), lets_in(now, rds.roots)) == (False, True)
    assert lets_in(rotate(secrets, place, rds.roots, "app"), rds.roots)


@pytest.mark.parametrize("name", ["app", "owner"])
@pytest.mark.parametrize("twice", STEPS)
def test_every_step_may_be_run_again(secrets, place, rds, name, twice):
    login, token = logged_in(place, rds.roots), secrets.begin(name)
    for it in STEPS:
        for _ in range(2 if it == twice else 1):
            step({"SecretId": name, "ClientRequestToken": token, "Step": it}, secrets, place, login)
    assert lets_in(secrets.value(name), rds.roots)


def test_what_was_not_set_does_not_become_current(secrets, place, rds):
    login, token = logged_in(place, rds.roots), secrets.begin("app")
    step({"SecretId": "app", "ClientRequestToken": token, "Step": "createSecret"}, secrets, place, login)
    with pytest.raises(RotationError, match="refuses app"):
        step({"SecretId": "app", "ClientRequestToken": token, "Step": "testSecret"}, secrets, place, login)


def test_a_wrong_password_is_told_from_everything_else(place, rds):
    login = logged_in(place, rds.roots)
    with pytest.raises(RefusedError), login(OWNER, "wrong"):
        pass
    nowhere = Place("owner", HOST, rds.port, "nowhere")
    with pytest.raises(Exception, match="does not exist"), logged_in(nowhere, rds.roots)(OWNER, PASSWORD):
        pass


def test_nothing_is_sent_to_a_server_that_does_not_prove_its_name(rds):
    """By RDS's own authorities, who did not sign it; and by a name that it does not have."""
    before = len(rds.log())
    for host, roots in ((HOST, rotation.ROOTS), ("localhost", rds.roots)):
        place = Place("owner", host, rds.port, DATABASE)
        with (
            pytest.raises(Exception, match="certificate verify failed"),
            logged_in(place, roots)(OWNER, PASSWORD),
        ):
            pass
    assert OWNER not in rds.log()[before:]


def test_every_connection_is_encrypted(place, rds):
    with logged_in(place, rds.roots)(OWNER, PASSWORD) as session:
        asked = session.run("SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    assert asked == [[True, "TLSv1.3"]]


def test_the_databases_log_has_no_password(secrets, place, rds):
    """Though it logs every statement of the kind, as the database on AWS does."""
    before = len(rds.log())
    made = [rotate(secrets, place, rds.roots, name) for name in ("app", "owner", "app")]
    log = rds.log()[before:]
    assert "ALTER ROLE app PASSWORD 'SCRAM-SHA-256$4096:" in log
    assert not any(it["password"] in log for it in made)


FROM_WHEELS = """
import sys
sys.path = [it for it in sys.path if "site-packages" not in it]
sys.path.insert(0, sys.argv[1])
from pathlib import Path
import rotation
login = rotation.logged_in(rotation.Place("owner", sys.argv[2], int(sys.argv[3]), sys.argv[4]), Path(sys.argv[5]))
with login(sys.argv[6], sys.stdin.read()) as session:
    assert session.run("SELECT 1") == [[1]]
import pg8000
print(pg8000.__file__)
"""


def test_the_driver_is_imported_from_its_wheels_as_they_are(rds, wheels, tmp_path):
    """As in the function: its code beside a folder of wheels, and nothing of ours installed."""
    asset = tmp_path / "asset"
    asset.mkdir()
    (asset / "rotation.py").write_bytes(Path(rotation.__file__).read_bytes())
    (asset / "wheels").symlink_to(wheels)
    told = [str(asset), HOST, str(rds.port), DATABASE, str(rds.roots), OWNER]
    done = subprocess.run(
        [sys.executable, "-I", "-c", FROM_WHEELS, *told],
        input=PASSWORD,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{asset}/wheels/pg8000-")
