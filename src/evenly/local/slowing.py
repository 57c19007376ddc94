"""Makes an instance slow: stops all of its processes for a while, lets them run for a moment, again and again.

    python -m evenly.local.slowing PID STARTED DELAY_MS PARENT

A process of its own, marked as the environment's, so that `down` ends it as well. It ends with the instance, with
PARENT, and with SIGTERM, and whenever it ends, the instance runs on.
"""

import os
import signal
import sys
import time

from evenly.core.fleet import ProcessRef
from evenly.local import processes

RUNNING = 0.25  # of the time that it stands still


def main(pid: str, started: str, delay_ms: str, parent: str) -> None:
    instance, stopped_s = ProcessRef(int(pid), started), int(delay_ms) / 1000
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        while os.getppid() == int(parent) and processes.send(instance, signal.SIGSTOP):
            time.sleep(stopped_s)
            processes.send(instance, signal.SIGCONT)
            time.sleep(stopped_s * RUNNING)
    finally:
        processes.send(instance, signal.SIGCONT)


if __name__ == "__main__":
    main(*sys.argv[1:])
