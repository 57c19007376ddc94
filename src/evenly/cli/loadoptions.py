"""What `evenly load` was asked for: headers, body and address, as they are written on a command line."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from evenly.errors import StateError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from yarl import URL

    from evenly.verify.limits import Limit
    from evenly.verify.load import LoadPlan
    from evenly.verify.scenario import Scenario

# A token, and text without control characters (RFC 9110, 5.1 and 5.5).
_NAME = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")
CONTENT_TYPE = "content-type"


class Asked(Struct, frozen=True):
    """The options, as they came."""

    path: str | None
    rate: str
    lasting: str
    scenario: Path | None
    limits: tuple[str, ...]
    method: str
    headers: tuple[str, ...]
    body: str | None
    timeout: str
    seed: int | None
    url: str | None
    ca: Path | None
    confirm: str | None
    as_json: bool
    report: Path | None


def read_plan(asked: Asked) -> LoadPlan:
    """What to send, without where to. Raises UsageError."""
    from evenly.verify.load import LoadPlan
    from evenly.verify.stages import parse_stages

    first, *then = parse_stages(asked.rate, asked.lasting)
    body = read_body(asked.body)
    return LoadPlan(
        url="",
        rate=first.rate,
        duration_s=first.duration_s,
        method=_method(asked.method),
        headers=typed(read_headers(asked.headers), body),
        body=body,
        timeout_s=_timeout(asked.timeout),
        ca_file=asked.ca,
        seed=asked.seed,
        then=tuple(then),
    )


def read_scenario(asked: Asked) -> Scenario | None:
    """Runs the user's file. Raises UsageError where it is broken, and for what it leaves no room for."""
    if asked.scenario is None:
        return None
    for where, given in (("PATH", asked.path), ("--body", asked.body), ("--method", asked.method != "GET")):
        if given:
            raise UsageError("with --scenario its file says that.", where=where)
    from evenly.verify.scenario import load_scenario

    return load_scenario(asked.scenario)


def read_limits(asked: Asked) -> tuple[Limit, ...]:
    """Raises UsageError for what is no limit."""
    from evenly.verify.limits import parse_limit

    return tuple(map(parse_limit, asked.limits))


def read_headers(asked: Sequence[str]) -> dict[str, str]:
    """`Name: value` each, or `@FILE` with one a line, so that a secret is in no argument. Raises UsageError."""
    headers: dict[str, str] = {}
    for text in asked:
        if text.startswith("@"):
            for number, line in enumerate(_read("--header", text).decode(errors="replace").splitlines(), 1):
                if line.strip():
                    headers |= _header(line, f"{text[1:]}:{number}")
        else:
            headers |= _header(text, "--header")
    return headers


def read_body(asked: str | None) -> bytes | None:
    """The text itself, or what `@FILE` holds. Raises UsageError."""
    if asked is None:
        return None
    return _read("--body", asked) if asked.startswith("@") else asked.encode()


def typed(headers: dict[str, str], body: bytes | None) -> dict[str, str]:
    """A body is JSON, where its headers say nothing else."""
    said = body is None or any(name.lower() == CONTENT_TYPE for name in headers)
    return headers if said else {**headers, "Content-Type": "application/json"}


def address(url: str, path: str | None) -> URL:
    """`url`, at `path` where one is given. Raises UsageError for what is no address, and for a path that is none."""
    from yarl import URL

    try:
        found = URL(url)
        usable = found.scheme in ("http", "https") and found.host and found.port
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(
            f"{url} is no address to send to.",
            where="--url",
            try_="Give one like https://hello.example.com/.",
        )
    if found.user or found.password:
        raise UsageError("there is a user in this address.", where="--url", try_="Give it by --header @FILE.")
    if path is None:
        return found
    if not path.startswith("/") or path.startswith("//"):
        raise UsageError(f"{path} is no path: it has to begin with one slash.", where="PATH")
    return found.join(URL(path))


def check_consent(url: URL, told: str, confirmed: str | None) -> None:
    """Load goes to this machine; to another one only if its name was given, or is typed now. `told`: what would be
    sent. Raises UsageError otherwise."""
    host = url.host or ""
    if confirmed is None and is_here(host):
        return
    said = _asked(host, told) if confirmed is None else confirmed
    if said.strip().lower() != host.lower():
        raise UsageError(
            f"{said.strip() or 'nothing'} is not {host}, which is not this machine: nothing was sent.",
            where="--confirm",
            try_=f"If that service is yours to load, type {host}, or give --confirm {host}.",
        )


def is_here(host: str) -> bool:
    """Whether every address of `host` is one of this machine. Raises StateError for a name that nobody knows."""
    from ipaddress import ip_address

    from evenly.local.listening import own_addresses

    try:
        found = {str(it[4][0]).partition("%")[0] for it in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        raise StateError(f"nobody knows an address of {host}.", where="--url") from None
    own = set(own_addresses())
    return all(it in own or ip_address(it).is_loopback for it in found)


def _asked(host: str, told: str) -> str:
    click.echo(f"{host} is not this machine. This sends it {told}, as fast as that.", err=True)
    click.echo("Load a service only if it is yours to load. Type its name to do it: ", nl=False, err=True)
    return sys.stdin.readline()


def _method(text: str) -> str:
    if not text or not _NAME.issuperset(text.lower()):
        raise UsageError(f"{text!r} is no method.", where="--method", try_="Give one like POST.")
    return text.upper()


def _timeout(text: str) -> float:
    from evenly.manifest.units import parse_duration

    try:
        seconds = float(parse_duration(text))
    except ValueError:
        seconds = 0.0
    if seconds <= 0:
        raise UsageError(f"{text!r} is no time to wait.", where="--timeout", try_="Give one like 10s.")
    return seconds


def _header(text: str, where: str) -> dict[str, str]:
    """The value is in no message: it may be a secret."""
    name, colon, value = text.partition(":")
    name, value = name.strip(), value.strip()
    if not (colon and name and _NAME.issuperset(name.lower())) or not value.isprintable():
        raise UsageError("this is no header.", where=where, try_="Write it as 'Name: value', or @FILE.")
    return {name: value}


def _read(option: str, asked: str) -> bytes:
    try:
        return Path(asked[1:]).read_bytes()
    except OSError as error:
        raise UsageError(f"{asked[1:]} can't be read: {error.strerror}.", where=option) from None
