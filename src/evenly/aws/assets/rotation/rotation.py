"""Gives the database's users new passwords, for Secrets Manager, in its four steps.

The app has two users that take turns: the one in use keeps its password until the turn after, so whoever read the
secret before still gets in. The owner, whom only migrations and this function use, changes its own. PostgreSQL is
sent a SCRAM verifier in place of a password, so that no log of its own can hold one. Each step may be run again.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
"""

import base64
import hashlib
import hmac
import json
import os
import ssl
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

APP, CLONE = "app", "app_clone"
TURN = {APP: CLONE, CLONE: APP}
LENGTH = 40  # letters and digits
LIMITS = (  # as evenly.database.rights has them
    ("statement_timeout", "30s"),
    ("lock_timeout", "10s"),
    ("idle_in_transaction_session_timeout", "60s"),
)
ITERATIONS = 4096  # PostgreSQL's own default, and ample for a random password
WITHIN_S = 10
WRONG_PASSWORD = "28P01"  # noqa: S105  https://www.postgresql.org/docs/current/errcodes-appendix.html
ROOTS = Path(__file__).with_name("roots.pem")
WHEELS = Path(__file__).with_name("wheels")  # those of requirements.txt; Python imports from them as they are
CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"


class RotationError(Exception):
    """Why a step was not done. Secrets Manager tries again."""


class RefusedError(Exception):
    """The database took neither user nor password."""


class Session(Protocol):
    def run(self, sql: str) -> object: ...


Credentials = dict[str, Any]
Login = Callable[[str, str], Any]  # user, password -> a context manager with a Session


@dataclass(frozen=True, slots=True)
class Place:
    """Where the database is, and which secret is its owner's."""

    owner_secret: str
    host: str
    port: int
    name: str


def rotated(event: Mapping[str, str], _: object) -> None:
    """What Lambda calls."""
    import boto3

    place = Place(
        os.environ["OWNER_SECRET_ARN"],
        os.environ["DATABASE_HOST"],
        int(os.environ["DATABASE_PORT"]),
        os.environ["DATABASE_NAME"],
    )
    step(event, boto3.client("secretsmanager"), place, logged_in(place))


def step(event: Mapping[str, str], secrets: Any, place: Place, login: Login) -> None:
    """Does the step that `event` names. Raises RotationError where it can't be done now."""
    secret, token = event["SecretId"], event["ClientRequestToken"]
    stages = secrets.describe_secret(SecretId=secret)["VersionIdsToStages"].get(token, ())
    if CURRENT in stages:
        return
    if PENDING not in stages:
        raise RotationError(f"The version {token} of {secret} is not to become its next.")
    match event["Step"]:
        case "createSecret":
            _create(secrets, secret, token, place)
        case "setSecret":
            _set(secrets, secret, token, place, login)
        case "testSecret":
            _test(_read(secrets, secret, PENDING, token), login)
        case "finishSecret":
            _finish(secrets, secret, token)
        case other:
            raise RotationError(f"{other} is no step of a rotation.")


def _create(secrets: Any, secret: str, token: str, place: Place) -> None:
    if _read(secrets, secret, PENDING, token) is not None:
        return
    user = _current(secrets, secret)["username"]
    password = secrets.get_random_password(PasswordLength=LENGTH, ExcludePunctuation=True)["RandomPassword"]
    made = complete(_next_user(user, secret, place), password, place)
    secrets.put_secret_value(
        SecretId=secret, ClientRequestToken=token, SecretString=json.dumps(made), VersionStages=[PENDING]
    )


def _next_user(user: str, secret: str, place: Place) -> str:
    if secret == place.owner_secret:
        return user
    if user not in TURN:
        raise RotationError(f"{secret} is of {user}, who is none of the app's users.")
    return TURN[user]


def complete(user: str, password: str, place: Place) -> Credentials:
    """All that the app may find the database by. The server proves its name, or nothing is sent to it."""
    address = f"{place.host}:{place.port}/{place.name}"
    return {
        "engine": "postgres",
        "username": user,
        "password": password,
        "host": place.host,
        "port": str(place.port),
        "dbname": place.name,
        "url": f"postgresql://{user}:{password}@{address}?sslmode=verify-full",
    }


def _set(secrets: Any, secret: str, token: str, place: Place, login: Login) -> None:
    pending = _read(secrets, secret, PENDING, token)
    if pending is None:
        raise RotationError(f"{secret} has no next version yet.")
    if secret == place.owner_secret:
        tried = [pending, *_versions(secrets, secret, CURRENT, PREVIOUS)]
        statements: tuple[str, ...] = (password_statement(pending["username"], pending["password"]),)
    else:
        tried = _versions(secrets, place.owner_secret, CURRENT, PENDING)
        statements = app_statements(pending["username"], pending["password"])
    _run(tried, statements, login)


def _run(tried: list[Credentials], statements: tuple[str, ...], login: Login) -> None:
    """As the first of those who get in."""
    for credentials in tried:
        try:
            with login(credentials["username"], credentials["password"]) as session:
                for statement in statements:
                    session.run(statement)
                return
        except RefusedError:
            continue
    raise RotationError("The database takes none of the owner's passwords.")


def app_statements(user: str, password: str) -> tuple[str, ...]:
    """Rights are given to the first user; the second has them by being a member of it."""
    return (
        *(_made(role) for role in TURN),
        f"GRANT {APP} TO {CLONE}",
        *(f"ALTER ROLE {user} SET {name} = '{value}'" for name, value in LIMITS),
        f"ALTER ROLE {user} LOGIN",
        password_statement(user, password),
    )


def password_statement(user: str, password: str) -> str:
    """From 16 on, a role that is no superuser changes nothing of its own but this."""
    return f"ALTER ROLE {user} PASSWORD '{verifier(password, os.urandom(16))}'"


def verifier(password: str, salt: bytes) -> str:
    """What the server keeps in place of `password` (RFC 5803); its letters need no escape."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${ITERATIONS}:{_text(salt)}${_text(stored)}:{_text(server)}"


def _made(role: str) -> str:
    return (
        f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN; "
        "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _test(pending: Credentials | None, login: Login) -> None:
    if pending is None:
        raise RotationError("There is no next version to try.")
    try:
        with login(pending["username"], pending["password"]) as session:
            session.run("SELECT 1")
    except RefusedError:
        raise RotationError(f"The database refuses {pending['username']} by the new password.") from None


def _finish(secrets: Any, secret: str, token: str) -> None:
    versions = secrets.describe_secret(SecretId=secret)["VersionIdsToStages"]
    current = next(version for version, stages in versions.items() if CURRENT in stages)
    secrets.update_secret_version_stage(
        SecretId=secret, VersionStage=CURRENT, MoveToVersionId=token, RemoveFromVersionId=current
    )


def _current(secrets: Any, secret: str) -> Credentials:
    found = _read(secrets, secret, CURRENT)
    if found is None:
        raise RotationError(f"{secret} has no value.")
    return found


def _versions(secrets: Any, secret: str, *stages: str) -> list[Credentials]:
    found = (_read(secrets, secret, stage) for stage in stages)
    return [it for it in found if it is not None]


def _read(secrets: Any, secret: str, stage: str, token: str | None = None) -> Credentials | None:
    """The version at `stage`, and of `token`; `None` where there is none."""
    wanted = {"SecretId": secret, "VersionStage": stage} | ({"VersionId": token} if token else {})
    try:
        said = secrets.get_secret_value(**wanted)["SecretString"]
    except secrets.exceptions.ResourceNotFoundException:
        return None
    found: Credentials = json.loads(said)
    return found


def logged_in(place: Place, roots: Path = ROOTS) -> Login:
    """Logs in to the database, which has to prove its name by one of the authorities in `roots`."""
    sys.path[:0] = [str(it) for it in sorted(WHEELS.glob("*.whl"))]
    import pg8000.native
    from pg8000.exceptions import DatabaseError

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # checks certificate and name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(str(roots))

    @contextmanager
    def login(user: str, password: str) -> Iterator[Session]:
        try:
            session = pg8000.native.Connection(
                user,
                host=place.host,
                port=place.port,
                database=place.name,
                password=password,
                timeout=WITHIN_S,
                ssl_context=context,
                application_name="evenly rotation",
            )
        except DatabaseError as error:
            if isinstance(error.args[0], dict) and error.args[0].get("C") == WRONG_PASSWORD:
                raise RefusedError from None
            raise
        try:
            yield session
        finally:
            session.close()

    return login
