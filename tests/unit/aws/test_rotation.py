"""The rotation's steps, with Secrets Manager and a database in memory."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.aws_secrets import STEPS, Secrets

from evenly.aws.assets.rotation import rotation
from evenly.aws.assets.rotation.rotation import Place, RefusedError, RotationError, step, verifier
from evenly.aws.stacks.data import credentials
from evenly.core.secret import Secret
from evenly.database import rights
from evenly.local.postgres import scram

PLACE = Place("owner", "db.example.com", 5432, "shop_production")
PASSWORD = re.compile(r"ALTER ROLE (\w+) PASSWORD '(SCRAM-SHA-256\$[^']+)'")


class Postgres:
    """Who may log in, by the verifiers that it was given; and all that it was told."""

    def __init__(self, **passwords: str) -> None:
        self.verifiers = {user: verifier(it, b"salt" * 4) for user, it in passwords.items()}
        self.told: list[str] = []

    @contextmanager
    def login(self, user: str, password: str) -> Iterator["Postgres"]:
        if not scram.matches(Secret(password), self.verifiers.get(user)):
            raise RefusedError
        yield self

    def run(self, sql: str) -> None:
        self.told.append(sql)
        if found := PASSWORD.fullmatch(sql):
            self.verifiers[found[1]] = found[2]

    def lets_in(self, credentials: dict[str, Any]) -> bool:
        return scram.matches(Secret(credentials["password"]), self.verifiers.get(credentials["username"]))


@pytest.fixture
def secrets() -> Secrets:
    return Secrets(
        owner={"username": "evenly_owner", "password": "owner-first"},
        app={"username": "app_clone", "password": "never-set"},
    )


@pytest.fixture
def postgres() -> Postgres:
    return Postgres(evenly_owner="owner-first")


def rotate(secrets: Secrets, postgres: Postgres, name: str) -> str:
    return secrets.rotate(name, lambda event: step(event, secrets, PLACE, postgres.login))


def test_the_first_rotation_makes_the_first_user(secrets, postgres):
    rotate(secrets, postgres, "app")
    now = secrets.value("app")
    assert now["username"] == "app"
    assert postgres.lets_in(now)
    assert now["url"] == (
        f"postgresql://app:{now['password']}@db.example.com:5432/shop_production?sslmode=verify-full"
    )
    assert {now[it] for it in ("engine", "host", "port", "dbname")} == {
        "postgres",
        "db.example.com",
        "5432",
        "shop_production",
    }


def test_the_users_take_turns_and_the_one_before_stays_good(secrets, postgres):
    users = []
    for _ in range(4):
        before = secrets.value("app")
        rotate(secrets, postgres, "app")
        users.append(secrets.value("app")["username"])
        assert len(users) == 1 or postgres.lets_in(before)
    assert users == ["app", "app_clone", "app", "app_clone"]


def test_the_owner_changes_its_own_password(secrets, postgres):
    before = secrets.value("owner")
    rotate(secrets, postgres, "owner")
    now = secrets.value("owner")
    assert now["username"] == before["username"] == "evenly_owner"
    assert now["password"] != before["password"]
    assert postgres.lets_in(now)
    assert not postgres.lets_in(before)


@pytest.mark.parametrize("name", ["app", "owner"])
@pytest.mark.parametrize("twice", STEPS)
def test_every_step_may_be_run_again(secrets, postgres, name, twice):
    token = secrets.begin(name)
    for it in STEPS:
        for _ in range(2 if it == twice else 1):
            step({"SecretId": name, "ClientRequestToken": token, "Step": it}, secrets, PLACE, postgres.login)
    assert postgres.lets_in(secrets.value(name))


def test_the_app_is_rotated_while_the_owner_is(secrets, postgres):
    """The owner's new password is set, and the secret does not say so yet."""
    token = secrets.begin("owner")
    for it in STEPS[:2]:
        step({"SecretId": "owner", "ClientRequestToken": token, "Step": it}, secrets, PLACE, postgres.login)
    rotate(secrets, postgres, "app")
    assert postgres.lets_in(secrets.value("app"))


def test_what_the_database_does_not_take_does_not_become_current(secrets, postgres):
    before = secrets.value("app")
    token = secrets.begin("app")
    step(
        {"SecretId": "app", "ClientRequestToken": token, "Step": "createSecret"},
        secrets,
        PLACE,
        postgres.login,
    )
    with pytest.raises(RotationError, match="refuses app by the new password"):
        step(
            {"SecretId": "app", "ClientRequestToken": token, "Step": "testSecret"},
            secrets,
            PLACE,
            postgres.login,
        )
    assert secrets.value("app") == before


def test_without_the_owner_nothing_is_set(secrets):
    with pytest.raises(RotationError, match="none of the owner's passwords"):
        rotate(secrets, Postgres(evenly_owner="somebody changed it"), "app")
    assert secrets.value("app")["username"] == "app_clone"


def test_a_version_that_is_not_to_come_is_refused(secrets, postgres):
    event = {"SecretId": "app", "ClientRequestToken": "unknown", "Step": "createSecret"}
    with pytest.raises(RotationError, match="is not to become its next"):
        step(event, secrets, PLACE, postgres.login)


def test_a_rotation_that_is_done_does_nothing(secrets, postgres):
    token = rotate(secrets, postgres, "app")
    told = list(postgres.told)
    step(
        {"SecretId": "app", "ClientRequestToken": token, "Step": "setSecret"}, secrets, PLACE, postgres.login
    )
    assert postgres.told == told


def test_a_strangers_secret_is_refused(secrets, postgres):
    secrets.stages["other"] = {"first": ["AWSCURRENT"]}
    secrets.values["other", "first"] = '{"username": "rdsadmin"}'
    with pytest.raises(RotationError, match="none of the app's users"):
        rotate(secrets, postgres, "other")


def test_the_database_is_told_no_password(secrets, postgres):
    for name in ("app", "owner", "app"):
        rotate(secrets, postgres, name)
    for value in secrets.values.values():
        assert not any(rotation.json.loads(value)["password"] in it for it in postgres.told)


def test_it_says_what_the_rest_of_evenly_says():
    assert rotation.LIMITS == rights.LIMITS
    assert (rotation.APP, rotation.CLONE) == (credentials.APP, credentials.APP_CLONE)
    assert rotation.LENGTH == credentials.PASSWORD_LENGTH
    assert rotation._made("app") == rights.app_role("app")
    salt = bytes(range(16))
    assert verifier("some-word", salt) == scram.verifier(Secret("some-word"), salt)
