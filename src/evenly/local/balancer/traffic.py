"""How much came in, and how long it took: two readings of growing counters, and what lies between. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from urllib.parse import quote

from evenly.local.balancer.settings import ANSWER_TIME, SERVICE, STATISTICS

_REQUESTS = f"http.{STATISTICS}.downstream_rq_completed"
_ERRORS = f"http.{STATISTICS}.downstream_rq_5xx"
_ACTIVE = f"http.{STATISTICS}.downstream_rq_active"
_TIME = f"http.{STATISTICS}.downstream_rq_time"
_NAMES = "completed|5xx|active|time"
STATISTICS_FILTER = quote(rf"^http\.{STATISTICS}\.downstream_rq_({_NAMES})$")

_ANSWERED = f"cluster.{SERVICE}.upstream_rq_completed"
_UNDER_WAY = f"cluster.{SERVICE}.upstream_rq_active"
ANSWERS_FILTER = quote(rf"^cluster\.{SERVICE}\.upstream_rq_(completed|active|time)$")


@dataclass(frozen=True, slots=True)
class Traffic:
    """Counts since the balancer started. `errors` are answers of 500 and above, `active` what is under way.

    `buckets` are (upper bound in milliseconds, answers that took no longer), both growing; what took longer
    than the last bound is in none. They are as fresh as Envoy's last flush: a second.
    """

    requests: int
    errors: int
    active: int
    buckets: tuple[tuple[float, int], ...] = ()

    @property
    def timed(self) -> int:
        """The answers in all of the buckets."""
        return self.buckets[-1][1] if self.buckets else 0


def parse_traffic(answer: Any) -> Traffic:
    """`/stats?format=json` as facts. Raises KeyError, TypeError or ValueError for anything else."""
    counts = _counts(answer)
    return Traffic(counts[_REQUESTS], counts[_ERRORS], counts[_ACTIVE], _buckets(answer, _TIME))


@dataclass(frozen=True, slots=True)
class Answers:
    """What the instances answered since the balancer started, each request once, however often it was tried, and how
    long they took from the end of the request to the end of the answer. `active`: under way; `buckets`: as of
    `Traffic`."""

    count: int
    active: int = 0
    buckets: tuple[tuple[float, int], ...] = ()

    @property
    def came(self) -> int:
        """The requests that came to the instances."""
        return self.count + self.active

    @property
    def timed(self) -> int:
        return self.buckets[-1][1] if self.buckets else 0


def parse_answers(answer: Any) -> Answers:
    """`/stats?format=json` as facts. Raises KeyError, TypeError or ValueError for anything else."""
    counts = _counts(answer)
    return Answers(counts.get(_ANSWERED, 0), counts[_UNDER_WAY], _buckets(answer, ANSWER_TIME))


def _counts(answer: Any) -> dict[str, int]:
    return {each["name"]: int(each["value"]) for each in answer["stats"] if "name" in each}


def _buckets(answer: Any, name: str) -> tuple[tuple[float, int], ...]:
    histograms = [one for each in answer["stats"] for one in each.get("histograms", ())]
    times = [each["buckets"] for each in histograms if each["name"] == name]
    return tuple((float(each["upper_bound"]), int(each["cumulative"])) for time in times for each in time)


def rate(before: Traffic, after: Traffic, seconds: float) -> float:
    """Answers a second between two readings. A restarted balancer counts from 0 again."""
    began = before.requests if after.requests >= before.requests else 0
    return (after.requests - began) / seconds if seconds > 0 else 0.0


def quantile(before: Traffic | Answers, after: Traffic | Answers, share: float) -> float | None:
    """The time in milliseconds that `share` (0 to 1) of the answers between two readings did not exceed.

    Straight lines between the bounds of the buckets; `None` without any answer.
    """
    grown = _between(before, after)
    wanted = share * grown[-1][1] if grown else 0.0
    for (low, below), (high, upto) in pairwise([(0.0, 0), *grown]):
        if upto >= wanted and upto > below:
            return low + (high - low) * max(wanted - below, 0) / (upto - below)
    return None


def _between(before: Traffic | Answers, after: Traffic | Answers) -> list[tuple[float, int]]:
    restarted = after.timed < before.timed
    known: Mapping[float, int] = {} if restarted else dict(before.buckets)
    return [(bound, count - known.get(bound, 0)) for bound, count in after.buckets]
