"""A real Envoy as the product starts it, before an app that writes down what reached it."""

import asyncio
import contextlib
import http.client
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.functional.balancer.conftest import World, make_world
from tests.functional.edge.wire import Clients
from tests.functional.edge.witness import Witness

from evenly.local.balancer import Endpoint
from evenly.local.balancer.settings import HEAP_BYTES
from evenly.local.certificates import issue_instance
from evenly.manifest.types import Http, Limits, Manifest, Seconds

INSTANCE = "i-0123456789abcdef0"
REQUEST = b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n"


def get(path: str = "/") -> bytes:
    return REQUEST % path.encode("latin-1")


@dataclass
class Bystander:
    """An ordinary client: a request every few milliseconds, each on a connection of its own."""

    port: int
    authority: str
    times: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def ask_until(self, end: threading.Event) -> None:
        context = ssl.create_default_context(cafile=self.authority)
        while not end.is_set():
            self.ask(context)
            end.wait(0.02)

    def ask(self, context: ssl.SSLContext) -> None:
        began = time.monotonic()
        connection = http.client.HTTPSConnection("localhost", self.port, context=context, timeout=10)
        try:
            connection.request("GET", "/bystander")
            answer = connection.getresponse()
            body = answer.read()
            if (answer.status, body) != (200, b"hello"):
                self.failures.append(f"{answer.status} {body!r}")
        except (OSError, http.client.HTTPException) as error:
            self.failures.append(repr(error))
        finally:
            connection.close()
        self.times.append(time.monotonic() - began)


@dataclass
class Edge:
    """One balancer with one instance behind it."""

    world: World
    witness: Witness
    clients: Clients
    process: subprocess.Popen[bytes]
    report: list[str] = field(default_factory=list)

    @contextlib.contextmanager
    def service_goes_on(self, what: str) -> Iterator[None]:
        """While this lasts, an ordinary client gets all its answers; and the balancer outlives it."""
        bystander = Bystander(self.clients.port, self.clients.authority)
        end = threading.Event()
        thread = threading.Thread(target=bystander.ask_until, args=(end,))
        thread.start()
        try:
            yield
        finally:
            end.set()
            thread.join()
        ordered = sorted(bystander.times)
        middle, longest = ordered[len(ordered) // 2] * 1000, ordered[-1] * 1000
        print(f"{what}: {len(ordered)} others' requests, median {middle:.0f} ms, longest {longest:.0f} ms")
        assert bystander.failures == []
        assert self.process.poll() is None, self.log()

    def reached(self, ask: Callable[[], object]) -> list[str]:
        """The targets that reached the app because of this; nothing else may have reached it."""
        before = len(self.witness.seen)
        ask()
        assert self.witness.broken == []
        return [target for target in self.witness.targets()[before:] if target != "/bystander"]

    def memory(self) -> int:
        """The balancer's resident memory, in bytes."""
        import psutil

        return int(psutil.Process(self.process.pid).memory_info().rss)

    def counter(self, name: str) -> int:
        """One of the balancer's own counts."""
        with socket.socket(socket.AF_UNIX) as admin:
            admin.connect(str(self.world.settings.admin_socket))
            admin.sendall(
                b"GET /stats?filter=%b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % name.encode()
            )
            answer = b"".join(iter(lambda: admin.recv(65536), b"")).decode()
        return next(int(line.split(": ")[1]) for line in answer.splitlines() if line.startswith(f"{name}: "))

    def log(self) -> str:
        return (self.world.folder / "balancer.log").read_text()


@contextlib.contextmanager
def edge_with(folder: Path, limits: Limits, heap_bytes: int = HEAP_BYTES) -> Iterator[Edge]:
    world = make_world(folder, Manifest(name="hello", http=Http(limits=limits)))
    world.settings = replace(world.settings, heap_bytes=heap_bytes)
    try:
        with Witness(witness_context(world)) as witness:
            endpoint = Endpoint(INSTANCE, "local-a", "127.0.0.1", witness.port)
            process = asyncio.run(start(world, endpoint))
            clients = Clients(world.settings.https_port, str(world.authority.files.ca))
            yield Edge(world, witness, clients, process)
            assert process.poll() is None, (folder / "balancer.log").read_text()
            world.close()
    finally:
        world.close()


async def start(world: World, endpoint: Endpoint) -> subprocess.Popen[bytes]:
    process = await world.start_balancer([endpoint])
    address = f"{endpoint.address}:{endpoint.port}"
    await world.until(lambda: (h := world.admin.endpoint_health().get(address)) is not None and h.healthy)
    return process


def witness_context(world: World) -> ssl.SSLContext:
    files = issue_instance(world.authority, INSTANCE, world.folder / "instances", datetime.now(UTC))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(files.ca))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(files.certificate, files.key)
    return context


IMPATIENT = Limits(timeout=Seconds(1.0))


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """A balancer as the manifest's defaults make it, but for its patience: a second."""
    with edge_with(tmp_path_factory.mktemp("edge"), IMPATIENT) as made:
        yield made
