"""A root of Debian 11 for the hosts' playbook, and the addresses of AWS that a host reaches from it.

Debian 11 because its Python is 3.9, as that of Amazon Linux 2023. Made by debootstrap, which wants root; its packages
and the wheels are kept from one run to the next.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

SUITE = "bullseye"
MIRROR = "http://deb.debian.org/debian"
INCLUDED = "python3,python3-apt,procps"
HOST = "i-0abcdef0123456789"
AGENT = "amazon-cloudwatch-agent"
XML = "<{0}Response xmlns='http://x'><{0}Result/></{0}Response>"
REFUSED = "<ErrorResponse xmlns='http://x'><Error><Code>ValidationError</Code><Message>{0}</Message></Error></ErrorResponse>"


def cache() -> Path:
    place = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "evenly-tests"
    place.mkdir(parents=True, exist_ok=True)
    return place


def missing() -> str | None:
    """Why no root can be made here."""
    if os.geteuid() != 0:
        return "a root of Debian is made by root alone"
    absent = [it for it in ("debootstrap", "unshare", "chroot", "dpkg-deb") if shutil.which(it) is None]
    return f"not installed: {', '.join(absent)}" if absent else None


def make_root(folder: Path) -> None:
    """Debian in `folder`, with an empty package of the name of CloudWatch's agent to be had."""
    _bootstrap(folder)
    _offer_agent(folder)
    place = folder / "var/lib/cloud/data"
    place.mkdir(parents=True)
    (place / "instance-id").write_text(f"{HOST}\n")


def _bootstrap(folder: Path) -> None:
    kept = cache() / f"{SUITE}.tar"
    if kept.exists():
        with tarfile.open(kept) as archive:
            archive.extractall(folder, filter="fully_trusted")  # noqa: S202  our own
        return
    command = ["debootstrap", "--variant=minbase", f"--include={INCLUDED}", SUITE, str(folder), MIRROR]
    subprocess.run(command, check=True, capture_output=True)
    shutil.rmtree(folder / "var/cache/apt/archives", ignore_errors=True)
    beside = kept.with_suffix(".new")
    with tarfile.open(beside, "w") as archive:
        archive.add(folder, ".")
    beside.rename(kept)


def _offer_agent(folder: Path) -> None:
    """In a repository of the root's own, so that the playbook installs it as it would any package."""
    package = folder / "repository" / AGENT
    (package / "DEBIAN").mkdir(parents=True)
    control = {
        "Package": AGENT,
        "Version": "1.0",
        "Architecture": "all",
        "Maintainer": "nobody",
        "Description": "empty",
    }
    (package / "DEBIAN/control").write_text("".join(f"{name}: {it}\n" for name, it in control.items()))
    made = folder / "repository" / f"{AGENT}.deb"
    subprocess.run(
        ["dpkg-deb", "--build", "--root-owner-group", str(package), str(made)],
        check=True,
        capture_output=True,
    )
    content = made.read_bytes()
    listed = {
        **control,
        "Filename": f"./{made.name}",
        "Size": len(content),
        "SHA256": hashlib.sha256(content).hexdigest(),
    }
    (folder / "repository/Packages").write_text("".join(f"{name}: {it}\n" for name, it in listed.items()))
    (folder / "etc/apt/sources.list").write_text("deb [trusted=yes] file:/repository ./\n")
    inside(folder, ["apt-get", "update"], {})


def inside(root: Path, command: list[str], environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """A command in the root, whose mounts end with it."""
    script = (
        'mkdir -p "$0/proc" "$0/dev" && mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && '
        'cp /etc/resolv.conf "$0/etc/resolv.conf" && exec chroot "$0" "$@"'
    )
    return subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "sh", "-c", script, str(root), *command],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", **environ},
        capture_output=True,
        text=True,
        timeout=300,
    )


def wheels(requirements: Path) -> list[Path]:
    """What the requirements pin, for a host's Python."""
    place = cache() / f"wheels-{hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]}"
    if not place.is_dir():
        said = [
            it.removeprefix("# pip: ")
            for it in requirements.read_text().splitlines()
            if it.startswith("# pip: ")
        ]
        beside = place.with_suffix(".new")
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        pinned = ["--require-hashes", "--only-binary", ":all:", "--requirement", str(requirements)]
        words = [word for line in said for word in line.split()]
        subprocess.run([*pip, *words, *pinned, "--dest", str(beside)], check=True, capture_output=True)
        beside.rename(place)
    return sorted(place.glob("*.whl"))


@dataclass
class Aws:
    """The host's metadata, the bucket, CloudFormation and Auto Scaling, at one address. `done`: logical ids that nobody
    waits for any more."""

    content: bytes
    told: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    done: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        world = self
        role = {"AccessKeyId": "AKID", "SecretAccessKey": "hush", "Token": "T", "Code": "Success"}
        metadata = {
            "/latest/api/token": b"session",
            "/latest/meta-data/iam/security-credentials/": b"host-role",
            "/latest/meta-data/iam/security-credentials/host-role": json.dumps(
                {**role, "Expiration": "2099-01-01T00:00:00Z"}
            ).encode(),
        }

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                self.answer(200, metadata[self.path])

            def do_GET(self) -> None:
                self.answer(200, metadata.get(self.path, world.content))

            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["content-length"])).decode()
                said = {name: it[0] for name, it in parse_qs(text).items()}
                action = said.pop("Action")
                world.told.append((action, said))
                if said.get("LogicalResourceId") in world.done:
                    return self.answer(400, REFUSED.format("it is complete").encode())
                return self.answer(200, XML.format(action).encode())

            def answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
