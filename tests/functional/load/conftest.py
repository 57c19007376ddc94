"""A web server of known behaviour: it answers each request as its script says, and keeps count."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

REQUEST_END = b"\r\n\r\n"
ANSWER = b'{"instance_id":"i-%d","zone":"local-a"}'

Script = Callable[[int], Awaitable[int | None]]  # the request's number -> a status, or None to hang up


@dataclass
class KnownServer:
    """`script` answers request after request, numbered from 1 as they come."""

    script: Script
    tls: ssl.SSLContext | None = None
    port: int = 0
    requests: int = 0
    connections: int = 0
    seen: list[tuple[list[bytes], bytes]] = field(default_factory=list)  # head, line by line, and body
    open: dict[asyncio.StreamWriter, asyncio.Task[None]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}/"

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open[writer] = asyncio.current_task()
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while await self._answer(reader, writer):
                pass
        del self.open[writer]
        writer.close()

    async def all_closed(self) -> None:
        while self.open:
            await asyncio.wait(self.open.values())

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(REQUEST_END)).splitlines()
        sizes = [int(line.split()[1]) for line in head if line.startswith(b"Content-Length:")]
        self.seen.append((head, await reader.readexactly(sum(sizes))))
        self.requests += 1
        number = self.requests
        status = await self.script(number)
        if status is None:
            return False
        body = ANSWER % (number % 2)
        head = b"HTTP/1.1 %d Said\r\nLocation: /\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
        writer.write(head + body)
        await writer.drain()
        return True


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Awaitable[KnownServer]]]:
    """`await serve(script, tls=...)` starts a KnownServer on a free port of 127.0.0.1."""
    started: list[tuple[KnownServer, asyncio.Server]] = []

    async def start(script: Script, tls: ssl.SSLContext | None = None) -> KnownServer:
        known = KnownServer(script, tls)
        server = await asyncio.start_server(known.connected, "127.0.0.1", 0, ssl=tls, backlog=1000)
        known.port = server.sockets[0].getsockname()[1]
        started.append((known, server))
        return known

    yield start
    for known, server in started:
        server.close()
        for writer in known.open:
            writer.transport.abort()
        await known.all_closed()
        await server.wait_closed()


@dataclass(frozen=True)
class Authority:
    """`file`: the certificate to trust; `server`: what a server for 127.0.0.1 presents."""

    file: Path
    server: ssl.SSLContext


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A certificate that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "known server")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    both = tmp_path / "both.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    both.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    file = tmp_path / "authority.pem"
    file.write_bytes(certificate.public_bytes(Encoding.PEM))
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(both)
    return Authority(file, server)
