"""The synthetic gate, as the supervisor sees it: a process that asks the new instances and says what is wrong."""

import asyncio
import sys
from collections.abc import Sequence

import msgspec

from evenly.core.fleet import Instance
from evenly.errors import StateError
from evenly.local.certificates import CertificateFiles, instance_name
from evenly.local.inheritance import inherited
from evenly.local.paths import Paths
from evenly.local.processes import HOME_MARK, ROLE_MARK
from evenly.manifest.types import Protocol

GATE_ROLE = "gate"
MODULE = "evenly.verify.gate"
LIMIT_S = 30.0


async def ask_instances(paths: Paths, protocol: Protocol, instances: Sequence[Instance]) -> None:
    """Raises StateError for what the instances fail, and where the gate itself comes to nothing."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", MODULE),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**inherited(), ROLE_MARK: GATE_ROLE, HOME_MARK: str(paths.home)},
        cwd=paths.home,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            told, wrong = await process.communicate(_asked(paths, protocol, instances))
    except TimeoutError:
        raise StateError(f"The synthetic gate had not ended after {LIMIT_S:g} s.") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    _judge(process.returncode, told, wrong)


def _asked(paths: Paths, protocol: Protocol, instances: Sequence[Instance]) -> bytes:
    files = CertificateFiles(paths.certificates)
    secured = protocol == "https"
    return msgspec.json.encode(
        {
            "instances": [
                {"id": it.id, "address": it.address, "name": instance_name(it.id) if secured else None}
                for it in instances
            ],
            "ca": str(files.trusted),
            "certificate": str(files.client),
            "key": str(files.client_key),
        }
    )


def _judge(code: int | None, told: bytes, wrong: bytes) -> None:
    if code != 0:
        last = wrong.decode(errors="replace").strip().rpartition("\n")[2]
        raise StateError(f"The synthetic gate broke: {last or f'it ended with code {code}'}.")
    if failed := msgspec.json.decode(told, type=list[str]):
        more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        raise StateError(f"The synthetic gate is not passed: {failed[0]}{more}")
