"""PostgreSQL on this machine: found in its wheel, initialised, started by the supervisor, prepared for the
app.

In order: `find`, `within_reach`, `locate`, `make_folders`, `initialise`, `write_configuration`, `make_way`,
start `command`, `wait_ready`, `prepare`, `point_link`. When the passwords were lost: `reset_superuser`
before the start.
It touches the data folder, the settings beside it and the socket folder, and nothing else.
"""

from evenly.local.postgres.binaries import Binaries, find, within_reach
from evenly.local.postgres.configuration import write_configuration
from evenly.local.postgres.credentials import (
    APP,
    OWNER,
    SUPERUSER,
    DatabaseSecrets,
    environment,
    new_password,
    new_secrets,
    url,
)
from evenly.local.postgres.initialise import DataState, initialise, inspect
from evenly.local.postgres.processes import (
    STOP_AT_ONCE,
    STOP_FAST,
    Command,
    command,
    holders,
    make_way,
)
from evenly.local.postgres.readiness import Readiness, StartFailure, probe, start_failure, wait_ready
from evenly.local.postgres.recovery import reset_superuser
from evenly.local.postgres.roles import prepare
from evenly.local.postgres.server import Server, data_folder, database_name, locate, make_folders, point_link

__all__ = [
    "APP",
    "OWNER",
    "STOP_AT_ONCE",
    "STOP_FAST",
    "SUPERUSER",
    "Binaries",
    "Command",
    "DataState",
    "DatabaseSecrets",
    "Readiness",
    "Server",
    "StartFailure",
    "command",
    "data_folder",
    "database_name",
    "environment",
    "find",
    "holders",
    "initialise",
    "inspect",
    "locate",
    "make_folders",
    "make_way",
    "new_password",
    "new_secrets",
    "point_link",
    "prepare",
    "probe",
    "reset_superuser",
    "start_failure",
    "url",
    "wait_ready",
    "within_reach",
    "write_configuration",
]
