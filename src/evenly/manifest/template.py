"""The small commented manifest that `evenly init` writes. Pure."""

import json
import re

from msgspec import Struct

from evenly.manifest.names import name_from_folder
from evenly.manifest.types import REFERENCE_APP, Protocol

__all__ = ["Start", "initial_manifest", "name_from_folder"]

_TEXT = """\
# This is all that Evenly needs to know. `evenly up` runs it, `evenly lint` checks it.
# To change a default, take away the # of its line.

name: {name}

app:
{app}

http:
  # The host name that the public uses, once there is one:
  #alias: hello.example.com
  # The ports on this machine; without them 8443 and 8080, or the next that are free:
  #port: 8443
  #redirect_port: 8080
  #redirect_to_https: true
  # What the balancer asks each instance; 200 means healthy:
  {health}
  # Pages for errors: 404.html, 4xx.html, 503.html, 5xx.html.
  {pages}
  # How long an instance may finish its requests before it is stopped:
  #deregistration_delay: 10s

# How many zones, and how many instances over all of them:
#zones: 2
#count: {{range: 2-8}}

{database}

variables:
  # What the app finds in its environment. No secrets: this file is for everybody to read.
  #LOG_LEVEL: info

secrets:
  # Variables whose values stay in .env, by name alone:
{secrets}

environments:
  # Where it runs beside this machine. Each can say any key above differently: count, http, variables ...
  #staging: {{target: aws, region: eu-west-1}}
"""
_DATABASE = (
    "PostgreSQL, at $DATABASE_URL; null for none. With migrations: db/ it runs db/0001_name.sql and so on:"
)


_PLAIN = re.compile(r"[/.\w][/.\w-]*(:[\w.]+)?", re.ASCII)


class Start(Struct, frozen=True):
    """What the manifest says beside the defaults; `serve` or `command`, or neither for the reference service."""

    serve: str | None = None
    command: tuple[str, ...] | None = None
    build: str = "."
    protocol: Protocol = "https"
    health: str = "/healthz"
    pages: str | None = None
    database: bool = True
    migrations: str | None = None
    secrets: tuple[str, ...] = ()


def initial_manifest(name: str, start: Start | None = None) -> str:
    """The text of a manifest with every default, ready to be changed.

    A line with `#` and no space after it is a setting: valid once the `#` is gone.
    """
    start = start or Start()
    return _TEXT.format(
        name=name,
        app="\n".join(f"  {line}" for line in _app(start)),
        health=_setting(start.health != "/healthz", f"healthcheck: {{path: {_text(start.health)}}}"),
        pages=_setting(start.pages is not None, f"error_pages: {start.pages or 'pages/'}"),
        database=_database(start),
        secrets=_secrets(start.secrets),
    )


def _app(start: Start) -> tuple[str, ...]:
    return (
        _program(start),
        "# The folder with the code:",
        _setting(start.build != ".", f"build: {_text(start.build)}"),
        "# What the instances speak: https is mutual TLS with the balancer.",
        _setting(start.protocol != "https", f"protocol: {start.protocol}"),
    )


def _program(start: Start) -> str:
    if start.command is None:
        return f"serve: {_text(start.serve or REFERENCE_APP)}"
    # A JSON list of texts is YAML too, whatever the texts hold.
    return f"command: {json.dumps(start.command, ensure_ascii=False)}"


def _database(start: Start) -> str:
    if not start.database:
        return "# The code speaks of no database. For PostgreSQL at $DATABASE_URL, take this line away:\ndatabase: null"
    if start.migrations:
        return f"# {_DATABASE}\ndatabase: {{migrations: {_text(start.migrations)}}}"
    return f"# {_DATABASE}\n#database: {{engine: postgres, version: 18}}"


def _secrets(names: tuple[str, ...]) -> str:
    return "\n".join(f"  {name}:" for name in names) or "  #API_KEY:"


def _setting(is_said: bool, line: str) -> str:
    return line if is_said else f"#{line}"


def _text(value: str) -> str:
    """Plain where YAML takes it as it is, else in quotes."""
    return value if _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)
