"""A real environment in a folder of its own, seen from outside: the command, HTTP, files, the process table.

What a test leaves running is an error of its own, whatever the test was about.
"""

import contextlib
import hashlib
import http.client
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psutil
from tests.e2e.asking import Answer, Edge
from tests.e2e.ports import free_ports, is_free

from evenly.core.status import EnvironmentStatus
from evenly.local import environment as local
from evenly.local.balancer.hot import base_ids, shared_memory

T = TypeVar("T")
INSTALLING_S = 600  # an installation has as long as a busy machine needs
EVENLY = str(Path(sys.executable).with_name("evenly"))
SURROUNDINGS = {
    k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "COV", "PYTEST", "EVENLY"))
}


def wait_for(condition: Callable[[], T], deadline_s: float = 60.0, what: str = "it") -> T:
    """What `condition` returns, as soon as it is true."""
    until = time.monotonic() + deadline_s
    while not (found := condition()):
        assert time.monotonic() < until, f"{what} did not happen within {deadline_s:g} s"
        time.sleep(0.03)
    return found


@dataclass
class Environment:
    """One folder with a manifest and what runs from it. `identity`: whom the commands run as, for `subprocess`."""

    folder: Path
    command: Sequence[str] = (EVENLY,)
    identity: dict[str, Any] = field(default_factory=dict)
    https_port: int = 0
    http_port: int = 0

    @property
    def home(self) -> Path:
        return self.folder / ".evenly" / "local"

    @property
    def key(self) -> str:
        return hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]

    @property
    def runtime(self) -> Path:
        """The folder of the sockets."""
        return Path("/tmp") / f"evenly-{self.identity.get('user', os.geteuid())}-{self.key}"  # noqa: S108

    @property
    def root_data(self) -> Path:
        """Where root's database is."""
        return Path("/var/lib/evenly") / self.key

    def write_manifest(self, more: str = "", http: str = "") -> None:
        ports = f"port: {self.https_port}, redirect_port: {self.http_port}"
        section = f"http: {{{', '.join(filter(None, (ports, http)))}}}"
        (self.folder / "evenly.yaml").write_text(f"name: hello\n{section}\n{more}\n")

    # --- commands

    def run(self, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """A command that is waited for. `options`: for `subprocess.run`, in place of `self.options()`."""
        given = self.options() | options
        if "input" in given:
            del given["stdin"]
        return subprocess.run([*self.command, *words], capture_output=True, text=True, timeout=150, **given)

    def start(self, *words: str, told: Path = Path(os.devnull)) -> subprocess.Popen[bytes]:
        """A command that is not waited for. `told`: the file that gets its standard error."""
        with told.open("wb") as stderr:
            return subprocess.Popen(
                [*self.command, *words], stdout=subprocess.DEVNULL, stderr=stderr, **self.options()
            )

    def up(self, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = self.run("up", "--detach")
        assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def down(self, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = self.run("down")
        assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def status(self) -> dict[str, Any]:
        done = self.run("status", "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def options(self) -> dict[str, Any]:
        """Where and as whom a command runs, for `subprocess`."""
        surroundings = SURROUNDINGS | ({"HOME": str(self.folder)} if self.identity else {})
        return {"cwd": self.folder, "env": surroundings, "stdin": subprocess.DEVNULL, **self.identity}

    def last_words(self) -> str:
        """For whoever has to find out why a test failed."""
        told = []
        with contextlib.suppress(Exception):
            told += [f"problem: {self.look().problem}"]
        for log, lines in ((self.home / "journal.jsonl", 40), (self.home / "logs" / "supervisor.log", 20)):
            with contextlib.suppress(OSError):
                told += log.read_text(errors="replace").splitlines()[-lines:]
        return "\n".join(told)

    # --- what is seen from outside

    wait_for = staticmethod(wait_for)

    def look(self) -> EnvironmentStatus:
        """The status without a command's start; for our own user's environments."""
        return local.look(self.folder)

    def instances(self) -> list[dict[str, Any]]:
        return [it for zone in self.status()["zones"] for it in zone["instances"]]

    def zone_pids(self, number: int) -> list[int]:
        return [it.pid for it in self.look().zones[number].instances if it.pid]

    @property
    def serving(self) -> dict[str, int]:
        """The pids of the instances that serve, by id."""
        return {
            it.id: it.pid
            for zone in self.look().zones
            for it in zone.instances
            if it.state == "healthy" and it.pid
        }

    @property
    def part_pids(self) -> dict[str, int | None]:
        status = self.look()
        return {
            "balancer": status.balancer.pid,
            "database": status.database.pid if status.database else None,
            "supervisor": status.supervisor.pid,
        }

    def pids(self, role: str = "") -> list[int]:
        """Every process that carries this environment's mark, zombies aside; the main one first."""
        return [pid for pid, found in self._marked() if not role or found == role]

    def _marked(self) -> Iterator[tuple[int, str]]:
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.status() == psutil.STATUS_ZOMBIE:
                    continue
                marks = process.environ()
                inside = Path(process.cwd()).is_relative_to(self.root_data)
                if marks.get("EVENLY_HOME") == str(self.home) or inside:
                    yield process.pid, marks.get("EVENLY_ROLE", "")

    def wait_healthy(self, deadline_s: float = 60.0) -> EnvironmentStatus:
        def state() -> tuple[str, str]:
            return (self.look().state, self.look().supervisor.state)

        wait_for(lambda: state() == ("healthy", "running"), deadline_s, "a healthy environment")
        return self.look()

    def in_sync(self) -> bool:
        """Whether it is healthy, and its database's standby holds all that was acknowledged."""
        status = self.look()
        return any(it.in_sync for it in status.database_members) and status.state == "healthy"

    def wait_in_sync(self) -> None:
        wait_for(self.in_sync, 60, "a standby in sync")

    def get(self, path: str = "/", headers: dict[str, str] | None = None, **more: Any) -> Answer:
        return self.request("GET", path, headers, **more)

    def request(
        self, method: str, path: str, headers: Any = None, body: Any = None, host: str = "localhost"
    ) -> Answer:
        """One request on a connection of its own; `host` is the name that the certificate has to have."""
        context = ssl.create_default_context(cafile=self.home / "certificates" / "ca.pem")
        with closing(Edge(host, self.https_port, context)) as connection:
            connection.request(method, path, body, {"Accept": "application/json", **(headers or {})})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())

    def connection(self, ca: bytes | None = None) -> Edge:
        """A connection to keep. `ca`: whom it trusts, in place of the environment's authority."""
        trusted = ca or (self.home / "certificates" / "ca.pem").read_bytes()
        return Edge("localhost", self.https_port, ssl.create_default_context(cadata=trusted.decode()))

    def plain(self, path: str, host: str = "") -> Answer:
        with closing(http.client.HTTPConnection("localhost", self.http_port, timeout=10)) as connection:
            connection.request("GET", path, headers={"Host": host} if host else {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())

    def posts(self, text: str, language: str = "Test") -> dict[str, Any]:
        """A new greeting, as it was answered."""
        body = json.dumps({"language": language, "text": text}).encode()
        answer = self.request("POST", "/greetings", {"Content-Type": "application/json"}, body)
        assert answer.status == 201, answer.body
        return answer.json()

    def journal(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.home / "journal.jsonl").read_text().splitlines()]

    # --- at the end

    def leftovers(self) -> list[str]:
        """What still runs, listens or lies about outside of the folder; data aside."""
        found = [f"process {pid}" for pid in self.pids()]
        outside = (self.runtime, *map(shared_memory, base_ids(self.key)))
        found += [str(it) for it in outside if it.exists()]
        ports = (self.https_port, self.http_port)
        return [*found, *(f"port {port} is taken" for port in ports if not is_free("127.0.0.1", port))]

    def dispose(self) -> None:
        """Take it down, remove it, and complain of what the product left."""
        for process in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)
        down = self.run("down") if self.leftovers() else None
        left = self.leftovers()
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for folder in (self.runtime, self.root_data, self.folder):
            shutil.rmtree(folder, ignore_errors=True)
        assert down is None or down.returncode == 0, down.stderr
        assert not left, f"left over: {left}"


@contextlib.contextmanager
def environment(
    manifest: str = "", http: str = "", *, files: dict[str, str] | None = None, **options: Any
) -> Iterator[Environment]:
    """A folder with `files` and a manifest of free ports, `http` and `manifest`'s lines; taken down at the end."""
    folder = Path(tempfile.mkdtemp(prefix="e2e-")).resolve()
    https, plain = free_ports(2)
    made = Environment(folder, https_port=https, http_port=plain, **options)
    try:
        made.write_manifest(manifest, http)
        for name, text in (files or {}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
            (folder / name).chmod(0o755 if text.startswith("#!") else 0o644)
        for path in (folder, *folder.rglob("*")) if "user" in made.identity else ():
            os.chown(path, made.identity["user"], made.identity["group"])
        yield made
    finally:
        made.dispose()
