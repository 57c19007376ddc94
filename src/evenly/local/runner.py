"""Runs one attempt of a job and writes down how it ended, whoever is there to see it. Standard library only.

    python -I -S runner.py ENDING PROGRAM [ARGUMENT...]

The program gets this process's environment, session and output. ENDING, a file, is written in one step when it has
ended: {"code": 0, "seconds": 1.5, "why": ""}, the code negative for a signal. SIGTERM goes to the whole session, so
that this process, which stays to tell, need not pass it on.
"""

import json
import os
import signal
import sys
import time

NOT_FOUND = 127


def main(ending: str, argv: "list[str]") -> int:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)  # a handler, unlike SIG_IGN, is not passed on to the program
    began = time.monotonic()
    try:
        pid = os.posix_spawnp(argv[0], argv, os.environ)
    except OSError as error:
        tell(ending, NOT_FOUND, 0.0, "could not be started: %s: %s" % (error.strerror, argv[0]))
        return NOT_FOUND
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    tell(ending, code, time.monotonic() - began, "")
    return code if code >= 0 else 128 - code


def tell(ending: str, code: int, seconds: float, why: str) -> None:
    beside = ending + ".new"
    try:
        with open(beside, "w") as file:
            json.dump({"code": code, "seconds": seconds, "why": why}, file)
            file.flush()
            os.fsync(file.fileno())
        os.rename(beside, ending)
    except OSError:  # a full disk: our exit code tells it to whoever waits for us
        pass


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
