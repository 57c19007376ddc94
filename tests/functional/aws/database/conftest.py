"""PostgreSQL that talks by TLS alone, with what RDS gives: an owner that is no superuser, and its database."""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

import pytest
from tests import debian_postgres
from tests.debian_postgres import Elsewhere

from evenly.aws.assets.rotation import rotation

OWNER, PASSWORD, DATABASE = "evenly_owner", "first-word-of-the-owner", "shop_production"
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Rds:
    """`roots`: the authority that proves it."""

    server: Elsewhere

    @property
    def roots(self) -> Path:
        return self.server.ca

    @property
    def port(self) -> int:
        return self.server.port

    def log(self) -> str:
        return (self.server.folder / "log").read_text()


@pytest.fixture(scope="module")
def server() -> Iterator[Elsewhere]:
    with debian_postgres.running() as made:
        made.ask("ALTER SYSTEM SET log_statement = 'ddl'")
        made.ask("SELECT pg_reload_conf()")
        yield made


@pytest.fixture
def rds(server: Elsewhere) -> Iterator[Rds]:
    server.ask(f"CREATE ROLE {OWNER} LOGIN CREATEROLE CREATEDB PASSWORD '{PASSWORD}'")
    server.ask(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
    yield Rds(server)
    server.ask(f"DROP DATABASE {DATABASE} WITH (FORCE)")
    for role in ("app_clone", "app", OWNER):
        server.ask(f"DROP ROLE IF EXISTS {role}")


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheels that the rotation's requirements pin, made anew from what is installed of the same versions."""
    folder = tmp_path_factory.mktemp("wheels")
    for name, version in PIN.findall((rotation.ROOTS.parent / "requirements.txt").read_text()):
        found = distribution(name)
        assert found.version == version
        with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
            for it in found.files or ():
                if it.parts[0] != ".." and it.suffix != ".pyc":
                    wheel.write(str(it.locate()), str(it))
    return folder
