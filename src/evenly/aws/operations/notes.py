"""What is to be known of an environment before it is deployed, as sentences: what AWS can't take as the manifest says
it, and what comes with the way in which the service is reached. Pure.
"""

from collections.abc import Mapping

from evenly.aws.parity import differences
from evenly.aws.topology import AwsTopology, Reach

_OF_REACH: Mapping[Reach, str | None] = {
    Reach.ALIAS: None,
    Reach.INTERNAL: None,
    Reach.DEFAULT_DOMAIN: (
        "Requests go from CloudFront to the balancer in plain HTTP, within AWS: that is what edge.default_domain "
        "costs. With http.alias they are encrypted all the way."
    ),
    Reach.BALANCER: (
        "Without http.alias the balancer shows a certificate of Evenly's making, of which browsers warn, and "
        "answers 502, 503 and 504 with its own bare pages when no instance can."
    ),
}


def notes(topology: AwsTopology) -> tuple[str, ...]:
    reach = _OF_REACH[topology.reach]
    others = (f"{it.path}: {it.said}." for it in differences(topology) if it.path != "edge.default_domain")
    return (*others, *([reach] if reach else []))
