"""Takes over the instances that run already, and notes what ended while nobody looked."""

import time

from evenly.local.processes import Marked
from evenly.local.supervisor.hands import InstanceHands
from evenly.local.supervisor.journal import Journal
from evenly.local.supervisor.keeper import Keeper
from evenly.local.supervisor.record import adopt
from evenly.local.supervisor.recording import Recorder


def adopt_fleet(
    recorder: Recorder, keeper: Keeper, hands: InstanceHands, journal: Journal, marked: tuple[Marked, ...]
) -> None:
    adopted = adopt(recorder.record.fleet, marked, time.monotonic())
    keeper.fleet = adopted.fleet
    for instance in adopted.fleet.instances:
        journal.write("adopt-instance", instance=instance.id)
        hands.adopt(instance)
    for id in adopted.lost:
        journal.write("lost-instance", instance=id)
    recorder.save(fleet=adopted.fleet)
