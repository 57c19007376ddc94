"""What the balancer counts of the traffic, read from its statistics. Pure."""

import re
from typing import Any
from urllib.parse import quote

from evenly.core.traffic import Answers, Traffic
from evenly.local.balancer.settings import ANSWER_TIME, SERVICE, STATISTICS

_REQUESTS = f"http.{STATISTICS}.downstream_rq_completed"
_ERRORS = f"http.{STATISTICS}.downstream_rq_5xx"
_ACTIVE = f"http.{STATISTICS}.downstream_rq_active"
_TIME = f"http.{STATISTICS}.downstream_rq_time"
_NAMES = "completed|5xx|active|time"
_EPOCH = "server.hot_restart_epoch"
STATISTICS_FILTER = quote(rf"^(http\.{STATISTICS}\.downstream_rq_({_NAMES})|{re.escape(_EPOCH)})$")

_ANSWERED = f"cluster.{SERVICE}.upstream_rq_completed"
_UNDER_WAY = f"cluster.{SERVICE}.upstream_rq_active"
ANSWERS_FILTER = quote(rf"^(cluster\.{SERVICE}\.upstream_rq_(completed|active|time)|{re.escape(_EPOCH)})$")


def parse_traffic(answer: Any) -> Traffic:
    """`/stats?format=json` as facts; the buckets are as fresh as Envoy's last flush: a second.

    Raises KeyError, TypeError or ValueError for anything else.
    """
    counts = _counts(answer)
    return Traffic(
        counts[_REQUESTS], counts[_ERRORS], counts[_ACTIVE], _buckets(answer, _TIME), counts.get(_EPOCH, 0)
    )


def parse_answers(answer: Any) -> Answers:
    """`/stats?format=json` as facts. Raises KeyError, TypeError or ValueError for anything else."""
    counts = _counts(answer)
    return Answers(
        counts.get(_ANSWERED, 0), counts[_UNDER_WAY], _buckets(answer, ANSWER_TIME), counts.get(_EPOCH, 0)
    )


def _counts(answer: Any) -> dict[str, int]:
    return {each["name"]: int(each["value"]) for each in answer["stats"] if "name" in each}


def _buckets(answer: Any, name: str) -> tuple[tuple[float, int], ...]:
    histograms = [one for each in answer["stats"] for one in each.get("histograms", ())]
    times = [each["buckets"] for each in histograms if each["name"] == name]
    return tuple((float(each["upper_bound"]), int(each["cumulative"])) for time in times for each in time)
