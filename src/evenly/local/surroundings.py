"""What a process of the app finds around it: its environment, and the `$NAME`s of its command. Pure but for a look
at which folders of programs there are.

Instances, workers, jobs and `evenly run` are all started by it, so that each finds the same.
"""

import string
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from evenly.core.secret import Secret
from evenly.core.topology import Topology, local_topology
from evenly.errors import UsageError
from evenly.local.inheritance import inherited
from evenly.local.paths import Paths
from evenly.local.processes import HOME_MARK, INSTANCE_MARK, ROLE_MARK
from evenly.local.releases import app_folder
from evenly.local.settings import Release
from evenly.manifest.places import PROGRAM_FOLDERS

SECRET_VARIABLES = frozenset({"DATABASE_URL", "PGPASSWORD"})


class Surroundings(Struct, frozen=True):
    """What all processes of one release share. `home`: the environment's; `project`: the manifest's folder; `folder`:
    where they run.

    `database`: the variables to connect by; they hold a password, and none of them is for an argument list.
    """

    topology: Topology
    release: int
    home: Path
    project: Path
    folder: Path
    database: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Secret] = field(default_factory=dict)


class Process(Struct, frozen=True):
    """One process: its part (`instance`, `worker`, ...), id and zone. `variables` are the manifest's for it alone;
    `given` is what Evenly gives it alone, such as HOST and PORT."""

    role: str
    id: str
    zone: str
    variables: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)


def surroundings(
    paths: Paths, release: Release, secrets: Mapping[str, Secret], database: Mapping[str, str]
) -> Surroundings:
    """What the processes of `release` share. Of `secrets` the app gets those that its manifest names for it."""
    return Surroundings(
        topology=local_topology(release.manifest),
        release=release.number,
        home=paths.home,
        project=paths.project,
        folder=app_folder(paths, release),
        database=database,
        secrets={name: value for name, value in secrets.items() if name in release.manifest.secrets},
    )


def environment(around: Surroundings, process: Process) -> dict[str, str]:
    """The whole environment of `process`: nothing else is inherited."""
    passed_on = inherited()
    return {
        **passed_on,
        "PATH": _search_path(around, passed_on.get("PATH", "")),
        **dict(around.topology.variables),
        **process.variables,
        **{name: secret.reveal() for name, secret in around.secrets.items()},
        **around.database,
        **process.given,
        "EVENLY_SERVICE": around.topology.name,
        "EVENLY_ENVIRONMENT": around.topology.environment,
        "EVENLY_REGION": around.topology.region,
        "EVENLY_ZONE": process.zone,
        "EVENLY_RELEASE": str(around.release),
        INSTANCE_MARK: process.id,
        ROLE_MARK: process.role,
        HOME_MARK: str(around.home),
    }


def arguments(
    command: tuple[str, ...], around: Surroundings, environment: Mapping[str, str]
) -> tuple[str, ...]:
    """`command` with its `$NAME`s expanded. Raises UsageError for one that would show a secret in `ps`."""
    closed = around.secrets.keys() | SECRET_VARIABLES
    for word in command:
        for name in string.Template(word).get_identifiers():
            if name in closed:
                raise UsageError(
                    f"${name} is a secret, and an argument is seen by everybody on this machine",
                    try_="Let the program read it from its environment.",
                )
    return tuple(string.Template(word).safe_substitute(environment) for word in command)


def _search_path(around: Surroundings, inherited: str) -> str:
    """The project's own programs come before the machine's."""
    places = [place / name for place in (around.folder, around.project) for name in PROGRAM_FOLDERS]
    own = [str(place) for place in places if place.is_dir()]
    return ":".join((*own, *((inherited,) if inherited else ())))
