"""How a run went, in one line: what stands on top of its page, and in the list of all. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from evenly.verify.drillresult import DrillResult, Drills, DrillVerdict
from evenly.verify.report.figures import count, count_of, listed, milliseconds, seconds
from evenly.verify.results import Verdict, Verification

if TYPE_CHECKING:
    from evenly.verify.loadreport import LoadReport


class Tone(StrEnum):
    """How a thing looks, and the word that says it without colour."""

    PASS = "passed"  # noqa: S105  a verdict, no password
    FAIL = "failed"
    VOID = "void"
    SKIPPED = "skipped"
    DONE = "done"  # nothing was judged
    UNREAD = "unread"


class Headline(Struct, frozen=True):
    tone: Tone
    text: str


def of_verification(verification: Verification) -> Headline:
    passed, failed, skipped = (
        len(verification.of(it)) for it in (Verdict.PASS, Verdict.FAIL, Verdict.SKIPPED)
    )
    left_out = f", {count(skipped)} skipped" if skipped else ""
    if failed:
        return Headline(
            Tone.FAIL, f"{count(failed)} of {count_of(passed + failed, 'check')} failed{left_out}."
        )
    if not passed:
        return Headline(Tone.SKIPPED, f"No check was made{left_out}.")
    if skipped:
        return Headline(Tone.PASS, f"{count_of(passed, 'check')} passed{left_out}.")
    return Headline(Tone.PASS, f"{'The check' if passed == 1 else f'All {count(passed)} checks'} passed.")


def of_drills(drills: Drills) -> Headline:
    if len(drills.results) == 1 and not drills.skipped and not drills.broken_off:
        return of_drill(drills.results[0])
    passed, failed, void = (
        len(drills.of(it)) for it in (DrillVerdict.PASS, DrillVerdict.FAIL, DrillVerdict.VOID)
    )
    told = [f"{count_of(passed, 'drill')} passed"] if passed or not drills.results else []
    told += [f"{count(failed)} failed"] if failed else []
    told += [f"{count(void)} void"] if void else []
    told += [f"{len(drills.skipped)} skipped"] if drills.skipped else []
    rest = ", and the rest was not begun" if drills.broken_off else ""
    return Headline(_tone(drills), f"{listed(told)}{rest}.")


def of_drill(drill: DrillResult) -> Headline:
    match drill.verdict:
        case DrillVerdict.VOID:
            return Headline(Tone.VOID, f"Drill {drill.kind} is void: {drill.void or 'it proves nothing.'}")
        case DrillVerdict.FAIL:
            return Headline(Tone.FAIL, f"Drill {drill.kind} failed: {' '.join(drill.missed)}")
        case DrillVerdict.PASS:
            return Headline(Tone.PASS, f"Drill {drill.kind} passed: {_cost(drill)}.")


def of_load(report: LoadReport) -> Headline:
    if report.void:
        return Headline(Tone.VOID, f"This load proves nothing: {report.void}")
    if report.broken:
        told = listed([f"{it.limit} (it was {it.figure})" for it in report.broken])
        return Headline(Tone.FAIL, f"Failed by {told}.")
    kept = (
        f"; {'the limit is' if len(report.limits) == 1 else 'all limits are'} kept" if report.limits else ""
    )
    return Headline(Tone.PASS if report.limits else Tone.DONE, f"{_answered(report)}{kept}.")


def _cost(drill: DrillResult) -> str:
    errors, requests = drill.load.errors, drill.load.requests
    failed = f"{count(errors) if errors else 'none'} of {count_of(requests, 'request')} failed"
    return failed if drill.full_s is None else f"{failed}, full capacity after {seconds(drill.full_s)}"


def _answered(report: LoadReport) -> str:
    errors, requests = report.result.errors, report.result.requests
    if not requests:
        return "No request was sent"
    failed = f"{count(errors) if errors else 'None'} of {count_of(requests, 'request')} failed"
    return failed if errors == requests else f"{failed}, p99 {milliseconds(report.result.latency.p99_ms)}"


def _tone(drills: Drills) -> Tone:
    if drills.of(DrillVerdict.FAIL):
        return Tone.FAIL
    if drills.of(DrillVerdict.VOID) or drills.broken_off:
        return Tone.VOID
    return Tone.PASS if drills.results else Tone.SKIPPED
