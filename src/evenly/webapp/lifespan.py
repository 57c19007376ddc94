"""An ASGI application's startup and shutdown: what went wrong in them is kept, so that it can be said.

An application that knows nothing of them (it raises at once, as Django does) is served without.
"""

import logging
from dataclasses import dataclass

from evenly.webapp.forwarding import Application, Receive, Scope, Send


@dataclass(slots=True)
class Lifespan:
    """Passes startup and shutdown on to `application`. `failure`: why it did not start, in its own words."""

    application: Application
    logger: logging.Logger
    failure: str = ""
    started: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        else:
            await self.application(scope, receive, send)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def noting(message: dict[str, object]) -> None:
            if message["type"] == "lifespan.startup.failed":
                self.failure = _last_line(str(message.get("message", "")))
            self.started = self.started or message["type"] == "lifespan.startup.complete"
            await send(message)

        try:
            await self.application(scope, receive, noting)
        except Exception as error:
            self._tell(error)
            raise

    def _tell(self, error: Exception) -> None:
        if self.started:
            self.logger.error("the application failed between startup and shutdown", exc_info=error)
        elif not self.failure:
            what = f"{type(error).__name__}: {error}"
            self.logger.warning("the application is served without startup and shutdown events (%s)", what)


def _last_line(text: str) -> str:
    """Of a traceback, its exception: those of groups stand in frames of `|`, `+` and `-`."""
    lines = (line.strip(" |+-") for line in reversed(text.splitlines()))
    return next(filter(None, lines), "it gave no reason")
