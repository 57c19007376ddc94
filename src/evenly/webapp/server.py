"""Serves an ASGI or RSGI application: `python -m evenly.webapp.server module:attribute`.

The application imports from the working folder and the project's `.venv`, if it has one. Everything else comes
from the environment: HOST and PORT, or SOCKET, and for mutual TLS TLS_CERTIFICATE, TLS_KEY and TLS_CLIENT_CA. Where the
network lets nobody but proxies in, EVENLY_PROXIES says how many there are; then TLS does without TLS_CLIENT_CA, and
EVENLY_SCHEME can say what clients come by.
SIGTERM and SIGINT finish the requests in flight. Exit code 0, or 1 with one clear last line.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from evenly.webapp import project
from evenly.webapp.forwarding import Proxies
from evenly.webapp.loading import LoadingError, load
from evenly.webapp.serving import Listen, ServingError, Tls, serve
from evenly.webapp.settings import SettingsError, redacted, secrets_in, whole_number

USAGE = "usage: python -m evenly.webapp.server module:attribute"
DEFAULT_PORT = 8000
MOST_PROXIES = 10


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """The exit code: 0 after a signal, 1 if it could not start."""
    if len(arguments) != 1:
        return _fail(USAGE)
    try:
        listen = listen_on(environ)
        project.enter(Path.cwd(), list(arguments))
        application = load(arguments[0])
        return serve(application, listen, secrets_in(environ))
    except LoadingError as error:
        return _fail(redacted(f"{error.trace}{error}", secrets_in(environ)))
    except (project.ProjectError, SettingsError, ServingError) as error:
        return _fail(redacted(str(error), secrets_in(environ)))


def listen_on(environ: Mapping[str, str]) -> Listen:
    """Where to listen, and with which certificates. Raises `SettingsError`."""
    port = whole_number(environ, "PORT", default=DEFAULT_PORT, most=65535)
    at = Path(environ["SOCKET"]) if environ.get("SOCKET") else None
    behind = _behind(environ)
    return Listen(environ.get("HOST", "127.0.0.1"), port, _tls(environ, behind), at, behind)


def _behind(environ: Mapping[str, str]) -> Proxies | None:
    if "EVENLY_PROXIES" not in environ:
        return None
    count = whole_number(environ, "EVENLY_PROXIES", default=1, most=MOST_PROXIES)
    return Proxies(count, environ.get("EVENLY_SCHEME") or None)


def _tls(environ: Mapping[str, str], behind: Proxies | None) -> Tls | None:
    needed = ("TLS_CERTIFICATE", "TLS_KEY", *(() if behind else ("TLS_CLIENT_CA",)))
    names = (*needed, "TLS_CLIENT_CA")
    said = {name: Path(environ[name]) for name in names if environ.get(name)}
    if not said:
        return None
    for name in names:
        if name not in said and name in needed:
            raise SettingsError(f"{name} is missing: TLS needs {', '.join(needed)}.")
        if name in said and not said[name].is_file():
            raise SettingsError(f"{name}: there is no file {said[name]}.")
    return Tls(said["TLS_CERTIFICATE"], said["TLS_KEY"], said.get("TLS_CLIENT_CA"))


def _fail(message: str) -> int:
    sys.stderr.write(f"{message}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
