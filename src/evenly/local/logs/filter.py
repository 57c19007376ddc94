"""Which sources, and which of their lines, are about one instance or one zone. Reads the journal."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from evenly.errors import UsageError
from evenly.local.logs.book import NAMED, Source, turned_over
from evenly.local.paths import Paths

TELLING = ("access", "supervisor")  # they tell of instances; balancer and database do not


class About:
    """Keeps what is about one zone, or one instance (its id, or how it begins). Raises UsageError for an unknown
    one. What the journal says is read when made, and again when there is a source that was not there before."""

    def __init__(self, paths: Paths, *, zone: str | None = None, instance: str | None = None) -> None:
        self._paths = paths
        self._zone = zone
        self._zones = instance_zones(paths)
        self._instance = known_instance(instance, self._zones) if instance is not None else None
        self._names: frozenset[str] = frozenset()
        if zone is not None and zone not in self._zones.values():
            raise _unknown_zone(zone, self._zones)

    def filter(self, found: Sequence[Source]) -> list[Source]:
        """The sources of the zone's instances (or the one), and of access log and journal what tells of them."""
        names = frozenset(it.name for it in found)
        if not names <= self._names:
            self._zones = instance_zones(self._paths)
            self._names = names
        if self._instance is not None:
            return list(_about(found, (self._instance,), (self._instance,)))
        ids = tuple(sorted(id for id, zone in self._zones.items() if zone == self._zone))
        return list(_about(found, ids, (self._zone or "", *ids)))


def instance_zones(paths: Paths) -> dict[str, str]:
    """The zone of each instance and worker's process that the journal remembers, by id."""
    lines = (line for file in reversed(turned_over(paths.journal)) for line in _launches(file))
    return {said["instance"]: said["zone"] for said in lines}


def known_instance(said: str, zones: Mapping[str, str]) -> str:
    """The one id that begins like `said`. Raises UsageError where there is none, or more than one."""
    found = (
        [said] if said in zones else [id for id in zones if id.startswith((said, f"i-{said}", f"w-{said}"))]
    )
    if len(found) == 1:
        return found[0]
    raise UsageError(
        f"{said} could be {', '.join(sorted(found)[:5])}." if found else f"nothing is known of {said}.",
        where="--instance",
        try_="Write more of the id that evenly status shows.",
    )


def _unknown_zone(said: str, zones: Mapping[str, str]) -> UsageError:
    names = sorted(set(zones.values()))
    told = f"Name {' or '.join(names)}." if names else "Nothing was launched here yet."
    return UsageError(f"there is no zone {said}.", where="--zone", try_=told)


def _about(found: Iterable[Source], ids: tuple[str, ...], words: tuple[str, ...]) -> Iterator[Source]:
    quoted = tuple(json.dumps(word).encode() for word in words)
    for source in found:
        if source.name in TELLING:
            yield replace(source, about=quoted)
        elif source.name not in NAMED and source.name.endswith(ids):
            yield source


def _launches(file: Path) -> Iterator[dict[str, str]]:
    try:
        with file.open("rb") as lines:
            for raw in lines:
                if b'"zone":' in raw and b'"instance":' in raw and (said := _entry(raw)):
                    yield said
    except OSError:
        return


def _entry(raw: bytes) -> dict[str, str] | None:
    try:
        said = json.loads(raw)
    except ValueError:
        return None
    return said if isinstance(said, dict) and {"instance", "zone"} <= said.keys() else None
