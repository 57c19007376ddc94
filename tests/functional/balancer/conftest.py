"""A real Envoy in front of real HTTPS instances, with certificates of a real authority."""

import asyncio
import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from msgspec.structs import replace
from tests.functional.balancer.http2 import cut

from evenly.core.topology import local_topology
from evenly.local.balancer import (
    BalancerSettings,
    Endpoint,
    balancer_settings,
    command,
    loopback_addresses,
    publish_endpoints,
    write_configuration,
)
from evenly.local.balancer.admin import AdminClient
from evenly.local.certificates import Authority, CertificateNames, issue_instance, open_authority
from evenly.manifest.types import Http, Manifest

UPSTREAM = Path(__file__).with_name("upstream.py")
APPLICATIONS = Path(__file__).parent
DEADLINE_S = 20.0


def free_ports(count: int) -> list[int]:
    """Ports that nobody has, neither by TCP nor by UDP."""
    with contextlib.ExitStack() as stack:
        return [_free_port(stack) for _ in range(count)]


def _free_port(stack: contextlib.ExitStack) -> int:
    for _ in range(100):
        stream = stack.enter_context(socket.socket())
        datagram = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
        stream.bind(("127.0.0.1", 0))
        with contextlib.suppress(OSError):
            datagram.bind(stream.getsockname())
            return stream.getsockname()[1]
    raise AssertionError("no port is free")


async def until(condition: Callable[[], object]) -> None:
    """Waits until `condition` holds; fails after a generous deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not await asyncio.to_thread(condition):
        assert time.monotonic() < deadline, "this never came true"
        await asyncio.sleep(0.02)


@dataclass
class Instance:
    endpoint: Endpoint
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        return f"{self.endpoint.address}:{self.endpoint.port}"

    @property
    def draining(self) -> Endpoint:
        return replace(self.endpoint, draining=True)


@dataclass(frozen=True)
class Answer:
    """An answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Client:
    session: aiohttp.ClientSession

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        return await self.ask("GET", url, headers)

    async def post(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        return await self.ask("POST", url, headers)

    async def ask(self, method: str, url: str, headers: Mapping[str, str] | None) -> Answer:
        asked = self.session.request(method, url, headers=headers, allow_redirects=False)
        async with asked as answer:
            return Answer(answer.status, answer.headers, await answer.read())


@dataclass
class World:
    """Everything that one test needs, and the end of it."""

    folder: Path
    settings: BalancerSettings
    authority: Authority
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def admin(self) -> AdminClient:
        return AdminClient(self.settings.admin_socket)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.settings.https_port}"

    @property
    def plain_url(self) -> str:
        return f"http://localhost:{self.settings.http_port}"

    @contextlib.asynccontextmanager
    async def session(self, *, decompress: bool = True) -> AsyncIterator["Client"]:
        """A client that trusts the authority and nobody else."""
        trust = ssl.create_default_context(cafile=str(self.authority.files.ca))
        connector = aiohttp.TCPConnector(ssl=trust, limit=200)
        async with aiohttp.ClientSession(connector=connector, auto_decompress=decompress) as session:
            yield Client(session)

    def listen(self, *addresses: str) -> None:
        self.settings = replace(self.settings, listen=addresses)

    async def instance(self, number: int, zone: str = "local-a", named: str | None = None) -> Instance:
        """Starts an instance; `named` gives it the certificate of another id."""
        instance_id = f"i-{number:017x}"
        files = issue_instance(
            self.authority, named or instance_id, self.folder / "instances", datetime.now(UTC)
        )
        (port,) = free_ports(1)
        arguments = [port, files.certificate, files.key, files.ca, instance_id]
        process = self.spawn([sys.executable, str(UPSTREAM), *map(str, arguments)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert await asyncio.to_thread(process.stdout.readline) == b"ready\n"
        return Instance(Endpoint(instance_id, zone, "127.0.0.1", port), process)

    async def application(self, number: int, zone: str = "local-a", name: str = "edge_app:app") -> Instance:
        """Starts an instance of an ASGI application of this folder, by our own server."""
        instance_id = f"i-{number:017x}"
        files = issue_instance(self.authority, instance_id, self.folder / "instances", datetime.now(UTC))
        (port,) = free_ports(1)
        said = {
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "TLS_CERTIFICATE": str(files.certificate),
            "TLS_KEY": str(files.key),
            "TLS_CLIENT_CA": str(files.ca),
            "EVENLY_INSTANCE_ID": instance_id,
        }
        arguments = [sys.executable, "-m", "evenly.webapp.server", name]
        process = self.spawn(arguments, cwd=APPLICATIONS, env={**os.environ, **said})
        return Instance(Endpoint(instance_id, zone, "127.0.0.1", port), process)

    async def start_balancer(self, endpoints: list[Endpoint]) -> subprocess.Popen[bytes]:
        write_configuration(self.settings)
        publish_endpoints(self.settings, endpoints)
        with (self.folder / "balancer.log").open("ab") as log:
            process = self.spawn(list(command(self.settings)), stderr=log)
        await until(lambda: process.poll() is not None or self.admin.is_ready())
        assert process.poll() is None, (self.folder / "balancer.log").read_text()
        return process

    def publish(self, *endpoints: Endpoint) -> None:
        publish_endpoints(self.settings, endpoints)

    until = staticmethod(until)

    async def until_healthy(self, *instances: Instance) -> None:
        def all_healthy() -> bool:
            health = self.admin.endpoint_health()
            return all(each.address in health and health[each.address].healthy for each in instances)

        await until(all_healthy)

    async def raw(self, request: bytes, until: bytes) -> bytes:
        """What the edge answers to these very bytes, up to `until`."""
        trust = ssl.create_default_context(cafile=str(self.authority.files.ca))
        reader, writer = await asyncio.open_connection("localhost", self.settings.https_port, ssl=trust)
        writer.write(request)
        answer = await asyncio.wait_for(reader.readuntil(until), DEADLINE_S)
        await cut(writer)
        return answer

    def renew_edge(self) -> None:
        self.authority.files.edge.unlink()
        names = CertificateNames(self.settings.name, self.settings.alias)
        open_authority(self.authority.files.folder, names, datetime.now(UTC))

    def edge_certificate(self) -> bytes:
        """What the edge shows, as DER."""
        trust = ssl.create_default_context(cafile=str(self.authority.files.ca))
        with (
            socket.create_connection(("localhost", self.settings.https_port), 5) as plain,
            trust.wrap_socket(plain, server_hostname="localhost") as secured,
        ):
            return secured.getpeercert(binary_form=True) or b""

    def spawn(self, arguments: list[str], **streams: object) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(arguments, **streams)  # type: ignore[call-overload]
        self.processes.append(process)
        return process

    def close(self) -> None:
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()
            if process.stdout:
                process.stdout.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = make_world(tmp_path, Manifest(name="hello", http=Http(alias="hello.example.com")))
    try:
        yield made
    finally:
        made.close()


def make_world(folder: Path, manifest: Manifest) -> World:
    names = CertificateNames(manifest.name, manifest.http.alias)
    authority = open_authority(folder / "certificates", names, datetime.now(UTC))
    https_port, http_port = free_ports(2)
    settings = balancer_settings(
        local_topology(manifest),
        https_port=https_port,
        http_port=http_port,
        folder=folder / "balancer",
        admin_socket=folder / "admin.sock",
        access_log=folder / "access.log",
        certificates=authority.files,
    )
    return World(folder, settings, authority)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A balancer on all loopback addresses with one instance of `edge_app`, for tests that leave both as they are."""
    manifest = Manifest(name="hello", http=Http(alias="hello.example.com"))
    made = make_world(tmp_path_factory.mktemp("served"), manifest)
    made.listen(*loopback_addresses())
    try:
        asyncio.run(_serve(made))
        yield made
    finally:
        made.close()


async def _serve(world: World) -> None:
    instance = await world.application(1)
    await world.start_balancer([instance.endpoint])
    await world.until_healthy(instance)


@pytest.fixture
def unredirected_world(tmp_path: Path) -> Iterator[World]:
    made = make_world(tmp_path, Manifest(name="hello", http=Http(redirect_to_https=False)))
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
async def asker(served: World) -> AsyncIterator[Client]:
    """A client of `served`."""
    async with served.session() as session:
        yield session


@pytest.fixture
async def client(world: World) -> AsyncIterator[Client]:
    async with world.session() as session:
        yield session
