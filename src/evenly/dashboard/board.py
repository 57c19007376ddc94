"""Looks at the environment for all who look at the dashboard, and only while somebody does."""

import asyncio
import logging
import time
import traceback
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from msgspec import Struct

from evenly.core.facts import Happening, ReleaseFact
from evenly.core.traffic import Reading, Window
from evenly.dashboard.frames import RETRY, frame
from evenly.dashboard.looking import EVENTS, Pace, Question, Seen, Timeline, point_of, view_of
from evenly.dashboard.values import Hello, Offer, Point, View
from evenly.dashboard.viewers import Mailbox, Viewers
from evenly.errors import EvenlyError
from evenly.verify.drill import breaks
from evenly.verify.drillresult import Kind
from evenly.verify.target import Facts

LOOK_S = 0.25
TRAFFIC_S = 0.5
WINDOW_S = 2.0  # the balancer's times are up to a second old
HISTORY = 600  # points: five minutes
RATES = (200,)
DEFECTS = 20  # that are kept
DEFECT = "Something went wrong that should not. The dashboard's log has the details."
RECENT = (timedelta(hours=1), timedelta(days=1), None)
LOGGER = logging.getLogger(__name__)


class Clocks(Struct, frozen=True):
    """Monotonic seconds, and the wall clock (aware)."""

    now: Callable[[], float] = time.monotonic
    wall: Callable[[], datetime] = lambda: datetime.now(UTC)


class Board:
    """`extra` are the frames that a viewer gets after the first: what others have to say."""

    def __init__(
        self,
        target: Facts,
        viewers: Viewers,
        extra: Callable[[], bytes] = bytes,
        clocks: Clocks | None = None,
    ) -> None:
        self._target = target
        self._viewers = viewers
        self._extra = extra
        self._clocks = clocks or Clocks()
        self._timeline = Timeline()
        self._pace = Pace()
        self._window = Window(WINDOW_S)
        self._history: deque[Point] = deque(maxlen=HISTORY)
        self._view: View | None = None
        self._waiting: set[Mailbox] = set()
        self._work: asyncio.Task[None] | None = None
        self._defects: set[str] = set()
        self._release = lru_cache(maxsize=1)(target.release)

    def join(self) -> Mailbox:
        """Begin to look, if nobody did. The mailbox gets all that is known as soon as something is."""
        mailbox = Mailbox()
        if self._view is None:
            self._waiting.add(mailbox)
        else:
            self._greet(mailbox, self._view)
        if self._work is None:
            self._work = asyncio.get_running_loop().create_task(self._watch())
        return mailbox

    def leave(self, mailbox: Mailbox) -> None:
        """Look no longer, if it was the last."""
        self._waiting.discard(mailbox)
        self._viewers.remove(mailbox)
        self._rest_if_alone()

    @property
    def is_looking(self) -> bool:
        return self._work is not None

    async def close(self) -> None:
        """Send every viewer away, and look no longer."""
        for mailbox in self._waiting:
            mailbox.close()
        self._viewers.close()
        work = self._work
        self._rest()
        if work is not None:
            with suppress(asyncio.CancelledError):
                await work

    def _rest_if_alone(self) -> None:
        if not self._waiting and not self._viewers:
            self._rest()

    def _rest(self) -> None:
        if self._work is not None:
            self._work.cancel()
        self._work = self._view = None
        self._window.clear()

    def _greet(self, mailbox: Mailbox, view: View) -> None:
        mailbox.put(RETRY + frame("hello", self._hello()))
        mailbox.put(self._extra() + frame("view", view))
        self._viewers.add(mailbox)

    def _hello(self) -> Hello:
        target = self._target
        return Hello(
            name=target.name,
            environment=target.environment,
            url=target.url,
            production=target.is_production,
            drills=[Offer(kind, breaks(kind)) for kind in Kind],
            rates=RATES,
            history=tuple(self._history),
            events=tuple(self._timeline.last),
        )

    async def _watch(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._every(LOOK_S, self._look))
            tasks.create_task(self._every(TRAFFIC_S, self._measure))

    async def _every(self, seconds: float, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            began = self._clocks.now()
            await step()
            await asyncio.sleep(max(seconds / 5, seconds - (self._clocks.now() - began)))

    async def _look(self) -> None:
        clocks = self._clocks
        question = self._timeline.question(clocks.wall(), clocks.now())
        seen, found = await asyncio.to_thread(self._seen, question)
        news = self._timeline.news(found)
        if news:
            self._viewers.tell(frame("events", news))
        view = view_of(seen, clocks.wall())
        if self._pace.is_due(view, clocks.now()):
            self._viewers.tell(frame("view", view))
        self._view = view
        for mailbox in self._waiting:
            self._greet(mailbox, view)
        self._waiting.clear()
        self._rest_if_alone()  # who does not read was sent away

    async def _measure(self) -> None:
        reading = await asyncio.to_thread(self._reading)
        rates = self._window.add(reading) if reading else None
        if reading is None:
            self._window.clear()
        elif rates is None:  # the first: there is nothing to compare it to
            return
        point = point_of(rates, self._clocks.wall())
        self._history.append(point)
        self._viewers.tell(frame("traffic", point))

    # --- in a thread

    def _seen(self, question: Question) -> tuple[Seen, tuple[Happening, ...]]:
        found: tuple[Happening, ...] = ()
        try:
            found = self._events(question)
            status = self._target.status()
            return Seen(status, release=self._release_of(status.release)), found
        except EvenlyError as error:
            return Seen(None, f"{error.what[:1].upper()}{error.what[1:]}."), found
        except Exception as error:  # a defect of ours: the page says so, and goes on
            self._keep_defect(error)
            return Seen(None, DEFECT), found

    def _events(self, question: Question) -> tuple[Happening, ...]:
        if question != Question():
            return tuple(self._target.events(question.after, question.since))
        found: tuple[Happening, ...] = ()
        for span in RECENT:  # a long journal is not read for its last page
            since = self._clocks.wall() - span if span else None
            found = tuple(self._target.events(0, since))
            if len(found) >= EVENTS:
                break
        return found

    def _release_of(self, number: int) -> ReleaseFact | None:
        try:
            return self._release(number)
        except EvenlyError:
            return None

    def _reading(self) -> Reading | None:
        """`None` when the balancer does not answer."""
        try:
            return Reading(self._clocks.now(), self._target.traffic())
        except EvenlyError:
            return None
        except Exception as error:
            self._keep_defect(error)
            return None

    def _keep_defect(self, error: Exception) -> None:
        """Each once, not four times a second."""
        defect = repr(error)
        if defect not in self._defects and len(self._defects) < DEFECTS:
            self._defects.add(defect)
            LOGGER.error("%s", "".join(traceback.format_exception(error)))
