"""One JSON line to standard output for each request and each error. A log that cannot be written is lost,
never the request: a full disk or a closed pipe is not the client's trouble."""

import os
import traceback
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog

from evenly.webapp.settings import Settings, redacted

STDOUT = 1


class LineWriter:
    """What structlog writes finished lines to: one `write` each, straight to the file descriptor."""

    def __init__(self, descriptor: int = STDOUT) -> None:
        self._descriptor = descriptor

    def write(self, line: bytes) -> None:
        with suppress(OSError):
            os.write(self._descriptor, line)

    debug = info = warning = error = critical = write


def make_logger(
    settings: Settings, descriptor: int = STDOUT, more: Callable[[], tuple[str, ...]] = tuple
) -> Any:
    """A structlog logger that says instance and zone in each line, and on AWS the task. `more`: secrets that became
    known since, which are not written either."""
    logger = structlog.wrap_logger(
        LineWriter(descriptor),
        processors=[_Renderer(lambda: (*more(), *settings.secrets))],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        context_class=dict,
    )
    task = {"task": settings.task_id} if settings.task_id else {}
    return logger.bind(instance=settings.instance_id, **task, zone=settings.zone)


class _Renderer:
    """The last processor: the line's bytes. `exc_info` (an exception) becomes a redacted traceback."""

    def __init__(self, secrets: Callable[[], tuple[str, ...]]) -> None:
        self._secrets = secrets
        self._encode = msgspec.json.Encoder().encode

    def __call__(self, _logger: object, level: str, event: MutableMapping[str, Any]) -> bytes:
        if error := event.pop("exc_info", None):
            event["exception"] = redacted("".join(traceback.format_exception(error)), self._secrets())
        return self._encode({"timestamp": _now(), "level": level, **event}) + b"\n"


def _now() -> str:
    """RFC 3339, UTC, always with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
