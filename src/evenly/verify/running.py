"""Runs checks side by side, and makes of whatever comes of each a result. Reads no clock but the monotonic one.

A check runs in a thread that ends with this process, so that one that hangs can be left behind at its deadline.
"""

import linecache
import queue
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from evenly.core.facts import NotPossibleError
from evenly.errors import EvenlyError
from evenly.verify.asking.answers import NoAnswerError
from evenly.verify.catalogue import Check, FailError, Probe, SkipError
from evenly.verify.results import CheckResult, Evidence, Verdict, sentence

SIDE_BY_SIDE = 4

Tell = Callable[[CheckResult], None]
Keep = Callable[[BaseException], str]


def run_checks(checks: Sequence[Check], probe: Probe, *, keep: Keep, tell: Tell) -> tuple[CheckResult, ...]:
    """The result of each check, in their order. `tell` hears of each as soon as it is known. `keep` takes what a check
    raised that it should not have, and says where that was kept."""
    together = _Run(probe, keep, tell)
    found = together.all([it for it in checks if not it.alone], SIDE_BY_SIDE)
    found |= together.all([it for it in checks if it.alone], 1)
    return tuple(found[it.id] for it in checks)


class _Run:
    """One run over one probe."""

    def __init__(self, probe: Probe, keep: Keep, tell: Tell) -> None:
        self._probe = probe
        self._keep = keep
        self._tell = tell

    def all(self, checks: Iterable[Check], at_once: int) -> dict[str, CheckResult]:
        waiting = deque(checks)
        under_way: dict[str, tuple[Check, float]] = {}
        found: dict[str, CheckResult] = {}
        done: queue.SimpleQueue[CheckResult] = queue.SimpleQueue()
        while waiting or under_way:
            while waiting and len(under_way) < at_once:
                under_way |= self._start(waiting.popleft(), done)
            for result in _next(done, under_way):
                if under_way.pop(result.id, None):  # what ends after its deadline comes too late
                    found[result.id] = result
                    self._tell(result)
        return found

    def _start(self, check: Check, done: "queue.SimpleQueue[CheckResult]") -> dict[str, tuple[Check, float]]:
        threading.Thread(target=lambda: done.put(self._result(check)), daemon=True).start()
        return {check.id: (check, time.monotonic())}

    def _result(self, check: Check) -> CheckResult:
        began = time.monotonic()
        verdict, evidence, why = self._outcome(check)
        advice = check.advice if verdict is Verdict.FAIL else ""
        return CheckResult(check.id, check.sentence, verdict, evidence, why, time.monotonic() - began, advice)

    def _outcome(self, check: Check) -> tuple[Verdict, tuple[Evidence, ...], str]:
        try:
            return Verdict.PASS, _evidence(check.run(self._probe)), ""
        except FailError as failed:
            return Verdict.FAIL, failed.evidence, failed.why
        except (SkipError, NotPossibleError) as skipped:
            return Verdict.SKIPPED, (), skipped.why
        except NoAnswerError as silent:
            return Verdict.FAIL, (silent.evidence,), silent.why
        except AssertionError as broken:
            return Verdict.FAIL, (), str(broken) or _broken_line(broken)
        except EvenlyError as error:
            return Verdict.FAIL, (), sentence(error.what)
        except OSError as error:
            return (
                Verdict.FAIL,
                (),
                f"It could not be asked: {error.strerror or str(error) or type(error).__name__}.",
            )
        except BaseException as error:  # a defect of the check: it may not end the others
            told = f"The check itself broke ({type(error).__name__}). {self._keep(error)}"
            return Verdict.FAIL, (), told


def _next(
    done: "queue.SimpleQueue[CheckResult]", under_way: dict[str, tuple[Check, float]]
) -> list[CheckResult]:
    """The next result, or those that are overdue when none comes before."""
    until = min(began + check.deadline_s for check, began in under_way.values())
    try:
        return [done.get(timeout=max(0.0, until - time.monotonic()))]
    except queue.Empty:
        return [_overdue(check) for check, began in under_way.values() if began + check.deadline_s <= until]


def _overdue(check: Check) -> CheckResult:
    why = f"It had not ended after {check.deadline_s:g} s."
    return CheckResult(check.id, check.sentence, Verdict.FAIL, (), why, check.deadline_s, check.advice)


def _evidence(proof: object) -> tuple[Evidence, ...]:
    """Raises FailError for what is no evidence: a check of a user's own may return anything."""
    match proof:
        case None:
            return ()
        case Evidence():
            return (proof,)
        case tuple() if all(isinstance(it, Evidence) for it in proof):
            return proof
    kind = type(proof).__name__
    raise FailError(f"The check returned {kind}; it has to return Evidence, a tuple of it, or nothing.")


def _broken_line(error: AssertionError) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    line = frame.line or linecache.getline(frame.filename, frame.lineno or 0).strip()
    return f"This does not hold: {line.removeprefix('assert ')}"
