"""Looks at the outside world for the supervisor: the balancer's view of health, and ports that begin to answer.

Each look runs in the background and ends in a call back; how often to look is decided in `attention`.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping

from msgspec import Struct

from evenly.core.address import host_and_port, is_socket
from evenly.core.fleet import Fleet, Health, Instance, ProcessRef
from evenly.core.status import InstanceState
from evenly.local.balancer.admin import AdminError
from evenly.local.processes import main_thread_s
from evenly.local.supervisor.attention import is_hung, next_look_s
from evenly.local.supervisor.balancer import Balancer
from evenly.local.supervisor.parts import PartKeeper

LISTENING_POLL_S = 0.02


class Background:
    """Tasks that run beside the loop, held so that they are not collected. An error in one ends them all."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not self.failed.done():
            self.failed.set_exception(error)


class Silence(Struct, frozen=True):
    """From when on which process has not answered, and what processor time it had had until then."""

    process: ProcessRef
    since: float
    worked_s: float


class HealthLooks:
    """Asks the balancer when it is time to; `seen` gets what it said. A balancer that stays silent is killed."""

    def __init__(
        self,
        balancer: Balancer,
        keeper: PartKeeper,
        seen: Callable[[Mapping[str, Health]], None],
        background: Background,
        clock: Callable[[], float],
    ) -> None:
        self._balancer = balancer
        self._keeper = keeper
        self._seen = seen
        self._background = background
        self._clock = clock
        self._looking = False
        self._looked_at = clock()
        self._silence: Silence | None = None

    def due_at(self, fleet: Fleet) -> float | None:
        """When to look next; `None` while a look is under way, or there is no balancer to ask."""
        if self._looking or not self._keeper.part.ready:
            return None
        return self._looked_at + next_look_s(fleet, self._clock())

    def look_if_due(self, fleet: Fleet) -> None:
        due_at = self.due_at(fleet)
        if due_at is not None and due_at <= self._clock():
            self._looking = True
            self._background.start(self._look(fleet))

    async def _look(self, fleet: Fleet) -> None:
        try:
            health = await self._balancer.health(fleet)
            self._silence = None
        except AdminError:
            health = {}
            self._judge_silence()
        self._looking = False
        self._looked_at = self._clock()
        self._seen(health)

    def _judge_silence(self) -> None:
        process = self._keeper.part.process
        changes_hands = self._balancer.handover.next is not None
        if process is None or not self._keeper.part.ready or changes_hands:
            self._silence = None
            return
        now, worked_s = self._clock(), main_thread_s(process.pid)
        if self._silence is None or self._silence.process != process:
            self._silence = Silence(process, now, worked_s)
        silent_s = now - self._silence.since
        if is_hung(silent_s, worked_s - self._silence.worked_s):
            self._keeper.kill(f"did not answer for {silent_s:.0f} s")


class ListeningLooks:
    """Tries the port of each instance that has been started until it answers; `listening` gets its id."""

    def __init__(self, listening: Callable[[str], None], background: Background) -> None:
        self._listening = listening
        self._background = background
        self._tried: dict[str, Instance] = {}

    def look(self, fleet: Fleet) -> None:
        """Begin to try new instances; give up those that are gone."""
        waiting = {it.id: it for it in fleet.instances if _is_awaited(it)}
        new = waiting.keys() - self._tried.keys()
        self._tried = waiting
        for id in new:
            self._background.start(self._try(id, waiting[id].address))

    async def _try(self, id: str, address: str) -> None:
        while id in self._tried:
            if await _answers(address):
                self._listening(id)
                return
            await asyncio.sleep(LISTENING_POLL_S)


def _is_awaited(instance: Instance) -> bool:
    started = instance.process is not None
    return started and instance.state is InstanceState.LAUNCHING and not instance.listening


async def _answers(address: str) -> bool:
    try:
        if is_socket(address):
            _, writer = await asyncio.open_unix_connection(address)
        else:
            _, writer = await asyncio.open_connection(*host_and_port(address))
    except OSError:
        return False
    writer.close()
    return True
