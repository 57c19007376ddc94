"""A verification as lines for a terminal. Pure."""

from collections.abc import Iterator
from itertools import groupby

from evenly.cli.words import coloured, count_of, harmless, listed
from evenly.verify.catalogue import Check
from evenly.verify.junit import evidence_lines
from evenly.verify.results import CheckResult, Verdict, Verification

INDENT = " " * 11


def verification_lines(verification: Verification) -> list[str]:
    """By subject a line for each check, with the evidence of those that failed; the verdict at the end."""
    width = max((len(it.id) for it in verification.results), default=0)
    ordered = sorted(verification.results, key=lambda it: it.subject)
    grouped = [
        ["", *(line for it in results for line in _result_lines(it, width))]
        for _, results in groupby(ordered, lambda it: it.subject)
    ]
    return [_address(verification), *(line for lines in grouped for line in lines), "", verdict(verification)]


def verdict(verification: Verification) -> str:
    """One line that says how it went."""
    counts = {it: len(verification.of(it)) for it in Verdict}
    told = [f"{count_of(counts[Verdict.PASS], 'check')} passed"]
    told += [f"{counts[Verdict.FAIL]} failed"] if counts[Verdict.FAIL] else []
    told += [f"{counts[Verdict.SKIPPED]} skipped"] if counts[Verdict.SKIPPED] else []
    word = Verdict.FAIL if verification.failed else Verdict.PASS
    return f"{coloured(word, f'{listed(told)}')} in {verification.duration_s:.1f} s."


def check_lines(checks: tuple[Check, ...]) -> list[str]:
    """The catalogue: id and sentence."""
    width = max((len(it.id) for it in checks), default=0)
    return [f"{it.id:<{width}}  {harmless(it.sentence)}" for it in checks]


def _address(verification: Verification) -> str:
    where = f" ({verification.environment})" if verification.environment else ""
    return f"{harmless(verification.url)}{where}"


def _result_lines(result: CheckResult, width: int) -> Iterator[str]:
    word = coloured(result.verdict, f"{result.verdict:<7}")
    skipped = result.verdict is Verdict.SKIPPED
    yield f"  {word}  {result.id:<{width}}  {harmless(result.why if skipped else result.sentence)}"
    if result.verdict is Verdict.FAIL:
        told = [line for it in result.evidence for line in evidence_lines(it)]
        advice = [f"Try: {result.advice}"] if result.advice else []
        yield from (f"{INDENT}{harmless(it)}" for it in (*told, *result.why.splitlines(), *advice))
