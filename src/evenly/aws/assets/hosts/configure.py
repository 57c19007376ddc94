"""Configures the host by the playbook, and says so step by step:  configure.py SETTINGS

Runs once, from the user data, as root; Python 3.9. What it needs beside the standard library lies in `wheels`. Docs:
docs/adr/0033-compute.md.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
STEPS = ("hardening", "logs", "agent")  # tags of the playbook, in its order
INSTANCE_ID = Path("/var/lib/cloud/data/instance-id")
UNIT = "evenly-ready"


def main(
    settings_file: str,
    run: Callable[..., Any] = subprocess.run,
    here: Path = HERE,
    instance_id: Path = INSTANCE_ID,
) -> int:
    settings = json.loads(Path(settings_file).read_text())
    site = here / "site"
    unpack(here / "wheels", site)
    sys.path.insert(0, str(site))
    from signalling import Signals  # type: ignore[import-not-found]  # beside this file

    signals = Signals(settings, instance_id.read_text().strip())
    for step in STEPS:
        done = run(play(step, settings, here), env=environment(site), check=False).returncode == 0
        signals.tell(settings["steps"][step], done)
        if not done:
            signals.finish(False)
            return 1
    watch(Path(settings_file).resolve(), here, run)
    return 0


def unpack(wheels: Path, site: Path) -> None:
    """A wheel is a zip of what belongs into site-packages."""
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)


def play(step: str, settings: Mapping[str, Any], here: Path) -> list[str]:
    """The step's tasks, on this host itself."""
    return [
        sys.executable,
        "-m",
        "ansible",
        "playbook",
        "--connection=local",
        "--inventory=localhost,",
        "--tags=" + step,
        "--extra-vars=" + json.dumps({"evenly": settings}),
        str(here / "playbook.yml"),
    ]


def environment(site: Path) -> dict[str, str]:
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": str(site),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "ANSIBLE_RETRY_FILES_ENABLED": "0",
        **{name: value for name, value in os.environ.items() if name.startswith("AWS_")},
    }


def watch(settings_file: Path, here: Path, run: Callable[..., Any]) -> None:
    """The agent starts when this has ended, and not before: systemd puts it after the user data. So whoever waits for
    it is a unit of its own."""
    if not Path("/run/systemd/system").is_dir():
        return
    command = ["systemd-run", "--collect", "--unit=" + UNIT, "--setenv=PYTHONPATH=" + str(here / "site")]
    run([*command, sys.executable, str(here / "ready.py"), str(settings_file)], check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
