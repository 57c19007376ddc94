"""The small commented manifest that `evenly init` writes. Pure."""

import json

from evenly.manifest.names import name_from_folder
from evenly.manifest.types import REFERENCE_APP

__all__ = ["initial_manifest", "name_from_folder"]

_HEAD = """\
# This is all that Evenly needs to know. `evenly up` runs it, `evenly lint` checks it.
# To change a default, take away the # of its line.

name: {name}

app:
  {start}
  # The folder with the code:
  #build: .

http:
  # The host name that the public uses, once there is one:
  #alias: hello.example.com
  # The ports on this machine; without them 8443 and 8080, or the next that are free:
  #port: 8443
  #redirect_port: 8080
  #redirect_to_https: true
  # What the balancer asks each instance; 200 means healthy:
  #healthcheck: {{path: /healthz}}
  # How long an instance may finish its requests before it is stopped:
  #deregistration_delay: 10s

# How many zones, and how many instances over all of them:
#zones: 2
#count: {{range: 2-8}}

# {database}
#database: {{engine: postgres, version: 18}}

variables:
  # What the app finds in its environment. No secrets: this file is for everybody to read.
  #LOG_LEVEL: info
"""
_WITH_DATABASE = (
    "PostgreSQL, at $DATABASE_URL; null for none. With migrations: db/ it runs db/0001_name.sql and so on:"
)


def initial_manifest(name: str, serve: str | None = None, command: tuple[str, ...] | None = None) -> str:
    """The text of a manifest with every default, ready to be changed. Give `serve` or `command`, or neither.

    A line with `#` and no space after it is a setting: valid once the `#` is gone.
    """
    return _HEAD.format(name=name, start=_start(serve, command), database=_WITH_DATABASE)


def _start(serve: str | None, command: tuple[str, ...] | None) -> str:
    if command is None:
        return f"serve: {serve or REFERENCE_APP}"
    # A JSON list of texts is YAML too, whatever the texts hold.
    return f"command: {json.dumps(command, ensure_ascii=False)}"
