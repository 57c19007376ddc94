"""Waits until the host's agent is in its cluster, and lets the host in:  ready.py SETTINGS

Python 3.9. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-introspection.html
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from urllib.request import urlopen

AGENT = "http://127.0.0.1:51678/v1/metadata"
INSTANCE_ID = Path("/var/lib/cloud/data/instance-id")
WITHIN_S, POLL_S, TIMEOUT_S = 600.0, 2.0, 2.0


def main(settings_file: str) -> int:
    from signalling import Signals  # type: ignore[import-not-found]  # beside this file

    settings = json.loads(Path(settings_file).read_text())
    signals = Signals(settings, INSTANCE_ID.read_text().strip())
    joined = waited_for(settings["cluster"])
    signals.tell(settings["group_resource"], joined)
    signals.finish(joined)
    return 0 if joined else 1


def waited_for(cluster: str, url: str = AGENT, within_s: float = WITHIN_S, poll_s: float = POLL_S) -> bool:
    """Whether the agent has come into the cluster."""
    until = time.monotonic() + within_s
    while True:
        if is_in(cluster, url):
            return True
        if time.monotonic() >= until:
            return False
        time.sleep(poll_s)


def is_in(cluster: str, url: str) -> bool:
    try:
        with urlopen(url, timeout=TIMEOUT_S) as answer:
            told = json.load(answer)
    except (OSError, ValueError):
        return False
    return told.get("Cluster") == cluster and bool(told.get("ContainerInstanceArn"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
