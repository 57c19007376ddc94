import os
from pathlib import Path

import pytest

from evenly.errors import TargetError, UsageError
from evenly.local.paths import local_paths
from evenly.local.postgres import data_folder, database_name, find, start_failure
from evenly.local.postgres.server import check_socket_path, connections
from evenly.local.privileges import Account, account, enters, process_options, reaches

STRANGER = Account("stranger", 54321, 54321)
PATHS = local_paths(Path("/srv/shop"), Path("/run"), 0)


def test_root_hands_over_and_others_do_not():
    assert account(1000) is None
    found = account(0)
    assert found is not None
    assert (found.name, found.uid != 0) == ("nobody", True)
    assert process_options(None) == {}
    assert process_options(STRANGER) == {"user": 54321, "group": 54321, "extra_groups": []}


def owner_of(path: Path) -> Account:
    found = path.stat()
    return Account("owner", found.st_uid, found.st_gid)


def test_modes_decide_who_reaches_what(tmp_path):
    me = owner_of(tmp_path)
    file = tmp_path / "file"
    file.touch(0o600)
    assert reaches(me, file)
    assert not reaches(STRANGER, file)
    file.chmod(0o044)
    assert not reaches(me, file)
    file.chmod(0o644)
    tmp_path.chmod(0o655)
    assert not reaches(me, file)
    assert not enters(me, tmp_path)
    tmp_path.chmod(0o700)
    assert enters(me, tmp_path)
    assert not reaches(me, tmp_path / "missing")


def test_a_link_does_not_open_the_folder_it_is_in(tmp_path):
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "link").symlink_to("/usr")
    assert reaches(STRANGER, Path("/usr"))
    assert not reaches(STRANGER, hidden / "link")


def test_where_the_data_is():
    assert data_folder(PATHS, 18, None) == Path("/srv/shop/.evenly/local/database/18")
    assert data_folder(PATHS, 18, STRANGER) == Path("/var/lib/evenly") / PATHS.key / "database" / "18"


@pytest.mark.parametrize(("service", "name"), [("my-shop", "my_shop"), ("postgres", "postgres_app")])
def test_the_name_of_the_database(service, name):
    assert database_name(service) == name


def test_connections_for_the_most_instances():
    assert connections(8) == 130


def test_a_socket_path_that_is_too_long():
    room = 107 - len("/.s.PGSQL.5432")
    check_socket_path(Path("/" + "x" * (room - 1)))
    with pytest.raises(TargetError, match="has 108 bytes; the system allows 107"):
        check_socket_path(Path("/" + "x" * room))
    with pytest.raises(TargetError, match="has 109 bytes"):
        check_socket_path(Path("/" + "x" * (room - 1) + "é"))


def test_no_wheel_and_a_damaged_one(tmp_path):
    with pytest.raises(TargetError, match="not installed") as refused:
        find(18, lambda: None)
    assert "Alpine" in str(refused.value)
    with pytest.raises(TargetError, match="damaged"):
        find(18, lambda: tmp_path)
    with pytest.raises(UsageError, match="PostgreSQL 17 is not available"):
        find(17)


@pytest.mark.parametrize("version", [16, 18])
def test_the_wheel_is_found(version):
    found = find(version)
    for program in (
        found.initdb,
        found.postgres,
        found.psql,
    ):
        assert os.access(program, os.X_OK)


FAILURES = [
    (
        'x FATAL:  lock file "postmaster.pid" already exists',
        True,
        'lock file "postmaster.pid" already exists',
    ),
    ("x FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use\nx LOG:  down", True, None),
    ('x FATAL:  could not write lock file "postmaster.pid": No space left on device', False, None),
    (
        "x FATAL:  database files are incompatible with server",
        False,
        "database files are incompatible with server",
    ),
    ("", False, "it ended without a word"),
]


@pytest.mark.parametrize(("log", "transient", "what"), FAILURES)
def test_what_a_failed_start_means(log, transient, what):
    told = start_failure(log)
    assert told.transient is transient
    assert what is None or told.what == what
