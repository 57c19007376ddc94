"""Where an environment's files are: names only, nothing is made or read here.

`home` (`.evenly/local` beside the manifest, 0700) holds what has to outlive a reboot; `runtime` holds
sockets, whose paths end at 107 bytes, so it is short and outside the project.
"""

import hashlib
import os
from pathlib import Path

from msgspec import Struct


class Paths(Struct, frozen=True):
    """The files of one environment. `project` is the folder of the manifest."""

    project: Path
    home: Path
    runtime: Path

    @property
    def key(self) -> str:
        """12 hex digits that name this environment on this machine."""
        return environment_key(self.home)

    @property
    def settings(self) -> Path:
        return self.home / "environment.json"

    @property
    def record(self) -> Path:
        """What the supervisor knows: the fleet and the processes."""
        return self.home / "record.json"

    @property
    def journal(self) -> Path:
        return self.home / "journal.jsonl"

    @property
    def wanted(self) -> Path:
        """There as long as the environment is meant to be up: the watchdog ends without it."""
        return self.home / "wanted"

    @property
    def secrets(self) -> Path:
        return self.home / "secrets.json"

    @property
    def digest_key(self) -> Path:
        """The key without which a release's digest tells nothing of its secrets."""
        return self.home / "digest.key"

    @property
    def certificates(self) -> Path:
        return self.home / "certificates"

    @property
    def instance_certificates(self) -> Path:
        """A folder an instance, by its id."""
        return self.certificates / "instances"

    @property
    def balancer(self) -> Path:
        return self.home / "balancer"

    @property
    def releases(self) -> Path:
        return self.home / "releases"

    @property
    def deploys(self) -> Path:
        """What is known of deploys: kept as long as the data."""
        return self.home / "deploys.json"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def instance_logs(self) -> Path:
        return self.logs / "instances"

    @property
    def worker_logs(self) -> Path:
        return self.logs / "workers"

    @property
    def job_logs(self) -> Path:
        return self.logs / "jobs"

    @property
    def jobs(self) -> Path:
        """What ran of the jobs, and when: kept as long as the data."""
        return self.home / "jobs.json"

    @property
    def endings(self) -> Path:
        """How runs of jobs ended, written by their own runners: a supervisor may not have been there to see it."""
        return self.home / "endings"

    @property
    def database_version(self) -> Path:
        """Which version of PostgreSQL the data is of, from the first upgrade on: kept as long as the data."""
        return self.home / "database.json"

    @property
    def command_lock(self) -> Path:
        return self.home / "command.lock"

    @property
    def backups_lock(self) -> Path:
        """Held while backups, or what is made of one, are changed."""
        return self.home / "backups.lock"

    @property
    def supervisor_lock(self) -> Path:
        return self.home / "supervisor.lock"

    @property
    def drill(self) -> Path:
        """What is broken on purpose now; there only while something is."""
        return self.home / "drill.json"

    @property
    def drill_lock(self) -> Path:
        return self.home / "drill.lock"

    @property
    def dashboard_lock(self) -> Path:
        return self.home / "dashboard.lock"

    @property
    def dashboard(self) -> Path:
        """Where the dashboard listens, and its token."""
        return self.runtime / "dashboard.json"

    @property
    def control_socket(self) -> Path:
        return self.runtime / "control.sock"

    @property
    def admin_socket(self) -> Path:
        return self.runtime / "admin.sock"

    @property
    def hot_restart_sockets(self) -> Path:
        """The beginning of the paths of the sockets by which one balancer takes over from another."""
        return self.runtime / "h"

    @property
    def instance_sockets(self) -> Path:
        """The folder (0700) of the sockets of instances that listen on one. Its name is short: their paths are."""
        return self.runtime / "i"

    @property
    def database_sockets(self) -> Path:
        """The folder of PostgreSQL's socket."""
        return self.runtime / "pg"

    @property
    def database_link(self) -> Path:
        """The stable name that apps connect to: a symbolic link to the primary's socket folder."""
        return self.runtime / "database"


def environment_key(home: Path) -> str:
    return hashlib.sha256(os.fsencode(home)).hexdigest()[:12]


def local_paths(project: Path, runtime_root: Path, uid: int) -> Paths:
    """The paths of the local environment of `project` (absolute). `runtime_root`: see `runtime_root()`."""
    home = project / ".evenly" / "local"
    return Paths(project, home, runtime_root / f"evenly-{uid}-{environment_key(home)}")
