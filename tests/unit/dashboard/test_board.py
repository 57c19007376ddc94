"""When the board looks, and when it rests."""

import asyncio
from collections.abc import Callable

from tests.dashboard_world import FakeTarget

from evenly.dashboard.board import Board
from evenly.dashboard.viewers import MOST, Viewers


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


async def test_it_looks_while_somebody_does() -> None:
    target, viewers = FakeTarget(), Viewers()
    board = Board(target, viewers)  # type: ignore[arg-type]
    assert not board.is_looking
    first, second = board.join(), board.join()
    await until(lambda: len(viewers) == 2)
    board.leave(first)
    board.leave(first)
    assert board.is_looking
    board.leave(second)
    assert not board.is_looking
    asked = target.asked
    await asyncio.sleep(0.6)
    assert target.asked <= asked + 1


async def test_a_lone_viewer_who_does_not_read_is_no_reason_to_look() -> None:
    viewers = Viewers()
    board = Board(FakeTarget(), viewers)  # type: ignore[arg-type]
    stuck = board.join()
    await until(lambda: len(viewers) == 1)
    for _ in range(MOST + 1):
        viewers.tell(b"news")
    assert stuck.is_closed
    await until(lambda: not board.is_looking)
    later = board.join()
    await until(lambda: len(viewers) == 1)
    board.leave(later)


async def test_its_end_sends_all_away() -> None:
    board = Board(FakeTarget(), Viewers())  # type: ignore[arg-type]
    early = board.join()
    await board.close()
    assert early.is_closed and not board.is_looking
    assert [it async for it in early.frames()] == []
