"""Every status of an environment while something happens to it."""

import threading
from typing import Any

from evenly.core.status import EnvironmentStatus


def size(status: EnvironmentStatus) -> int:
    """All that are there, whether they serve or not."""
    return sum(len(zone.instances) for zone in status.zones)


class Watch:
    """Looks at the status all the while, in a thread of its own."""

    def __init__(self, made: Any) -> None:
        self._made = made
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.seen: list[EnvironmentStatus] = []

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.03):
            self.seen.append(self._made.look())

    def healthy(self) -> list[int]:
        return [len(status.serving) for status in self.seen]

    def sizes(self) -> list[int]:
        return [size(status) for status in self.seen]

    def differences(self) -> list[int]:
        counts = [[len(zone.serving) for zone in status.zones] for status in self.seen]
        return [max(each) - min(each) for each in counts]
