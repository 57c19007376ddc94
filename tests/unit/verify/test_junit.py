"""JUnit XML, as pipelines read it."""

from xml.etree import ElementTree

from evenly.verify.junit import junit_xml
from evenly.verify.results import CheckResult, Evidence, Verdict, Verification

SHOWN = Evidence("GET /<x>", "500 \x1b[2J & \ud800", {"count": 3, "p_value": 0.000123456, "zone": "a"})
RESULTS = (
    CheckResult("tls.chain", "The chain is trusted", Verdict.PASS, (), "", 0.25),
    CheckResult("errors.page", "No error is 5XX", Verdict.FAIL, (SHOWN,), "It is.", 0.5, "evenly logs"),
    CheckResult("tls.life", "It lives", Verdict.SKIPPED, (), "Not here.", 0.0),
)
DONE = Verification("https://a.localhost/", "local", "local", "2026-03-01T12:00:00.000Z", 0.9, RESULTS)


def parsed() -> ElementTree.Element:
    return ElementTree.fromstring(junit_xml(DONE).encode())  # noqa: S314  our own


def test_a_suite_for_each_subject() -> None:
    root = parsed()
    assert [(it.get("name"), it.get("tests")) for it in root] == [("errors", "1"), ("tls", "2")]
    assert (root.get("tests"), root.get("failures"), root.get("skipped"), root.get("time")) == (
        "3",
        "1",
        "1",
        "0.750",
    )
    assert root[0].get("timestamp") == "2026-03-01T12:00:00.000Z"


def test_a_case_for_each_check() -> None:
    cases = list(parsed().iter("testcase"))
    assert [it.get("name") for it in cases] == [
        "errors.page: No error is 5XX",
        "tls.chain: The chain is trusted",
        "tls.life: It lives",
    ]
    assert [[child.tag for child in it] for it in cases] == [["failure"], [], ["skipped"]]


def test_a_failure_says_why_and_how_it_was_proved_in_characters_that_xml_has() -> None:
    failure = next(parsed().iter("failure"))
    assert failure.get("message") == "It is."
    assert (failure.text or "").splitlines() == [
        "It is.",
        "GET /<x>",
        "500 ?[2J & ?",
        "count 3, p_value 0.0001235, zone a",
        "Try: evenly logs",
    ]
