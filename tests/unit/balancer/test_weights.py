"""What each endpoint weighs, and its zone, as Envoy reads it: a zone's weight times the share that takes requests."""

from typing import Any

import pytest
from tests.unit.core.world import fleet, instance

from evenly.core.rollout import Rollout
from evenly.core.status import InstanceState
from evenly.local.balancer.endpoints import endpoint_resources
from evenly.local.balancer.settings import Endpoint
from evenly.local.supervisor.balancer import endpoint


class Settings:
    region = "local"


def zones(*endpoints: Endpoint) -> list[Any]:
    (assignment,) = endpoint_resources(Settings(), endpoints)["resources"]  # type: ignore[arg-type]
    return assignment["endpoints"]


def effective(zone: Any) -> float:
    """What Envoy makes of the zone's weight."""
    taking = [it for it in zone["lb_endpoints"] if "health_status" not in it]
    return zone["load_balancing_weight"] * len(taking) / len(zone["lb_endpoints"])


def one(id: str, zone: str, weight: int = 1, *, draining: bool = False) -> Endpoint:
    return Endpoint(id, zone, "127.0.0.1", 2000, draining, weight)


def test_a_weight_of_one_is_not_written() -> None:
    (zone,) = zones(one("a", "local-a"), one("b", "local-a"))
    assert [it.get("load_balancing_weight") for it in zone["lb_endpoints"]] == [None, None]
    assert zone["load_balancing_weight"] == 2


@pytest.mark.parametrize("weight", [1, 50, 450])
def test_a_zone_weighs_what_those_weigh_that_take_requests(weight: int) -> None:
    (zone,) = zones(
        one("a", "local-a", weight), one("b", "local-a", 3 * weight), one("c", "local-a", draining=True)
    )
    assert effective(zone) == pytest.approx(4 * weight, rel=0.01)


def test_a_zone_in_which_none_takes_requests_has_a_weight_all_the_same() -> None:
    (zone,) = zones(one("a", "local-a", draining=True))
    assert zone["load_balancing_weight"] == 1


def test_an_instance_without_traffic_is_draining_to_the_balancer_and_another_is_not() -> None:
    some = fleet(instance("a"), rollout=Rollout(2, 2, 4, 0.0, 5.0)).instances[0]
    assert (endpoint(some, 0).draining, endpoint(some, 7).draining, endpoint(some, 7).weight) == (
        True,
        False,
        7,
    )
    leaving = instance("a", state=InstanceState.DRAINING)
    assert endpoint(leaving, 7).draining
