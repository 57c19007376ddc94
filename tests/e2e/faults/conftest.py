"""Load for the tests of faults: a sender that nothing makes late, and runs that count or are repeated."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from evenly.verify.load import LoadPlan, LoadResult

RATE = 500.0
VOID_RUNS = 3
SENDER = """import asyncio, contextlib, os, sys, msgspec
from pathlib import Path
from evenly.verify.load import LoadPlan, send
plan = msgspec.json.decode(sys.stdin.buffer.read(), type=LoadPlan, dec_hook=lambda _, text: Path(text))
with contextlib.suppress(PermissionError):  # what measures goes before what is measured
    os.setpriority(os.PRIO_PROCESS, 0, -15)
print("ready", flush=True)
sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(send(plan))))
"""


class Load:
    """A sender in a process of its own, so that nothing that a test does makes it late."""

    def __init__(self, made: Any, duration_s: float, rate: float, ca: bytes | None = None) -> None:
        authority = made.home / "certificates" / "ca.pem"
        if ca is not None:
            authority = made.folder / "trusted-by-the-load.pem"
            authority.write_bytes(ca)
        url = f"https://localhost:{made.https_port}/"
        plan = LoadPlan(url, rate, duration_s, ca_file=authority)
        self._wait_for = made.wait_for
        self._access_log = made.home / "logs" / "access.log"
        self._seen = self._access_log.stat().st_size
        self._sender = subprocess.Popen(
            [sys.executable, "-c", SENDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._sender.stdin and self._sender.stdout
        self._sender.stdin.write(msgspec.json.encode(plan, enc_hook=str))
        self._sender.stdin.close()
        assert self._sender.stdout.readline() == b"ready\n"

    def await_flowing(self) -> None:
        """Until the balancer has logged requests of this load."""
        self._wait_for(lambda: self._access_log.stat().st_size > self._seen, what="a logged request")

    def result(self) -> LoadResult:
        assert self._sender.stdout
        return msgspec.json.decode(self._sender.stdout.read(), type=LoadResult)

    def __enter__(self) -> "Load":
        return self

    def __exit__(self, *_: object) -> None:
        self._sender.kill()
        self._sender.__exit__(None, None, None)


@pytest.fixture(scope="session")
def under_load() -> Callable[..., LoadResult]:
    """Puts a fault in while requests come; a run whose sender was late proves nothing and is repeated."""

    def run(
        made: Any,
        fault: Callable[[], object],
        duration_s: float = 7.0,
        rate: float = RATE,
        ca: bytes | None = None,
        once: bool = False,
    ) -> LoadResult:
        """`once`: the fault can't be put in again, so a run counts whose sender was late: fewer requests at once."""
        reasons = []
        for _ in range(VOID_RUNS):
            made.wait_healthy()
            with Load(made, duration_s, rate, ca) as load:
                load.await_flowing()
                fault()
                result = load.result()
            if once:
                return result
            if result.void is None:
                assert result.requests >= rate * duration_s * 0.99
                return result
            reasons.append(result.void)
        pytest.fail(
            f"No run counts, of {VOID_RUNS}: {' '.join(reasons)} The machine is too busy for {rate:g}/s."
        )

    return run
