"""The page of a verification: the verdict, what failed, and every check with its evidence. Pure."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from evenly.verify.report.figures import count, duration, seconds
from evenly.verify.report.headlines import Tone, of_verification
from evenly.verify.report.markup import Child, Markup, element, together
from evenly.verify.report.page import badge, figures, page, time
from evenly.verify.report.tables import facts, folded, section
from evenly.verify.results import CheckResult, Evidence, Verdict, Verification

_TONES = {Verdict.PASS: Tone.PASS, Verdict.FAIL: Tone.FAIL, Verdict.SKIPPED: Tone.SKIPPED}
_NAMES = {"tls": "TLS"}


def verification_html(verification: Verification) -> str:
    """The whole page."""
    content = together(
        _figures(verification), _failures(verification), _subjects(verification), _run(verification)
    )
    about = verification.environment or verification.url
    return page("evenly verify", about, of_verification(verification), content, verification)


def _figures(verification: Verification) -> Markup:
    passed, failed, skipped = (
        len(verification.of(it)) for it in (Verdict.PASS, Verdict.FAIL, Verdict.SKIPPED)
    )
    return figures(
        [
            ("Passed", count(passed)),
            ("Failed", count(failed)),
            ("Skipped", count(skipped)),
            ("Took", seconds(verification.duration_s)),
        ]
    )


def _failures(verification: Verification) -> Markup | None:
    if not verification.failed:
        return None
    return section("failed", "What failed", _checks(verification.failed))


def _subjects(verification: Verification) -> Iterable[Markup]:
    """What did not fail, by subject."""
    rest = sorted(
        (it for it in verification.results if it.verdict is not Verdict.FAIL), key=lambda it: it.subject
    )
    for subject, results in groupby(rest, lambda it: it.subject):
        yield section(f"of-{subject}", _NAMES.get(subject, subject.capitalize()), _checks(tuple(results)))


def _checks(results: Sequence[CheckResult]) -> Markup:
    return element("ul", [element("li", _check(it)) for it in results], class_="checks")


def _check(result: CheckResult) -> Markup:
    failed = result.verdict is Verdict.FAIL
    why = element("p", result.why, class_="why" if failed else "quiet") if result.why else None
    advice = element("p", f"Try: {result.advice}") if failed and result.advice else None
    return element(
        "div",
        badge(_TONES[result.verdict]),
        element("p", result.sentence),
        why,
        advice,
        element(
            "p", element("code", result.id), f" \N{MIDDLE DOT} {duration(result.duration_s)}", class_="id"
        ),
        _proof(result.evidence, opened=failed),
        class_="check",
    )


def _proof(evidence: Sequence[Evidence], opened: bool) -> Markup | None:
    told = [_evidence(it) for it in evidence if it.request or it.answer or it.figures]
    return folded("How it was proved", told, opened=opened) if told else None


def _evidence(evidence: Evidence) -> Markup:
    pairs: list[tuple[str, Child]] = []
    pairs += [("Asked", evidence.request)] if evidence.request else []
    pairs += [("Answered", evidence.answer)] if evidence.answer else []
    told = [f"{name.replace('_', ' ')}: {_figure(value)}" for name, value in evidence.figures.items()]
    pairs += [("Figures", "\n".join(told))] if told else []
    return facts(pairs, "evidence")


def _figure(value: float | str) -> str:
    """A float that is whole may have been one in the data, and no more than that once it was read from JSON."""
    if isinstance(value, str):
        return value
    return f"{int(value):,}" if float(value).is_integer() else f"{value:.4g}"


def _run(verification: Verification) -> Markup:
    pairs: list[tuple[str, Child]] = [("Address", verification.url)]
    pairs += [("Environment", verification.environment)] if verification.environment else []
    pairs += [("Target", verification.target)] if verification.target else []
    return section("run", "The run", facts([*pairs, ("Started", time(verification.started_at))]))
