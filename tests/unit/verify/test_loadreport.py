"""The report of a load as data: whole, and without a secret."""

import msgspec
from msgspec.structs import replace

from evenly.core.facts import Happening
from evenly.verify._outcomes import Fault, Outcome
from evenly.verify._schedule import Stage
from evenly.verify._tally import Tally
from evenly.verify.limits import Broken
from evenly.verify.load import LoadPlan
from evenly.verify.loadreport import LoadReport, told

SECRET = "hunter2"


def plan() -> LoadPlan:
    return LoadPlan(
        f"https://ada:{SECRET}@localhost:8443/orders?token={SECRET}#top",
        100,
        2,
        method="POST",
        headers={"X-Trace": "1", "Authorization": f"Bearer {SECRET}"},
        body=SECRET.encode(),
        then=(Stage(200, 3),),
    )


def report() -> LoadReport:
    tally = Tally(plan().stages)
    tally.add(Outcome(0.5, 0.6, None, 200, "i-1", "local-a", "POST /orders"))
    tally.add(Outcome(3.0, 3.5, Fault.STATUS, 500))
    return LoadReport(
        environment="local",
        target="local",
        started_at="2026-03-01T12:00:00.000Z",
        plan=told(plan(), None),
        result=tally.result(started_s=1, ended_s=5, sent_s=5),
        interrupted=False,
        void=None,
        limits=("p99 > 1ms",),
        broken=(Broken("p99 > 1ms", "100 ms"),),
        events=(Happening(7, "2026-03-01T12:00:01.000Z", "launch", "It started.", "i-1", "local-a"),),
    )


def test_of_the_plan_it_tells_no_secret() -> None:
    assert SECRET not in msgspec.json.encode(report()).decode()
    found = told(plan(), None)
    assert (found.url, found.headers, found.body_bytes) == (
        "https://localhost:8443/orders",
        ("Authorization", "X-Trace"),
        7,
    )
    assert (found.stages, found.duration_s) == ((Stage(100, 2), Stage(200, 3)), 5)


def test_it_survives_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(report()), type=LoadReport) == report()


def test_a_void_run_breaks_no_limit() -> None:
    assert report().failed
    assert not replace(report(), void="The sender was 80 ms late; up to 50 ms counts.").failed
