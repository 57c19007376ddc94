"""Every instance of every zone serves, and each its share."""

from collections import Counter

from msgspec import Struct

from evenly.verify.catalogue import FailError, Probe, SkipError, check
from evenly.verify.client import Service
from evenly.verify.evenness import CHANCE, chi_squared, p_value, requests_to_judge, requests_to_meet_all
from evenly.verify.reference import INSTANCE_ID, need_instances, served_by
from evenly.verify.results import Evidence

TO_LOOK_AROUND = 20
UNKNOWN = 4  # instances, as far as an address alone tells: enough requests to see so many


class Sample(Struct, frozen=True):
    """Who answered `requests` requests: by instance and zone, how often."""

    requests: int
    served: Counter[tuple[str, str]]

    @property
    def evidence(self) -> Evidence:
        shown = sorted(self.served.items(), key=lambda each: (each[0][1], each[0][0]))
        told = ", ".join(f"{instance} in {zone}: {count}" for (instance, zone), count in shown[:8])
        more = f" and {len(shown) - 8} more" if len(shown) > 8 else ""
        return Evidence(f"GET / {self.requests} times", told + more, {"requests": self.requests})


@check("spread.identity", "Every answer tells which instance of which zone gave it")
def tells_who(probe: Probe) -> Evidence:
    need_instances(probe.service)
    sample = _take(probe.service, TO_LOOK_AROUND)
    zones: dict[str, str] = {}
    for instance, zone in sample.served:
        if not INSTANCE_ID.fullmatch(instance):
            raise FailError(f"The id {instance!r} is none: i- and 17 hexadecimal digits.", sample.evidence)
        if not zone or zones.setdefault(instance, zone) != zone:
            raise FailError(f"{instance} tells more than one zone, or none.", sample.evidence)
    return sample.evidence


@check("spread.instances", "Every healthy instance of every zone serves, and nobody else")
def all_serve(probe: Probe) -> Evidence:
    need_instances(probe.service)
    healthy = _healthy(probe)
    sample = _take(probe.service, requests_to_meet_all(len(healthy)))
    if _healthy(probe) != healthy:
        raise SkipError("The instances changed meanwhile. Run it once more.")
    missing, others = healthy - set(sample.served), set(sample.served) - healthy
    if missing:
        raise FailError(f"{_named(missing)} never served.", sample.evidence)
    if others:
        raise FailError(f"{_named(others)} served, and is no healthy instance.", sample.evidence)
    return sample.evidence


@check("spread.even", "Each instance serves its share", deadline_s=30.0)
def is_even(probe: Probe) -> Evidence:
    need_instances(probe.service)
    known = len(_healthy(probe)) if probe.target else _seen(probe.service)
    if known == 1:
        raise SkipError("There is only one instance.")
    sample = _take(probe.service, requests_to_judge(known))
    counts = list(sample.served.values())  # who never serves is found by spread.instances
    statistic = chi_squared(counts)
    chance = p_value(statistic, len(counts) - 1)
    figures = {
        "requests": sample.requests,
        "chi_squared": round(statistic, 2),
        "p_value": chance,
        "bound": CHANCE,
    }
    evidence = Evidence(sample.evidence.request, sample.evidence.answer, figures)
    if chance < CHANCE:
        raise FailError(f"Chance alone is this uneven in {chance:.1e} of all runs.", evidence)
    return evidence


def _take(service: Service, requests: int) -> Sample:
    """Raises FailError for an answer that does not tell who gave it."""
    served: Counter[tuple[str, str]] = Counter()
    with service.connection() as asking:
        for _ in range(requests):
            answer = asking.request("GET", "/")
            who = served_by(answer) if answer.status == 200 else None
            if who is None:
                raise FailError("The answer does not tell which instance gave it.", answer.evidence)
            served[who] += 1
    return Sample(requests, served)


def _seen(service: Service) -> int:
    return len(_take(service, requests_to_meet_all(UNKNOWN)).served)


def _healthy(probe: Probe) -> set[tuple[str, str]]:
    """Raises SkipError without a target, or without an instance."""
    zones = probe.needs_target().status().zones
    found = {(it.id, zone.name) for zone in zones for it in zone.serving}
    if not found:
        raise SkipError("No instance is healthy.")
    return found


def _named(instances: set[tuple[str, str]]) -> str:
    return ", ".join(f"{instance} in {zone}" for instance, zone in sorted(instances))
