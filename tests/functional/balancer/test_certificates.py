"""The certificates among those who have to accept or refuse them: granian, OpenSSL and Envoy's BoringSSL."""

import asyncio
import socket
import ssl
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.functional.balancer.direct import first_line

from evenly.local.balancer import Endpoint
from evenly.local.certificates import CertificateNames, InstanceFiles, instance_name, issue_instance
from evenly.local.certificates.issuing import make_edge
from evenly.local.certificates.keys import certificate_pem, key_pem, new_key

ID = "i-00000000000000001"
OTHER = "i-00000000000000002"


@dataclass
class Granian:
    endpoint: Endpoint
    files: InstanceFiles

    @property
    def address(self) -> str:
        return f"{self.endpoint.address}:{self.endpoint.port}"


@pytest.fixture
async def granian(world):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    files = issue_instance(world.authority, ID, world.folder / "instances", datetime.now(UTC))
    arguments = ["--interface", "asgi", "--host", "127.0.0.1", "--port", port, "--workers-kill-timeout", 1]
    secured = ["--ssl-certificate", files.certificate, "--ssl-keyfile", files.key]
    mutual = ["--ssl-ca", files.ca, "--ssl-client-verify", "trivial_app:app"]
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "granian", *map(str, [*arguments, *secured, *mutual])],
        cwd=Path(__file__).parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        await world.until(lambda: listens(port))
        yield Granian(Endpoint(ID, "local-a", "127.0.0.1", port), files)
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 10)


async def test_the_balancer_reaches_granian_by_mutual_tls(world, client, granian):
    await world.start_balancer([granian.endpoint])
    await world.until_healthy(granian)
    assert (await client.get(world.url)).text == "hello"


async def test_granian_lets_in_the_balancer_and_nobody_else(world, granian):
    files = world.authority.files
    other = issue_instance(world.authority, OTHER, world.folder / "instances", datetime.now(UTC))
    assert await greeted(granian, files.ca, (files.client, files.client_key)) == b"HTTP/1.1 200 OK\r\n"
    for shown in (None, (other.certificate, other.key), (files.edge, files.edge_key)):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await greeted(granian, files.ca, shown)


def test_openssl_accepts_every_certificate_for_its_purpose_alone(world):
    files = world.authority.files
    instance = issue_instance(world.authority, ID, world.folder / "instances", datetime.now(UTC))
    edge, client, own = (
        (files.edge, files.edge_key),
        (files.client, files.client_key),
        (instance.certificate, instance.key),
    )
    for name in ("localhost", "hello.localhost", "hello.example.com", "127.0.0.1", "::1"):
        assert shakes_hands(files.ca, edge, client, name)
    assert shakes_hands(files.ca, own, client, instance_name(ID))
    assert not shakes_hands(files.ca, own, client, instance_name(OTHER))
    assert not shakes_hands(files.ca, own, client, "localhost")
    assert not shakes_hands(files.ca, edge, own, "localhost")
    assert not shakes_hands(files.ca, client, client, instance_name("balancer"))


def test_openssl_refuses_a_certificate_for_another_site(world):
    files, foreign = world.authority.files, world.folder / "foreign.pem"
    key, client = new_key(), (files.client, files.client_key)
    for name, accepted in (("below.localhost", True), ("www.example.org", False)):
        names = CertificateNames("hello", name)
        issued = make_edge(world.authority.issuer, key, names, datetime.now(UTC))
        foreign.write_bytes(certificate_pem(issued.certificate) + key_pem(key))
        assert shakes_hands(files.ca, (foreign, foreign), client, name) is accepted


def shakes_hands(ca: Path, server: tuple[Path, Path], client: tuple[Path, Path], name: str) -> bool:
    """Whether a strict client that asks for `name` and a strict server accept each other, in memory."""
    asking = ssl.create_default_context(cafile=str(ca))
    asking.load_cert_chain(*client)
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(ca))
    serving.load_cert_chain(*server)
    serving.verify_mode = ssl.CERT_REQUIRED
    for context in (asking, serving):
        context.verify_flags |= ssl.VERIFY_X509_STRICT
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        asking.wrap_bio(back, there, server_hostname=name),
        serving.wrap_bio(there, back, server_side=True),
    )
    try:
        return [finished(end) for _ in range(4) for end in ends][-2:] == [True, True]
    except ssl.SSLError:
        return False


def finished(end: ssl.SSLObject) -> bool:
    try:
        end.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def greeted(granian: Granian, ca: Path, shown: tuple[Path, Path] | None) -> bytes:
    """The first line that granian answers to a client that shows this certificate."""
    context = ssl.create_default_context(cafile=str(ca))
    if shown:
        context.load_cert_chain(*shown)
    return await first_line(granian.endpoint, context)
