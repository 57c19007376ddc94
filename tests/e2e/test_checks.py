"""The catalogue on the product itself: every promise holds, by each of its names and by an address alone."""

from collections.abc import Callable

import pytest
from tests.e2e.environment import Environment

from evenly.local.target import local_target
from evenly.verify.catalogue import Probe
from evenly.verify.client import Service
from evenly.verify.finding import find_checks
from evenly.verify.results import CheckResult, Verdict
from evenly.verify.running import run_checks


@pytest.fixture(scope="module")
def healthy(make_shared: Callable[..., Environment]) -> Environment:
    made = make_shared("count: 4")
    made.up()
    made.wait_healthy()
    return made


def outcomes(probe: Probe) -> dict[Verdict, list[CheckResult]]:
    broken: list[BaseException] = []
    results = run_checks(
        find_checks(None), probe, keep=lambda error: broken.append(error) or "", tell=lambda _: None
    )
    assert not broken
    return {verdict: [it for it in results if it.verdict is verdict] for verdict in Verdict}


@pytest.mark.parametrize("host", ["localhost", "hello.localhost"])
def test_every_promise_holds(healthy: Environment, host: str) -> None:
    target = local_target(healthy.folder)
    named = [url.replace("//localhost", f"//{host}") for url in (target.url, target.plain_url)]
    found = outcomes(Probe(Service(named[0], target.ca_file, named[1]), target))
    assert [(it.id, it.why, it.evidence) for it in (*found[Verdict.FAIL], *found[Verdict.SKIPPED])] == []
    assert all(it.evidence for it in found[Verdict.PASS])


def test_an_address_alone_is_enough_for_all_but_what_only_a_target_knows(healthy: Environment) -> None:
    target = local_target(healthy.folder)
    found = outcomes(Probe(Service(target.url, target.ca_file, target.plain_url), None))
    assert not found[Verdict.FAIL]
    skipped = {it.id for it in found[Verdict.SKIPPED]}
    assert {"spread.instances", "requests.logged"} <= skipped
    assert all(
        it.why == "It needs an environment; only an address was given." for it in found[Verdict.SKIPPED]
    )
