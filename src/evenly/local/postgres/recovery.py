"""The way back in when the passwords were lost and the data was not: PostgreSQL's single-user mode.

It asks for no password because it needs the data folder itself, and no other process can connect meanwhile.
"""

import asyncio
import os
import subprocess

from evenly.errors import TargetError
from evenly.local.postgres.credentials import SUPERUSER, DatabaseSecrets
from evenly.local.postgres.processes import child_environment, make_way
from evenly.local.postgres.readiness import MAINTENANCE_DATABASE
from evenly.local.postgres.roles import password_statement
from evenly.local.postgres.scram import SALT_BYTES
from evenly.local.postgres.server import Server
from evenly.local.privileges import process_options

TIMEOUT = 300.0  # seconds: after a crash it replays the log first


async def reset_superuser(server: Server, passwords: DatabaseSecrets) -> None:
    """Sets the superuser's password in the data of a server that is stopped. `prepare` does the other roles.

    Raises StateError when the server still runs, TargetError where PostgreSQL refuses.
    """
    await make_way(server)
    statement = password_statement(SUPERUSER, passwords.superuser, os.urandom(SALT_BYTES))
    done = await asyncio.to_thread(_single_user, server, statement + "\n")
    output = done.stdout.decode(errors="replace")
    if done.returncode or "ERROR:" in output or "FATAL:" in output:
        raise _failed(server, output)


def _single_user(server: Server, statements: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        (
            str(server.binaries.postgres),
            "--single",
            "-D",
            str(server.data),
            "-c",
            f"config_file={server.configuration}",
            MAINTENANCE_DATABASE,
        ),
        input=statements.encode("ascii"),
        env=child_environment(server),
        cwd="/",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=TIMEOUT,
        check=False,
        **process_options(server.account),
    )


def _failed(server: Server, output: str) -> TargetError:
    said = [line for line in output.splitlines() if "ERROR:" in line or "FATAL:" in line]
    return TargetError(
        "PostgreSQL did not take a new password: " + (said[-1] if said else "it ended without a word."),
        where=str(server.data),
        try_="Put back the secrets.json that belongs to this data.",
    )
