"""Results as runs leave them, made from a few words: for the tests of the pages that show them."""

from collections.abc import Callable, Sequence
from random import Random

from evenly.core.facts import Happening
from evenly.verify._outcomes import Fault, LoadResult, Outcome
from evenly.verify._schedule import Stage
from evenly.verify._tally import Tally
from evenly.verify.drillresult import (
    Bounds,
    Cause,
    DrillResult,
    Drills,
    DrillVerdict,
    Kind,
    Moment,
    SkippedDrill,
    phases,
)
from evenly.verify.limits import Broken
from evenly.verify.loadreport import LoadReport, PlanTold
from evenly.verify.results import CheckResult, Evidence, Verdict, Verification

STARTED = "2026-03-01T12:00:00.000Z"
URL = "https://hello.localhost:8443"
ZONES = {
    "local-a": ("i-0a1b2c3d4e5f60718", "i-0a2b2c3d4e5f60718"),
    "local-b": ("i-0b1b2c3d4e5f60718", "i-0b2b2c3d4e5f60718"),
}
FAULT_AT_S = 3.02
FULL_S = 4.21

Answer = Callable[[float, Random], Outcome]


def answered(due_s: float, chance: Random, zones: Sequence[str] = tuple(ZONES), slow: float = 1.0) -> Outcome:
    """A request that went well: about 3 ms, 12 ms at the worst, by any instance of `zones`."""
    zone = chance.choice(zones)
    took_s = slow * min(0.012, chance.lognormvariate(-5.9, 0.35))
    return Outcome(due_s, due_s + took_s, None, 200, chance.choice(ZONES[zone]), zone)


def failed(due_s: float) -> Outcome:
    return Outcome(due_s, due_s + 0.004, Fault.STATUS, 503)


def through_a_lost_zone(due_s: float, chance: Random) -> Outcome:
    """The zone local-b is away for `FULL_S`; what was on its way there takes up to 2 s."""
    if not FAULT_AT_S <= due_s < FAULT_AT_S + FULL_S:
        return answered(due_s, chance)
    slow = 90.0 if due_s < FAULT_AT_S + 0.4 and chance.random() < 0.5 else 1.6
    return answered(due_s, chance, ("local-a",), slow)


def outcomes(stages: Sequence[Stage], answer: Answer, seed: int = 7) -> tuple[Outcome, ...]:
    """A request every so often, the first at once."""
    chance, start_s, made = Random(seed), 0.0, []  # noqa: S311  no secrets
    for stage in stages:
        made += [
            answer(start_s + it / stage.rate, chance) for it in range(int(stage.rate * stage.duration_s))
        ]
        start_s += stage.duration_s
    return tuple(made)


def load(stages: Sequence[Stage], made: Sequence[Outcome]) -> LoadResult:
    tally = Tally(stages)
    for it in made:
        tally.begun(it.due_s, it.due_s + 0.0004)
        tally.add(it)
    sent_s = sum(it.duration_s for it in stages)
    return tally.result(started_s=0.0, ended_s=max([sent_s, *(it.at_s for it in made)]), sent_s=sent_s)


def moments() -> tuple[Moment, ...]:
    told = [
        (0.0, Cause.FAULT, "Zone local-b is lost, with all its instances.", None, "local-b"),
        (0.11, Cause.EVENT, "Zone local-b went out.", None, "local-b"),
        (0.12, Cause.EVENT, "Instance i-0b1b2c3d4e5f60718 was killed.", "i-0b1b2c3d4e5f60718", "local-b"),
        (0.12, Cause.EVENT, "Instance i-0b2b2c3d4e5f60718 was killed.", "i-0b2b2c3d4e5f60718", "local-b"),
        (0.31, Cause.DETECTED, "The environment is degraded.", None, None),
        (0.9, Cause.EVENT, "An instance launches.", "i-0a3b2c3d4e5f60718", "local-a"),
        (0.95, Cause.EVENT, "An instance launches.", "i-0a4b2c3d4e5f60718", "local-a"),
        (3.6, Cause.EVENT, "An instance serves.", "i-0a3b2c3d4e5f60718", "local-a"),
        (4.1, Cause.EVENT, "An instance serves.", "i-0a4b2c3d4e5f60718", "local-a"),
        (FULL_S, Cause.FULL, "Capacity is full and balanced again.", None, None),
    ]
    return tuple(Moment(FAULT_AT_S + after_s, *rest) for after_s, *rest in told)


def drill(
    answer: Answer = through_a_lost_zone,
    verdict: DrillVerdict = DrillVerdict.PASS,
    missed: tuple[str, ...] = (),
    happened: tuple[Moment, ...] | None = None,
    kind: Kind = Kind.ZONE,
    void: str | None = None,
    for_s: float = 10.4,
) -> DrillResult:
    stages = (Stage(100.0, for_s),)
    made = outcomes(stages, answer)
    before, during, after = phases(made, FAULT_AT_S, FAULT_AT_S + FULL_S)
    return DrillResult(
        kind=kind,
        sentence="Zone local-b is lost, with all its instances.",
        victim="local-b",
        verdict=verdict,
        missed=missed,
        void=void,
        bounds=Bounds(failed=0, full_s=15.0),
        rate=100.0,
        started_at=STARTED,
        fault_at_s=FAULT_AT_S,
        detected_s=0.31,
        full_s=FULL_S,
        before=before,
        during=during,
        after=after,
        moments=moments() if happened is None else happened,
        load=load(stages, made),
    )


def drills(*results: DrillResult, skipped: tuple[SkippedDrill, ...] = ()) -> Drills:
    return Drills(URL, "local", "local", STARTED, 10.9 * len(results), results, skipped)


def with_errors(due_s: float, chance: Random) -> Outcome:
    """12 requests fail, 3.1 to 3.22 s after the start."""
    return failed(due_s) if 3.095 < due_s < 3.215 else through_a_lost_zone(due_s, chance)


def failed_drill() -> DrillResult:
    return drill(with_errors, DrillVerdict.FAIL, ("12 of 1040 requests failed; 0 may.",))


def load_report(
    stages: Sequence[Stage] = (Stage(50.0, 8.0), Stage(100.0, 8.0), Stage(200.0, 8.0)),
    answer: Answer = answered,
    limits: tuple[str, ...] = ("p99 > 250ms", "errors > 0.1%"),
    broken: tuple[Broken, ...] = (),
    events: tuple[Happening, ...] = (),
    void: str | None = None,
) -> LoadReport:
    result = load(stages, outcomes(stages, answer))
    plan = PlanTold(f"{URL}/", "GET", tuple(stages), result.sent_s, (), 0, 10.0, None, None)
    return LoadReport("local", "local", STARTED, plan, result, False, void, limits, broken, events)


def verification() -> Verification:
    """Six pass, one fails, one is skipped."""
    asked = Evidence(
        "GET http://hello.localhost:8080/a?b=c", "308, Location: https://hello.localhost:8443/a?b=c"
    )
    even = Evidence(
        "GET / 300 times",
        "i-0a1b2c3d4e5f60718 in local-a: 151",
        {"requests": 300, "chi_squared": 1.13, "p_value": 0.77},
    )
    results = (
        _passed("redirect.https", "HTTP redirects to HTTPS with path and query", asked),
        _passed("redirect.safe", "The redirect leads to no foreign host", asked),
        _passed(
            "tls.versions",
            "Nothing under TLS 1.2 is spoken",
            Evidence("TLS 1.1", "refused: protocol version"),
        ),
        CheckResult(
            "tls.expiry",
            "The certificate has enough life left",
            Verdict.FAIL,
            (Evidence("the certificate of hello.localhost", "valid to 2026-03-03", {"days_left": 2.0}),),
            "The certificate ends in 2 days; 7 are asked for.",
            0.021,
            "evenly up",
        ),
        _passed("spread.even", "Each instance serves its share", even),
        _passed(
            "errors.404",
            "What is not there is answered with 404",
            Evidence("GET /nothing", "404 problem JSON"),
        ),
        _passed("health.ready", "/readyz says that it is ready", Evidence("GET /readyz", "200 ok")),
        CheckResult(
            "protocols.h3",
            "HTTP/3 is reachable where it is offered",
            Verdict.SKIPPED,
            (),
            "It is not offered.",
            0.001,
        ),
    )
    return Verification(URL, "local", "local", STARTED, 3.21, results)


def _passed(id: str, sentence: str, *evidence: Evidence) -> CheckResult:
    return CheckResult(id, sentence, Verdict.PASS, evidence, "", 0.034)
