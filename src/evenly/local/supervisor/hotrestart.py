"""The process of the balancer, and the next one beside it: looks, has `core.handover` decide, and does it.

What each was started with is in its environment, so that another supervisor goes on wherever this one ended.
"""

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Iterable
from functools import partial

from msgspec.structs import replace

from evenly.core import handover
from evenly.core.fleet import ProcessRef
from evenly.core.handover import Ask, Begin, End, Epoch, Handover, Hold, Seen
from evenly.errors import StateError
from evenly.local import processes
from evenly.local.processes import BASE_ID_MARK, DIGEST_MARK, EPOCH_MARK, Command, Marked
from evenly.local.supervisor.balancer import BALANCER_ROLE, Balancer
from evenly.local.supervisor.endings import ending
from evenly.local.supervisor.ground import Ground
from evenly.local.supervisor.parts import PartKeeper
from evenly.local.supervisor.recording import Recorder

LOOK_S = 0.02  # while the next one is on its way
AT_REST_S = 0.5
CHECK_S = 30.0


class HotRestart:
    """Of one environment's balancer. `changed` hears of every change; `free`: no deploy is under way."""

    def __init__(
        self, ground: Ground, balancer: Balancer, changed: Callable[[], None], free: Callable[[], bool]
    ) -> None:
        self._journal = ground.journal
        self._watches = ground.watches
        self._balancer = balancer
        self._free = free
        self._changed = changed
        self._clock = time.monotonic
        self._needed = balancer.digest()
        self.keeper = PartKeeper(
            BALANCER_ROLE,
            command=self._command,
            wait_ready=balancer.wait_ready,
            changed=self._part_changed,
            watches=ground.watches,
            journal=ground.journal,
            clock=self._clock,
        )
        self._news = asyncio.Event()

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should know of it, as sentences."""
        state = self._state
        return (
            (f"The balancer goes on with what it was started with: {state.why}.",) if state.given_up else ()
        )

    def adopt(self, marked: Iterable[Marked], recorder: Recorder) -> None:
        """Take over what runs, whatever it was at."""
        mains = processes.mains(marked, BALANCER_ROLE)
        epochs = [epoch for it in mains if (epoch := _epoch(it, self._clock()))]
        recorded = recorder.record.balancer
        self._balancer.handover = handover.found(epochs, recorded, known=not recorder.was_lost)
        self._balancer.base_id = next((int(it.environment[BASE_ID_MARK]) for it in mains if _knows(it)), None)
        state = self._state
        unmarked = next((it.process for it in mains if not _knows(it)), None)
        holds = state.holds.process if state.holds else unmarked
        if holds is not None:
            self.keeper.adopt(holds)
        for epoch in (state.next, state.leaves):
            if epoch is not None:
                self._journal.write("adopt-balancer", pid=epoch.process.pid)
                self._watches.add(epoch.process, partial(self._ended, epoch.process))

    async def run(self) -> None:
        """For ever."""
        while True:
            self._news.clear()
            seen = await self._seen()
            action = handover.decide(self._state, seen, self._clock())
            if action is None:
                await self._until_news()
            else:
                await self._do(action)
                await asyncio.sleep(0)

    @property
    def _state(self) -> Handover:
        return self._balancer.handover

    async def _seen(self) -> Seen:
        answers = await asyncio.to_thread(self._balancer.live_epoch) if self._state.next else None
        part = self.keeper.part
        ready = part.process is not None and part.ready
        return Seen(
            self._needed,
            ready,
            answers,
            self._free() and self._balancer.can_hand_over,
            self._balancer.leave_s,
        )

    async def _until_news(self) -> None:
        within = LOOK_S if self._state.next else AT_REST_S if self._is_busy() else None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._news.wait()

    def _is_busy(self) -> bool:
        """Something is to be done when its time has come."""
        state = self._state
        waits = state.holds is not None and state.holds.digest != self._needed
        return state.leaves is not None or (not state.given_up and (waits or state.failures > 0))

    # --- acting

    async def _do(self, action: handover.Action) -> None:
        match action:
            case Begin(number):
                await self._begin(number)
            case Hold(epoch):
                self._hold(epoch)
            case Ask(epoch):
                processes.send(epoch.process, signal.SIGINT)
                self._balancer.handover = handover.asked(self._state)
            case End(epoch, why):
                await self._kill(epoch, why)

    def _hold(self, epoch: Epoch) -> None:
        before = self._state.holds
        self._balancer.handover = handover.held(self._state, self._clock())
        self._journal.write("renewed-balancer", pid=epoch.process.pid)
        self.keeper.hand_over(epoch.process)
        if before is not None:
            self._watches.add(before.process, partial(self._ended, before.process))

    async def _begin(self, number: int) -> None:
        holds = self._state.holds
        try:
            await _check(self._balancer.check_command())
            if self._state.holds != holds:  # it has ended meanwhile, and is started again with what is needed
                return
            command = self._balancer.next_command(number)
            process, child = processes.spawn(command)
        except (OSError, StateError) as error:
            self._fail(str(error))
            return
        epoch = Epoch(process, number, command.environment[DIGEST_MARK], self._clock())
        self._balancer.handover = handover.began(self._state, epoch)
        self._journal.write("renew-balancer", pid=process.pid)
        self._watches.add(process, partial(self._ended, process), child)

    async def _kill(self, epoch: Epoch, why: str) -> None:
        if epoch == self._state.holds:
            self.keeper.kill(why)
            return
        self._journal.write("kill-balancer", why=why, pid=epoch.process.pid)
        if epoch == self._state.next:
            self._fail(why)
        await self._end(epoch)

    async def _end(self, epoch: Epoch) -> None:
        processes.send(epoch.process, signal.SIGKILL)
        while processes.is_alive(epoch.process):
            await asyncio.sleep(LOOK_S)
        self._ended(epoch.process, None)

    async def _command(self) -> Command:
        """Of one that starts alone: the one that held has ended, and nothing may be on its way to take over from it."""
        on_its_way = self._state.next
        if on_its_way:
            self._fail("the one that held has ended")
            await self._end(on_its_way)
        return await self._balancer.command()

    # --- what happens

    def _ended(self, process: ProcessRef, code: int | None) -> None:
        """`code` is heard of once, by whoever is told first."""
        state, now = self._state, self._clock()
        self.keeper.heard_end(process, code)
        if state.next and state.next.process == process:
            self._fail(f"the next one {ending(code, now - state.next.since)}")
            return
        if state.leaves and state.leaves.process == process:
            self._journal.write("left-balancer", pid=process.pid)
        self._balancer.handover = handover.left(state, process)
        self._news.set()

    def _fail(self, why: str) -> None:
        self._balancer.handover = handover.failed(self._state, why, self._clock())
        self._journal.write("not-renewed-balancer", why=why)
        self._news.set()
        self._changed()

    def _part_changed(self) -> None:
        process, state = self.keeper.part.process, self._state
        if process is None:
            self._balancer.handover = replace(state, holds=None)
        elif state.holds is None and self._balancer.started_with is not None:
            number, digest = 0, self._balancer.started_with
            self._balancer.handover = handover.started(state, Epoch(process, number, digest, self._clock()))
        self._news.set()
        self._changed()


def _knows(marked: Marked) -> bool:
    return {EPOCH_MARK, DIGEST_MARK, BASE_ID_MARK} <= marked.environment.keys()


def _epoch(marked: Marked, now: float) -> Epoch | None:
    """`None`: it was started without hot restart."""
    if not _knows(marked):
        return None
    said = marked.environment
    return Epoch(marked.process, int(said[EPOCH_MARK]), said[DIGEST_MARK], now)


async def _check(argv: tuple[str, ...]) -> None:
    """Have Envoy read its bootstrap, and do nothing. One that it refuses would only be seen when the one that holds has
    already shut its admin socket. Raises StateError with its words."""
    check = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(CHECK_S):
            _, said = await check.communicate()
    except TimeoutError:
        check.kill()
        await check.wait()
        raise StateError(f"its check did not end within {CHECK_S:g} s") from None
    if check.returncode:
        last = said.decode(errors="replace").strip().splitlines()
        raise StateError(f"it is refused: {last[-1] if last else check.returncode}")
