"""Where a task of the app runs, as it finds out itself: host, zone, and its own id. Asks the address that ECS gives
each container, and reads the file with the host's id that is mounted into it: no role, and nothing of the host's own
metadata.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html
"""

import json
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

ENDPOINT = "ECS_CONTAINER_METADATA_URI_V4"
INSTANCE_ID = re.compile(r"i-[0-9a-f]{8,17}")
UNKNOWN = "unknown"
TRIES, PAUSE_S, TIMEOUT_S = 5, 0.5, 2.0  # a task's first moments, in which the address may not answer yet

Ask = Callable[[str], Any]


def placement(environ: Mapping[str, str], ask: Ask | None = None) -> dict[str, str]:
    """The variables that tell it, as the local target names them. On Fargate EVENLY_INSTANCE_ID is empty: there is no
    host to name. What can't be found out is `unknown`; no task stays down for it."""
    place = environ.get(ENDPOINT)
    if not place:
        return {}
    told = (ask or asked)(f"{place}/task")
    arn, zone = told.get("TaskARN"), told.get("AvailabilityZone")
    return {
        "EVENLY_INSTANCE_ID": _host(environ.get("EVENLY_INSTANCE_ID_FILE")),
        "EVENLY_TASK_ID": str(arn).rpartition("/")[2] if arn else UNKNOWN,
        "EVENLY_ZONE": str(zone) if zone else UNKNOWN,
    }


def asked(url: str, pause_s: float = PAUSE_S) -> Mapping[str, Any]:
    """The JSON object at `url`, of which nothing has to be there; empty if it does not answer."""
    for number in range(TRIES):
        if number:
            time.sleep(pause_s)
        with suppress(OSError, ValueError), urlopen(url, timeout=TIMEOUT_S) as answer:  # noqa: S310  ECS's own address
            told = json.load(answer)
            return told if isinstance(told, dict) else {}
    return {}


def _host(file: str | None) -> str:
    if not file:
        return ""
    try:
        said = Path(file).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
    return said if INSTANCE_ID.fullmatch(said) else ""
