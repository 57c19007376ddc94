"""What the balancer counts of the traffic, read from its statistics. Pure."""

from typing import Any
from urllib.parse import quote

from evenly.core.traffic import Traffic
from evenly.local.balancer.settings import STATISTICS

_REQUESTS = f"http.{STATISTICS}.downstream_rq_completed"
_ERRORS = f"http.{STATISTICS}.downstream_rq_5xx"
_ACTIVE = f"http.{STATISTICS}.downstream_rq_active"
_TIME = f"http.{STATISTICS}.downstream_rq_time"
_NAMES = "completed|5xx|active|time"
STATISTICS_FILTER = quote(rf"^http\.{STATISTICS}\.downstream_rq_({_NAMES})$")


def parse_traffic(answer: Any) -> Traffic:
    """`/stats?format=json` as facts; the buckets are as fresh as Envoy's last flush: a second.

    Raises KeyError, TypeError or ValueError for anything else.
    """
    counts = {each["name"]: int(each["value"]) for each in answer["stats"] if "name" in each}
    histograms = [one for each in answer["stats"] for one in each.get("histograms", ())]
    times = [each["buckets"] for each in histograms if each["name"] == _TIME]
    buckets = tuple((float(each["upper_bound"]), int(each["cumulative"])) for time in times for each in time)
    return Traffic(counts[_REQUESTS], counts[_ERRORS], counts[_ACTIVE], buckets)
