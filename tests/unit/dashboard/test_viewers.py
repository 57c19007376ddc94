"""Mailboxes: in order, bounded, and each for itself."""

import asyncio

from evenly.dashboard.viewers import MOST, Mailbox, Viewers


async def read(mailbox: Mailbox, count: int) -> list[bytes]:
    found: list[bytes] = []
    async for it in mailbox.frames():
        found.append(it)
        if len(found) == count:
            break
    return found


async def test_frames_come_in_their_order() -> None:
    mailbox = Mailbox()
    mailbox.put(b"1")
    reading = asyncio.create_task(read(mailbox, 3))
    await asyncio.sleep(0)
    mailbox.put(b"2")
    mailbox.put(b"3")
    assert await reading == [b"1", b"2", b"3"]


async def test_a_closed_one_hands_out_the_rest_and_ends() -> None:
    mailbox = Mailbox()
    mailbox.put(b"last")
    mailbox.close()
    mailbox.put(b"too late")
    assert [it async for it in mailbox.frames()] == [b"last"]


async def test_who_waits_is_woken_by_the_end() -> None:
    mailbox = Mailbox()
    reading = asyncio.create_task(read(mailbox, 1))
    await asyncio.sleep(0)
    mailbox.close()
    assert await asyncio.wait_for(reading, 1) == []


async def test_a_slow_one_is_sent_away_keeps_nothing_and_holds_up_nobody() -> None:
    viewers, slow, quick = Viewers(), Mailbox(), Mailbox()
    viewers.add(slow)
    viewers.add(quick)
    for number in range(MOST + 1):
        viewers.tell(b"%d" % number)
        assert await read(quick, 1) == [b"%d" % number]
    assert slow.is_closed and not quick.is_closed and len(viewers) == 1
    assert [it async for it in slow.frames()] == []


async def test_who_left_is_told_nothing() -> None:
    viewers, mailbox = Viewers(), Mailbox()
    viewers.add(mailbox)
    viewers.remove(mailbox)
    viewers.remove(mailbox)
    viewers.tell(b"news")
    mailbox.close()
    assert [it async for it in mailbox.frames()] == [] and not viewers
