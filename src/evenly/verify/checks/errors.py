"""A client's mistake is answered as one: 4XX, as a page or as problem JSON, and never 5XX."""

import re

from evenly.verify.catalogue import FailError, Probe, check
from evenly.verify.client import Answer, Service
from evenly.verify.reference import HTML, JSON, NOWHERE, PROBLEM, expect, expect_error, has_greetings
from evenly.verify.results import Evidence

LARGE = 2**40  # bytes that are announced; none is sent
TRAVERSALS = (
    "/../../../../../../etc/passwd",
    "/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/..%5c..%5c..%5cetc%5cpasswd",
    "/..\\..\\..\\..\\etc\\passwd",
    "/..%c0%af..%c0%af..%c0%afetc/passwd",
    "/%252e%252e/%252e%252e/etc/passwd",
    "/....//....//....//etc/passwd",
    "/static/../../../../../../etc/passwd",
    "/.env",
    "/.git/config",
)
_FILE = re.compile(r"root:[^:\n]*:0:0:|\[core\]\s*\n\s*repositoryformatversion")
MISCODED = (b"/%zz", b"/%", b"/%e0%a4%a", b"/%00", b"/\xff\xfe", b"/a b", b"/%c0%80")
MALFORMED = (
    b"{",
    b"",
    b'{"language": "en", "text": ',
    b"\xff\xfe\x00",
    b"[" * 5000,
    b"not json",
    b'{"text": "\\ud800"}',
)


@check(
    "errors.unknown-address",
    "An address that leads nowhere is 404, as a page or as problem JSON, as is asked for",
)
def unknown_address(probe: Probe) -> tuple[Evidence, ...]:
    page, problem = probe.service.get(NOWHERE, HTML), probe.service.get(NOWHERE)
    for answer in (page, problem):
        expect(answer, 404)
    if has_greetings(probe.service):
        expect_error(page, form="text/html")
        expect_error(problem, form=PROBLEM)
    return (page.evidence, problem.evidence)


@check("errors.methods", "A method that is not allowed, or that nobody knows, is 4XX")
def methods(probe: Probe) -> tuple[Evidence, ...]:
    asked = ("TRACE", "PROPFIND", "FOO", "get", "CONNECT", "G@T")
    answers = [probe.service.request(method, "/") for method in asked]
    for answer in answers:
        _is_mistake(answer)
    if has_greetings(probe.service):
        answers.append(_not_allowed(probe.service))
    return tuple(answer.evidence for answer in answers)


@check("errors.malformed-json", "JSON that is none is 4XX")
def malformed(probe: Probe) -> tuple[Evidence, ...]:
    path, strict = _takes_json(probe.service)
    answers = [
        probe.service.request("POST", path, {**JSON, "content-length": str(len(it))}, it) for it in MALFORMED
    ]
    return _all_refused(answers, strict)


@check("errors.large-body", "A body that is too large is 413, before it is sent")
def large(probe: Probe) -> tuple[Evidence, ...]:
    path, strict = _takes_json(probe.service)
    answer = probe.service.request("POST", path, {**JSON, "content-length": str(LARGE)})
    expect(answer, 413)
    return _all_refused([answer], strict)


@check("errors.coding", "A body in a coding or a character set that it is not in is 4XX")
def coding(probe: Probe) -> tuple[Evidence, ...]:
    path, strict = _takes_json(probe.service)
    coded = (
        {"content-encoding": "gzip"},
        {"content-encoding": "none-of-them"},
        {"content-type": "application/json; charset=x"},
    )
    answers = [probe.service.request("POST", path, {**JSON, **more}, b"\x1f\x8b\xff{") for more in coded]
    return _all_refused(answers, strict)


@check("errors.traversal", "No path leads out of the service, to a file or to anything else")
def traversal(probe: Probe) -> tuple[Evidence, ...]:
    answers = [probe.service.get(path) for path in TRAVERSALS]
    for answer in answers:
        if _FILE.search(answer.text):
            raise FailError("A file of the machine is served.", answer.evidence)
        _is_mistake(answer)
    return tuple(answer.evidence for answer in answers)


@check("errors.address", "An address with characters that are none is 4XX")
def address(probe: Probe) -> tuple[Evidence, ...]:
    answers = [probe.service.request("GET", target) for target in MISCODED]
    for answer in answers:
        _is_mistake(answer)
    return tuple(answer.evidence for answer in answers)


def _takes_json(service: Service) -> tuple[str, bool]:
    """Where to send a body, and whether it has to be refused: another application may take anything."""
    return ("/greetings", True) if has_greetings(service) else ("/", False)


def _not_allowed(service: Service) -> Answer:
    answer = service.request("POST", "/", JSON, b"{}")
    expect(answer, 405)
    expect_error(answer, form=PROBLEM)
    if not answer.header("allow"):
        raise FailError("The answer does not say what is allowed.", answer.evidence)
    return answer


def _all_refused(answers: list[Answer], strict: bool) -> tuple[Evidence, ...]:
    for answer in answers:
        if answer.status >= 500:
            raise FailError(f"A client's mistake is answered with {answer.status}.", answer.evidence)
        if strict:
            expect_error(answer, form=PROBLEM)
    return tuple(answer.evidence for answer in answers)


def _is_mistake(answer: Answer) -> None:
    if not 400 <= answer.status < 500:
        raise FailError(f"The answer has status {answer.status}, not 4XX.", answer.evidence)
