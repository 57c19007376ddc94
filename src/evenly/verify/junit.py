"""A verification as JUnit XML, as pipelines read it: a suite for each subject, a case for each check. Pure."""

import re
from collections.abc import Sequence
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from evenly.verify.results import CheckResult, Evidence, Verdict, Verification

# What XML 1.0 has no way to write.
_UNWRITABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(verification: Verification) -> str:
    """The document, with its declaration."""
    root = Element("testsuites", {"name": "evenly verify", **_totals(verification.results)})
    ordered = sorted(verification.results, key=lambda it: it.subject)
    for subject, results in groupby(ordered, lambda it: it.subject):
        _suite(root, subject, tuple(results), verification)
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _suite(root: Element, subject: str, results: Sequence[CheckResult], verification: Verification) -> None:
    said = {
        "name": subject,
        "timestamp": verification.started_at,
        "hostname": verification.url,
        "errors": "0",
    }
    suite = SubElement(root, "testsuite", {**said, **_totals(results)})
    for result in results:
        _case(suite, result)


def _case(suite: Element, result: CheckResult) -> None:
    name = _written(f"{result.id}: {result.sentence}")
    case = SubElement(suite, "testcase", classname=result.subject, name=name, time=f"{result.duration_s:.3f}")
    match result.verdict:
        case Verdict.FAIL:
            failure = SubElement(case, "failure", message=_written(result.why), type="fail")
            failure.text = _written("\n".join(_told(result)))
        case Verdict.SKIPPED:
            SubElement(case, "skipped", message=_written(result.why))
        case Verdict.PASS:
            pass


def _totals(results: Sequence[CheckResult]) -> dict[str, str]:
    verdicts = [it.verdict for it in results]
    return {
        "tests": str(len(results)),
        "failures": str(verdicts.count(Verdict.FAIL)),
        "skipped": str(verdicts.count(Verdict.SKIPPED)),
        "time": f"{sum(it.duration_s for it in results):.3f}",
    }


def _told(result: CheckResult) -> list[str]:
    lines = [result.why, *(line for it in result.evidence for line in evidence_lines(it))]
    return [*lines, f"Try: {result.advice}"] if result.advice else lines


def evidence_lines(evidence: Evidence) -> list[str]:
    """What was asked, what was answered, and the figures, a line each; empty ones left out."""
    figures = ", ".join(f"{name} {_figure(value)}" for name, value in evidence.figures.items())
    return [line for line in (evidence.request, evidence.answer, figures) if line]


def _figure(value: float | str) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _written(text: str) -> str:
    return _UNWRITABLE.sub("?", text)
