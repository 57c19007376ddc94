"""The one module that knows the server. It is granian's embedded one: one process, in the application's own
event loop. Should it ever have to go, granian's command line can take its place here.

An ASGI application is told who its client is by `forwarding`, and its startup and shutdown are heard by `lifespan`.
"""

import asyncio
import errno
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import uvloop
from granian.constants import Interfaces, SSLProtocols
from granian.log import LogLevels
from granian.server.embed import Server
from msgspec import Struct

from evenly.webapp.forwarding import Application, Proxies, forwarded
from evenly.webapp.lifespan import Lifespan
from evenly.webapp.settings import SettingsError, redacted
from evenly.webapp.streams import Streams

SECONDS_TO_FINISH = 10.0
BACKLOG = 1024
LOGGER = logging.getLogger("evenly.webapp.serving")


class ServingError(Exception):
    """The server cannot start, or stopped on its own. One sentence."""


class Tls(Struct, frozen=True):
    """Paths of PEM files. Only clients with a certificate of `client_ca` are served; `None`: any client, where the
    network lets nobody but the balancer in."""

    certificate: Path
    key: Path
    client_ca: Path | None


class Listen(Struct, frozen=True):
    """Where to listen; `tls` of `None`: plain HTTP; `socket`: a unix socket, in place of host and port. `behind`: who
    stands between, where the network and not a certificate says that it is nobody else."""

    host: str
    port: int
    tls: Tls | None
    socket: Path | None = None
    behind: Proxies | None = None


def serve(application: object, listen: Listen, secrets: tuple[str, ...]) -> int:
    """Serves until SIGTERM or SIGINT; then 0. Raises `ServingError`, `SettingsError`."""
    _check_free(listen)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(application, listen, secrets))
    return 0


async def _run(application: object, listen: Listen, secrets: tuple[str, ...]) -> None:
    streams = Streams(_told(application, listen))
    lifespan = Lifespan(streams, LOGGER)
    server = _server(application if _is_rsgi(application) else lifespan, listen)
    _log_to_stderr(secrets)
    stopping = asyncio.Event()
    _on_signals(stopping.set)
    serving = asyncio.create_task(server.serve())
    gc.freeze()  # what is imported stays: the collector need not look at it again
    waiting = asyncio.create_task(stopping.wait())
    await asyncio.wait((serving, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not stopping.is_set():
        await _died(serving, lifespan)
    await streams.end()
    server.stop()
    await asyncio.wait((serving,), timeout=SECONDS_TO_FINISH)
    if not serving.done():
        _exit_now()  # its threads would hold up an orderly end for as long as the request lasts
    with suppress(Exception):
        serving.result()


def _is_rsgi(application: object) -> bool:
    return hasattr(application, "__rsgi__")


def _told(application: Any, listen: Listen) -> Application:
    """By mutual TLS, and on a socket in a closed folder, nobody but the balancer connects; elsewhere that has to be
    said."""
    closed = listen.socket is not None or (listen.tls is not None and listen.tls.client_ca is not None)
    return forwarded(application, listen.behind or (Proxies() if closed else None))


async def _died(serving: "asyncio.Task[None]", lifespan: Lifespan) -> None:
    try:
        await serving
    except SettingsError:
        raise
    except Exception as error:
        why = lifespan.failure or f"{type(error).__name__}: {error}"
        raise ServingError(f"the application did not start: {why}") from None
    raise ServingError("the server stopped on its own.")


def _server(application: object, listen: Listen) -> Any:
    options: dict[str, Any] = {}
    if listen.tls is not None:
        options = {"ssl_cert": listen.tls.certificate, "ssl_key": listen.tls.key, **_asked_of(listen.tls)}
    interface = Interfaces.RSGI if _is_rsgi(application) else Interfaces.ASGI
    try:
        return Server(
            application,
            address=listen.host,
            port=listen.port,
            uds=listen.socket,
            interface=interface,
            backlog=BACKLOG,
            log_level=LogLevels.error,
            **options,
        )
    except (OSError, ValueError) as error:
        raise ServingError(f"the certificate or its key cannot be used: {error}") from None


def _asked_of(tls: Tls) -> dict[str, Any]:
    """Of clients. A load balancer of AWS has no certificate, and its health checks fail where TLS 1.2 is not spoken:
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html"""
    if tls.client_ca is None:
        return {"ssl_protocol_min": SSLProtocols.tls12}
    return {"ssl_ca": tls.client_ca, "ssl_client_verify": True, "ssl_protocol_min": SSLProtocols.tls13}


def _check_free(listen: Listen) -> None:
    """The server shares ports silently (SO_REUSEPORT): a second one would take half of the requests."""
    if listen.socket is not None:
        return
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((listen.host, listen.port))
        except OSError as error:
            where = f"{listen.host} port {listen.port}"
            taken = error.errno == errno.EADDRINUSE
            raise ServingError(
                f"{where} is taken." if taken else f"cannot listen on {where}: {error.strerror}."
            ) from None


def _on_signals(stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)


def _log_to_stderr(secrets: tuple[str, ...]) -> None:
    """Standard output is the application's; what the server has to say is rare, and never a secret."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Redacting(secrets))
    for logger in (logging.getLogger("_granian"), LOGGER):
        logger.handlers = [handler]
    LOGGER.propagate = False  # the application's own set-up of logging would say it twice


class _Redacting(logging.Formatter):
    def __init__(self, secrets: tuple[str, ...]) -> None:
        super().__init__("[%(levelname)s] %(message)s")
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record), self._secrets)


def _exit_now() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
