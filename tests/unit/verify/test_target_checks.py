"""Each check of a target fails on one with exactly its fault, and passes on the same target without it."""

from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
from tests.unit.verify.facts import KnownFacts, crash, life, refused, status, zone

from evenly.core.facts import Attempt, NotPossibleError
from evenly.core.status import EnvironmentState
from evenly.errors import StateError
from evenly.verify.catalogue import Check, Probe, checks_in
from evenly.verify.client import Service
from evenly.verify.results import CheckResult, Verdict
from evenly.verify.running import run_checks
from evenly.verify.target import Facts

MODULES = ("target_certificates", "target_doors", "target_fleet")
WELL = KnownFacts()
LET_IN = (
    *refused("with a stranger's certificate"),
    Attempt("without a certificate", False, "HTTP/1.1 200 OK"),
)


def impossible() -> Any:
    raise NotPossibleError("This environment has no database.")


def silent() -> Any:
    raise StateError("the database could not be asked: it is down")


# What is wrong, the fact that says so, the check that finds it, and what it says.
FAULTS = [
    ("a zone is out", {"known": status(zone("a", 2), zone("b", 0, available=False))}, "zones-balanced", "b is out."),
    ("a zone holds too many", {"known": status(zone("a", 3), zone("b", 1))}, "zones-balanced", "They are not spread"),
    ("all in one zone", {"known": status(zone("a", 2), zone("b", 0), desired=2)}, "zones-balanced", "They are not"),
    ("too few", {"known": status(zone("a", 1, launching=1), zone("b", 1, launching=1))}, "zones-balanced", "2 serve,"),
    ("degraded", {"known": status(state=EnvironmentState.DEGRADED)}, "healthy", "It is degraded."),
    ("a problem", {"known": status(problem="the disk is full")}, "healthy", "The disk is full."),
    ("the app dies", {"happened": (crash("app"),) * 3}, "no-crash-loop", "Crashed within 60 s"),
    ("the balancer dies", {"happened": (crash("balancer"),) * 4}, "no-crash-loop", "Crashed within 60 s"),
    ("an instance answers", {"instances": lambda: LET_IN}, "instances-closed", "An instance answered somebody else: 1"),
    ("nothing was tried", {"instances": lambda: ()}, "instances-closed", "Nothing could be tried."),
    ("the database is open", {"database": lambda: LET_IN}, "database-closed", "The database is open: 1 of 2"),
    ("the database is silent", {"database": silent}, "database-closed", "The database could not be asked: it is down."),
    ("the app may alter", {"schema": lambda: LET_IN}, "schema-fixed", "The app's role may do it: 1 of 2"),
    ("ended", {"lives": (life(lived=91, left=-1),)}, "certificates-live", "The edge's certificate has ended on "),
    ("not yet", {"lives": (life(lived=-1, left=89),)}, "certificates-live", "The edge's certificate is not valid"),
    ("overdue", {"lives": (life(lived=84, left=6),)}, "certificates-live", "The edge's certificate ends in 6.0 days"),
    ("a person's", {"lives": (life(lived=61, left=29, renews=False),)}, "certificates-live", "The edge's certificate"),
    ("no certificate", {"lives": ()}, "certificates-live", "The target tells of no certificate."),
]  # fmt: skip

# What looks like a fault, and is none.
FINE = [
    {"known": status(zone("a", 2), zone("b", 1), desired=3)},
    {"known": status(zone("a", 3), zone("b", 2), desired=4)},  # one is about to drain
    {"happened": (crash("app"),) * 2 + (crash("balancer"),) * 2},
    {"happened": (crash("app", ran_s=61),) * 9},  # a drill, say
    {"happened": (crash("app", minutes_ago=11),) * 9},
    {"lives": (life(lived=80, left=10),)},  # its renewal is near
    {"lives": (life("authority", lived=3600, left=52),)},  # a tenth of its life would be a year
    {"lives": (life(lived=59, left=31, renews=False),)},
]


def all_checks() -> tuple[Check, ...]:
    modules = (import_module(f"evenly.verify.checks.{it}") for it in MODULES)
    return tuple(check for module in modules for check in checks_in(module))


def run(facts: Facts | None) -> dict[str, CheckResult]:
    probe = Probe(Service("https://test.localhost/"), facts)
    results = run_checks(all_checks(), probe, keep=lambda error: str(error), tell=lambda _: None)
    return {it.id.removeprefix("target."): it for it in results}


def test_a_target_without_a_fault_passes() -> None:
    for result in run(WELL).values():
        assert (result.verdict, result.why, result.advice) == (Verdict.PASS, "", ""), result
        assert result.evidence


@pytest.mark.parametrize("facts", FINE)
def test_what_is_no_fault_passes(facts: dict[str, Any]) -> None:
    failed = [it for it in run(replace(WELL, **facts)).values() if it.verdict is not Verdict.PASS]
    assert not failed


@pytest.mark.parametrize(("name", "facts", "found_by", "why"), FAULTS, ids=[it[0] for it in FAULTS])
def test_a_fault_is_found_by_its_check_alone(
    name: str, facts: dict[str, Any], found_by: str, why: str
) -> None:
    results = run(replace(WELL, **facts))
    assert [id for id, it in results.items() if it.verdict is Verdict.FAIL] == [found_by]
    found = results[found_by]
    assert found.why.startswith(why) and found.why.endswith("."), found.why
    assert found.advice


def test_every_check_has_a_fault() -> None:
    assert {found_by for _, _, found_by, _ in FAULTS} == set(run(WELL))


def test_only_what_was_let_in_is_shown() -> None:
    found = run(replace(WELL, instances=lambda: LET_IN))["instances-closed"]
    assert [(it.request, it.answer) for it in found.evidence] == [
        ("without a certificate", "HTTP/1.1 200 OK")
    ]


def test_what_a_target_can_not_do_is_skipped_and_says_why() -> None:
    found = run(replace(WELL, database=impossible, schema=impossible))
    for id in ("database-closed", "schema-fixed"):
        assert (found[id].verdict, found[id].why) == (Verdict.SKIPPED, "This environment has no database.")


def test_without_a_target_all_are_skipped() -> None:
    assert {(it.verdict, it.why) for it in run(None).values()} == {
        (Verdict.SKIPPED, "It needs an environment; only an address was given.")
    }
