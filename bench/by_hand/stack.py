"""The whole stack by hand: certificates, PostgreSQL unless one is given, two uvicorns, nginx."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.by_hand.certificates import write_certificates
from bench.by_hand.postgres import Postgres
from bench.processes import RefusedError, free_ports, stop, wait_for_listener

HERE = Path(__file__).parent
INSTANCES = 2


@dataclass(frozen=True, slots=True)
class Running:
    """What runs. `database` is `None` where one was given."""

    url: str
    ca_file: Path
    balancer: int
    instances: tuple[int, ...]
    database: int | None


@dataclass(frozen=True, slots=True)
class Stack:
    """What to run. `folder` keeps everything, and may be used again. `python`: of the environment of its own.

    `database_url`: a database to use in place of a PostgreSQL of its own. `access_log`: whether uvicorn too
    writes a line a request, as it does by default.
    """

    folder: Path
    python: Path
    database_url: str | None = None
    access_log: bool = True

    @contextmanager
    def running(self) -> Iterator[Running]:
        """Start it all, and stop it all in the end. That it answers is for the caller to see."""
        with ExitStack() as cleanup:
            database = None if self.database_url else self._start_database(cleanup)
            if not (self.folder / "ca.pem").exists():
                write_certificates(self.folder)
            edge, *ports = free_ports(1 + INSTANCES)
            url = database.url if database else str(self.database_url)
            apps = [self._start_app(number, port, url) for number, port in enumerate(ports)]
            for app in apps:
                cleanup.callback(stop, app)
            for port in ports:
                wait_for_listener(port)
            balancer = self._start_balancer(edge, ports)
            cleanup.callback(stop, balancer)
            yield Running(
                f"https://localhost:{edge}/",
                self.folder / "ca.pem",
                balancer.pid,
                tuple(app.pid for app in apps),
                database.process.pid if database and database.process else None,
            )

    def _start_database(self, cleanup: ExitStack) -> Postgres:
        database = Postgres(self.folder)
        cleanup.callback(database.stop)
        database.start()
        return database

    def _start_app(self, number: int, port: int, database_url: str) -> "subprocess.Popen[bytes]":
        environment = {
            "PATH": os.environ["PATH"],
            "DATABASE_URL": database_url,
            "INSTANCE_ID": f"i-{number:017x}",
            "ZONE": f"local-{'ab'[number % 2]}",
        }
        options = {
            "host": "127.0.0.1",
            "port": port,
            "loop": "uvloop",
            "http": "httptools",
            "ssl-certfile": self.folder / "app.pem",
            "ssl-keyfile": self.folder / "app.key",
            "ssl-ca-certs": self.folder / "ca.pem",
            "ssl-cert-reqs": 2,
            "timeout-keep-alive": 75,
        }
        arguments = [f"--{name}={value}" for name, value in options.items()]
        log = "--access-log" if self.access_log else "--no-access-log"
        command = [str(self.python), "-m", "uvicorn", "app:app", *arguments, log]
        return self._start(command, HERE, environment, f"app-{number}.log")

    def _start_balancer(self, edge: int, ports: list[int]) -> "subprocess.Popen[bytes]":
        servers = "\n".join(f"        server 127.0.0.1:{port} fail_timeout=1s;" for port in ports)
        text = (HERE / "nginx.conf").read_text()
        for name, value in {"folder": str(self.folder), "port": str(edge), "servers": servers}.items():
            text = text.replace(f"$({name})", value)
        file = self.folder / "nginx.conf"
        file.write_text(text)
        command = [program("nginx"), "-c", str(file), "-e", str(self.folder / "nginx-error.log")]
        return self._start(command, self.folder, {"PATH": os.environ["PATH"]}, "nginx.log")

    def _start(
        self, command: list[str], folder: Path, environment: dict[str, str], log: str
    ) -> "subprocess.Popen[bytes]":
        with (self.folder / log).open("ab") as output:
            return subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output)


def program(name: str) -> str:
    """The path of a program that Debian packages under its own name. Raises RefusedError where it is missing."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if found is None:
        raise RefusedError(f"{name} is not installed. Try: sudo apt-get install -y {name}")
    return found
