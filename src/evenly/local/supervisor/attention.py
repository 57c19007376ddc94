"""How often to ask the balancer about the fleet's health, and when its silence is a fault. Pure."""

from evenly.core.fleet import Fleet, Instance
from evenly.core.status import InstanceState

CLOSELY_S = 0.03
NEARLY_S = 0.25
AT_REST_S = 1.0
CLOSE_FOR_S = 5.0  # an instance that has been on its way for longer need not be watched that closely
SILENT_S = 5.0
BUSY_S = 30.0


def next_look_s(fleet: Fleet, now: float) -> float:
    """Seconds until the next question: soon while something is on its way, seldom at rest."""
    moving = [it for it in fleet.instances if _is_moving(it)]
    if any(now - it.since < CLOSE_FOR_S for it in moving):
        return CLOSELY_S
    return NEARLY_S if moving else AT_REST_S


def is_hung(silent_s: float, worked_s: float) -> bool:
    """Whether a balancer that has not answered for so long never will. `worked_s`: the processor time that the thread
    which answers has had meanwhile. One that got some only waits for its turn, on a machine that is too busy: it
    serves, and without it nobody would."""
    return silent_s > (BUSY_S if worked_s else SILENT_S)


def _is_moving(instance: Instance) -> bool:
    match instance.state:
        case InstanceState.LAUNCHING:
            return instance.listening
        case InstanceState.DRAINING | InstanceState.UNHEALTHY:
            return True
        case _:
            return False
