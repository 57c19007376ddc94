"""Time, as it is passed in: what the clock says, and how to wait."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from msgspec import Struct

FIRST_S, LONGEST_S, GROWTH = 0.2, 5.0, 1.5


class Clock(Struct, frozen=True):
    """`now`: seconds since the epoch, as AWS tells its times. `pause`: waits so many seconds."""

    now: Callable[[], float] = time.time
    pause: Callable[[float], None] = time.sleep

    def rounds(self) -> Iterator[int]:
        """Numbers from 0 on, with a pause between them that grows: an answer that comes soon is seen soon, and one that
        does not is not asked for a thousand times."""
        number, wait = 0, FIRST_S
        while True:
            yield number
            self.pause(wait)
            number, wait = number + 1, min(wait * GROWTH, LONGEST_S)

    def today(self) -> str:
        """RFC 3339, to the second."""
        return datetime.fromtimestamp(self.now(), UTC).isoformat(timespec="seconds")
