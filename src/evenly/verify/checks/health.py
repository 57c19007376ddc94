"""The service says of itself that it is alive, and that it is ready."""

from evenly.verify.catalogue import Probe, SkipError, check
from evenly.verify.reference import expect, has_greetings
from evenly.verify.results import Evidence


@check("health.alive", "/healthz says that it is alive")
def alive(probe: Probe) -> Evidence:
    return _healthy(probe, "/healthz")


@check("health.ready", "/readyz says that it is ready, with all that it depends on")
def ready(probe: Probe) -> Evidence:
    return _healthy(probe, "/readyz")


def _healthy(probe: Probe, path: str) -> Evidence:
    answer = probe.service.get(path)
    if answer.status == 404 and not has_greetings(probe.service):
        raise SkipError(f"This application has no {path}.")
    expect(answer, 200)
    return answer.evidence
