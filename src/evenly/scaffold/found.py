"""What was found in a folder. Data alone."""

from enum import Enum

from msgspec import Struct

from evenly.manifest.types import Protocol

Files = dict[str, str]  # path inside the folder, with `/` -> text


class Runtime(Enum):
    """What the app runs on; `FILES`: it is files that are served; `NONE`: nothing of the folder runs."""

    PYTHON = "python"
    NODE = "node"
    FILES = "files"
    NONE = "none"


class Found(Struct, frozen=True):
    """What runs. `what` and `because` are phrases for a person: "FastAPI", "main.py sets app".

    Exactly one of `serve` and `command` is set. `notes` are sentences on what has to hold. `others` are further
    `module:attribute`s that could have been meant. `factory`: `serve` names a function that makes the application.
    """

    what: str
    because: str
    runtime: Runtime
    serve: str | None = None
    command: tuple[str, ...] | None = None
    build: str = "."
    protocol: Protocol = "https"
    health: str | None = None
    notes: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    factory: bool = False
