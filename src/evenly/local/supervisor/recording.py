"""Keeps the record: what runs, durably, at every change, so that the next supervisor can go on with it."""

from typing import Any

import msgspec

from evenly.core.fleet import Fleet, ZoneFact
from evenly.local.state import DamagedError
from evenly.local.supervisor.ground import Ground
from evenly.local.supervisor.record import Record, read_record, write_record
from evenly.local.supervisor.storage import keeping


class Recorder:
    """The record of one environment, as this supervisor found it and changes it. `was_down`: there was none, for
    the environment is brought up anew. `was_lost`: there was one, and it could not be read."""

    def __init__(self, ground: Ground) -> None:
        self._paths = ground.paths
        self.was_down = not ground.paths.record.exists()
        known = _known(ground)
        self.was_lost = known is None and not self.was_down
        self.record = known or Record(fleet=_new_fleet(ground))

    def writing(self) -> frozenset[str]:
        """The ids of the instances and workers that run, and write to logs."""
        fleets = (self.record.fleet, *self.record.workers.values())
        return frozenset(it.id for fleet in fleets for it in fleet.instances)

    def save(self, **changes: Any) -> None:
        """Change these fields of the record, and write it."""
        self.record = msgspec.structs.replace(self.record, **changes)
        with keeping("the record"):  # what runs goes on, and is found again by its marks
            write_record(self._paths, self.record)


def _known(ground: Ground) -> Record | None:
    try:
        return read_record(ground.paths)
    except DamagedError as error:
        ground.journal.write("damaged-record", kept_as=error.aside.name)
        return None


def _new_fleet(ground: Ground) -> Fleet:
    zones = tuple(ZoneFact(zone.name) for zone in ground.topology.zones)
    return Fleet(desired=ground.topology.count.minimum, release=ground.release.number, zones=zones)
