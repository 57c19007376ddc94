"""Starts a program of the app in a task, with what it finds around it on this machine too, and is that program then.

    python -m evenly.aws.launching PROGRAM [ARGUMENT ...]

A task definition can't say on which host and in which zone a task will run, nor make a certificate. This does, and
nothing else: the program gets the same process, signals and exit code. `$NAME`s of its arguments that are only known
here are expanded here.
"""

import os
import string
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from evenly.aws import roots
from evenly.aws.intask import LATE
from evenly.aws.placement import placement

USAGE = "usage: python -m evenly.aws.launching PROGRAM [ARGUMENT ...]"
NOT_FOUND = 127  # as a shell has it

Execute = Callable[[str, list[str], Mapping[str, str]], None]


def main(arguments: Sequence[str], environ: Mapping[str, str], execute: Execute) -> int:
    """Returns only if the program can't be started: its exit code then."""
    if not arguments:
        sys.stderr.write(f"{USAGE}\n")
        return 2
    found = {**environ, **surroundings(environ)}
    late = {name: found[name] for name in LATE if name in found}
    argv = [string.Template(word).safe_substitute(late) for word in arguments]
    try:
        execute(argv[0], argv, found)
    except OSError as error:
        sys.stderr.write(f"{argv[0]} can't be started: {error.strerror}.\n")
        return NOT_FOUND
    return 0


def surroundings(environ: Mapping[str, str]) -> dict[str, str]:
    """What is added to `environ`."""
    return {**_database(environ), **placement(environ), **_certificate(environ)}


def _database(environ: Mapping[str, str]) -> dict[str, str]:
    """Whom the database's certificate has to be from, where nobody has said it."""
    wanted = "PGSSLMODE" in environ and "PGSSLROOTCERT" not in environ
    return {"PGSSLROOTCERT": str(roots.FILE)} if wanted else {}


def _certificate(environ: Mapping[str, str]) -> dict[str, str]:
    if environ.get("EVENLY_TLS") != "self-signed":
        return {}
    from evenly.aws.selfsigned import certificate_files

    return certificate_files(environ.get("EVENLY_SERVICE", "app"), datetime.now(UTC))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ, os.execvpe))
