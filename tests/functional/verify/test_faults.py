"""Each check fails on a service with exactly its fault, and passes on the same service without it."""

import re
from importlib import import_module

import pytest
from tests.functional.verify.conftest import Serve
from tests.functional.verify.fault import Fault
from tests.functional.verify.faults_of_answers import ERRORS, HEALTH, REQUESTS
from tests.functional.verify.faults_of_connections import PROTOCOLS, REDIRECT, TLS
from tests.functional.verify.faults_of_content import DATABASE, HEADERS, SPREAD

from evenly.verify.catalogue import Check, checks_in
from evenly.verify.results import CheckResult, Verdict
from evenly.verify.running import run_checks

FAULTS = (*REDIRECT, *TLS, *HEADERS, *SPREAD, *DATABASE, *ERRORS, *HEALTH, *REQUESTS, *PROTOCOLS)
SUBJECTS = ("redirect", "tls", "headers", "spread", "database", "errors", "health", "requests", "protocols")
SENTENCE = re.compile(r"[A-Z/].*[^.]")
WHY = re.compile(r"[A-Zi].*\.", re.DOTALL)


def of(subject: str) -> tuple[Check, ...]:
    return tuple(checks_in(import_module(f"evenly.verify.checks.{subject}")))


def run(checks: tuple[Check, ...], probe) -> dict[str, CheckResult]:
    broken: list[BaseException] = []
    results = run_checks(checks, probe, keep=lambda error: broken.append(error) or "", tell=lambda _: None)
    assert not broken, broken
    return {it.id: it for it in results}


def named(fault: Fault) -> str:
    return f"{fault.found_by}: {fault.words}"


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_service_without_a_fault_passes(serve: Serve, subject: str) -> None:
    with serve(Fault("", "nothing is wrong")) as probe:
        for result in run(of(subject), probe).values():
            assert result.verdict is Verdict.PASS, result
            assert result.evidence, result
            assert all(len(it.request) <= 400 and len(it.answer) <= 400 for it in result.evidence)


@pytest.mark.parametrize("fault", FAULTS, ids=named)
def test_a_fault_is_found_by_its_check_alone(serve: Serve, fault: Fault) -> None:
    subject = fault.found_by.partition(".")[0]
    with serve(fault) as probe:
        results = run(of(subject), probe)
    failed = {id for id, it in results.items() if it.verdict is Verdict.FAIL}
    assert failed == {fault.found_by} | fault.also, [
        it for it in results.values() if it.verdict is Verdict.FAIL
    ]
    found = results[fault.found_by]
    assert WHY.fullmatch(found.why), found.why
    assert found.evidence, found


def test_every_check_has_a_fault() -> None:
    ours = {it.id for subject in SUBJECTS for it in of(subject)}
    assert {it.found_by for it in FAULTS} == ours
    assert len({named(it) for it in FAULTS}) == len(FAULTS)


def test_every_check_says_what_it_proves() -> None:
    for check in (it for subject in SUBJECTS for it in of(subject)):
        assert SENTENCE.fullmatch(check.sentence), check
        assert len(check.sentence) < 110, check
