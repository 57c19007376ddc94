"""Whatever a check does, it has one result, in its place, and in time."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from evenly.core.facts import NotPossibleError
from evenly.errors import StateError
from evenly.verify.catalogue import Check, FailError, Probe, SkipError
from evenly.verify.client import NoAnswerError, Service
from evenly.verify.finding import find_checks, select
from evenly.verify.results import CheckResult, Evidence, Verdict
from evenly.verify.running import SIDE_BY_SIDE, run_checks

PROBE = Probe(Service("https://test.localhost/"), None)
ASSERTS = """\
from evenly.verify import check


@check("shop.asserts", "It holds")
def asserts(probe):
    found = [1, 2]
    assert len(found) == 3
"""
HAS_TO = "it has to return Evidence, a tuple of it, or nothing."
SEEN = Evidence("asked", "answered", {"count": 1})


def raising(error: BaseException) -> Callable[[Probe], Evidence]:
    def run(_: Probe) -> Evidence:
        raise error

    return run


def a_check(run: Callable[[Probe], object], id: str = "a.b", **more: object) -> Check:
    return Check(id, "It holds", run, advice="try this", **more)  # type: ignore[arg-type]


def run(*checks: Check, kept: list[BaseException] | None = None) -> tuple[CheckResult, ...]:
    def keep(error: BaseException) -> str:
        (kept if kept is not None else []).append(error)
        return "The details are in a.log."

    return run_checks(checks, PROBE, keep=keep, tell=lambda _: None)


@pytest.mark.parametrize(
    ("does", "verdict", "evidence", "why"),
    [
        (lambda _: SEEN, Verdict.PASS, (SEEN,), ""),
        (lambda _: (SEEN, SEEN), Verdict.PASS, (SEEN, SEEN), ""),
        (lambda _: None, Verdict.PASS, (), ""),
        (raising(FailError("It does not.", SEEN)), Verdict.FAIL, (SEEN,), "It does not."),
        (raising(SkipError("Not here.")), Verdict.SKIPPED, (), "Not here."),
        (raising(NotPossibleError("Not there.")), Verdict.SKIPPED, (), "Not there."),
        (raising(StateError("it is down")), Verdict.FAIL, (), "It is down."),
        (raising(NoAnswerError("GET /", "No.")), Verdict.FAIL, (Evidence("GET /", "No."),), "No."),
        (raising(OSError(111, "Refused")), Verdict.FAIL, (), "It could not be asked: Refused."),
        (raising(TimeoutError()), Verdict.FAIL, (), "It could not be asked: TimeoutError."),
        (raising(AssertionError("no hello")), Verdict.FAIL, (), "no hello"),
        (lambda _: True, Verdict.FAIL, (), f"The check returned bool; {HAS_TO}"),
        (raising(KeyError("x")), Verdict.FAIL, (), "The check itself broke (KeyError). The details are in a.log."),
        (raising(SystemExit(3)), Verdict.FAIL, (), "The check itself broke (SystemExit). The details are in a.log."),
    ],
)  # fmt: skip
def test_what_comes_of_a_check(does, verdict: Verdict, evidence: tuple[Evidence, ...], why: str) -> None:
    (result,) = run(a_check(does))
    assert (result.verdict, result.evidence, result.why) == (verdict, evidence, why)
    assert result.advice == ("try this" if verdict is Verdict.FAIL else "")


def test_a_plain_assert_shows_its_line(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(ASSERTS)  # pytest rewrites the asserts of its own files
    (found,) = select(find_checks(tmp_path), ("shop",))
    (result,) = run(found)
    assert (result.verdict, result.why) == (Verdict.FAIL, "This does not hold: len(found) == 3")


def test_only_what_should_not_have_been_raised_is_kept() -> None:
    kept: list[BaseException] = []
    run(a_check(raising(KeyError("x"))), kept=kept)
    run(a_check(raising(FailError("No."))), a_check(raising(AssertionError()), "a.c"), kept=kept)
    assert [str(it) for it in kept] == ["'x'"]


def test_results_come_in_the_order_of_the_checks() -> None:
    slow = a_check(lambda _: time.sleep(0.1), "a.slow")
    alone = a_check(lambda _: None, "a.alone", alone=True)
    assert [it.id for it in run(alone, slow, a_check(lambda _: None))] == ["a.alone", "a.slow", "a.b"]


def test_checks_run_side_by_side_as_many_as_may() -> None:
    together = threading.Barrier(SIDE_BY_SIDE, timeout=10)

    def meets(_: Probe) -> None:
        together.wait()

    checks = [a_check(meets, f"a.b{number}") for number in range(SIDE_BY_SIDE)]
    assert {it.verdict for it in run(*checks)} == {Verdict.PASS}
    most = Most()
    run(*(a_check(most, f"a.b{number}") for number in range(3 * SIDE_BY_SIDE)))
    assert most.seen == SIDE_BY_SIDE


def test_a_check_that_wants_to_be_alone_is() -> None:
    most = Most()
    checks = [a_check(most, f"a.alone{number}", alone=True) for number in range(3)]
    others = [a_check(lambda _: time.sleep(0.01), f"a.b{number}") for number in range(3)]
    run(checks[0], others[0], checks[1], others[1], checks[2], others[2])
    assert most.seen == 1


class Most:
    """A check that counts how many of it run at the same time."""

    def __init__(self) -> None:
        self._now, self.seen, self._lock = 0, 0, threading.Lock()

    def __call__(self, _: Probe) -> None:
        with self._lock:
            self._now += 1
            self.seen = max(self.seen, self._now)
        time.sleep(0.02)
        with self._lock:
            self._now -= 1


def test_one_that_hangs_is_left_behind_at_its_deadline() -> None:
    hangs = threading.Event()
    try:
        stuck = a_check(lambda _: hangs.wait(60) and None, "a.stuck", deadline_s=0.1)
        late, fine = run(stuck, a_check(lambda _: None))
        assert (late.verdict, late.why) == (Verdict.FAIL, "It had not ended after 0.1 s.")
        assert fine.verdict is Verdict.PASS
    finally:
        hangs.set()


def test_what_ends_after_its_deadline_comes_too_late() -> None:
    told: list[str] = []
    late = a_check(lambda _: time.sleep(0.3), "a.late", deadline_s=0.1)
    waits = a_check(lambda _: time.sleep(0.6), "a.waits")
    first, _ = run_checks((late, waits), PROBE, keep=str, tell=lambda it: told.append(it.id))
    assert (first.verdict, told) == (Verdict.FAIL, ["a.late", "a.waits"])


def test_each_is_told_of_once_as_soon_as_it_is_known() -> None:
    told: list[str] = []
    checks = [a_check(lambda _: None, f"a.b{number}") for number in range(9)]
    run_checks(checks, PROBE, keep=str, tell=lambda it: told.append(it.id))
    assert sorted(told) == sorted(it.id for it in checks)
