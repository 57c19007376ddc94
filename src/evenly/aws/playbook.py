"""What hosts configure themselves by, as far as a template has to know it: its steps, its hash, and the first words of
a host. Reads the files of `assets/hosts/`, the first time that it is asked.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "assets" / "hosts"
STEPS = ("hardening", "logs", "agent")  # tags of the playbook, in its order
LEFT_OUT = "__pycache__"
MOST = 16 * 1024  # bytes; https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html
END = "EVENLY-END"


@cache
def digest() -> str:
    """The SHA-256 of all that hosts configure themselves by. What it vendors is in it by the hashes of its
    requirements."""
    found = hashlib.sha256()
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file() and LEFT_OUT not in path.parts:
            content = path.read_bytes()
            found.update(f"{path.relative_to(FOLDER).as_posix()}\0{len(content)}\0".encode() + content)
    return found.hexdigest()


def first_words(bucket: str, key: str, region: str, settings: Mapping[str, Any]) -> str:
    """The shell script that a host is started with. Nothing in it is a secret: whoever is on the host can read it."""
    fetch = (FOLDER / "fetch.py").read_text(encoding="utf-8")
    return "\n".join(
        (
            "#!/bin/bash",
            "set -eu",
            "umask 077",
            "mkdir -p /opt/evenly",
            "cd /opt/evenly",
            f"cat > fetch.py <<'{END}'",
            fetch.rstrip(),
            END,
            f"cat > settings.json <<'{END}'",
            json.dumps(settings, indent=1, sort_keys=True),
            END,
            f"python3 fetch.py '{bucket}' '{key}' '{region}' hosts",
            "exec python3 hosts/configure.py settings.json",
            "",
        )
    )
