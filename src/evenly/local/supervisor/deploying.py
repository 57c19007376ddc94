"""What a deploy needs of the rest: the surroundings of both releases, the work of its phases, what follows its end."""

from collections.abc import Callable, Mapping
from functools import cache

import msgspec
from msgspec.structs import replace

from evenly.core.deploying import Deploy, Phase
from evenly.core.fleet import Fleet, Instance
from evenly.local.deploybook import Book, ended, kept_releases, read_book, write_book
from evenly.local.paths import Paths
from evenly.local.releases import forget, numbers, release_secrets
from evenly.local.settings import Release, read_release, read_settings, timestamp_now, write_settings
from evenly.local.state import DamagedError
from evenly.local.supervisor.database import database_of
from evenly.local.supervisor.deploys import Job
from evenly.local.supervisor.gate import ask_instances
from evenly.local.supervisor.ground import Ground
from evenly.local.supervisor.record import read_record, write_record
from evenly.local.surroundings import Surroundings, surroundings
from evenly.manifest.types import Manifest, RollbackAlarms


class Releases:
    """What the processes of each release find around them. `database`: the variables by which the running one
    connects; another one may have another URL."""

    def __init__(self, ground: Ground, database: Callable[[], Mapping[str, str]]) -> None:
        self._ground = ground
        self._database = database

    def around(self, number: int) -> Surroundings:
        paths, release = self._ground.paths, self._ground.release
        if number == release.number:
            return surroundings(paths, release, self._ground.secrets, self._database())
        other = read_release(paths, number)
        secrets = release_secrets(paths, other)
        database = database_of(paths, other, secrets)
        return surroundings(paths, other, secrets, database.variables() if database else {})


def rollback_alarms(paths: Paths) -> Callable[[int], RollbackAlarms]:
    """The limits of a release, by its number."""
    return cache(lambda number: read_release(paths, number).manifest.deployment.rollback_alarms)


def deploy_jobs(ground: Ground) -> dict[Phase, Job]:
    """What phases have to do before the next one may begin."""

    async def prepare(deploy: Deploy, _new: tuple[Instance, ...]) -> None:
        release = read_release(ground.paths, deploy.release)
        database = database_of(ground.paths, release, release_secrets(ground.paths, release))
        if database and deploy.prepares:
            for file in await database.prepare():
                ground.journal.write("migrate", file=file)

    async def check(_deploy: Deploy, new: tuple[Instance, ...]) -> None:
        await ask_instances(ground.paths, ground.topology.app.protocol, new)

    return {Phase.PREPARING: prepare, Phase.CHECKING: check}


def take_over(paths: Paths) -> None:
    """Let the environment stand on a release whose deploy is done. Safe to break off, and to begin again."""
    book = read_book(paths)
    settings = read_settings(paths)
    if book.current is None or book.current.phase is not Phase.DONE or settings is None:
        return
    release = read_release(paths, book.current.release)
    write_settings(paths, msgspec.structs.replace(settings, release=release.number))
    _stand_on(paths, release)
    write_book(paths, ended(book, book.current, timestamp_now()))
    forget_old(paths, read_book(paths), release.number)


def forget_old(paths: Paths, book: Book, running: int) -> None:
    """Remove what can't be returned to any more; what is newer than all that can stays, to be looked at."""
    kept = kept_releases(book, running)
    for number in numbers(paths):
        if number not in kept and number < max(kept):
            forget(paths, number)


def _stand_on(paths: Paths, release: Release) -> None:
    try:
        record = read_record(paths)
    except DamagedError:  # it was kept aside, and what runs is found by its marks
        return
    if record is not None:
        fleet = _fleet(record.fleet, release)
        write_record(paths, msgspec.structs.replace(record, fleet=fleet, prepared=release.number))


def _fleet(fleet: Fleet, release: Release) -> Fleet:
    return replace(
        fleet,
        release=release.number,
        desired=_within(release.manifest, fleet.desired),
        rollout=None,
        failures=0,
        failed=None,
    )


def _within(manifest: Manifest, count: int) -> int:
    return max(manifest.count.minimum, min(manifest.count.maximum, count))
