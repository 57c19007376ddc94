"""A load as lines for a terminal, and what of its options is pure."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace
from yarl import URL

from evenly.cli.load import exit_code
from evenly.cli.loadoptions import address, check_consent, is_here, read_headers, typed
from evenly.cli.loadtext import load_lines, milliseconds, progress_line, sent
from evenly.errors import UsageError
from evenly.verify._outcomes import Fault, Latency, Outcome
from evenly.verify._schedule import Stage
from evenly.verify._tally import Tally
from evenly.verify.limits import Broken
from evenly.verify.load import LoadPlan
from evenly.verify.loadreport import LoadReport, told
from evenly.verify.meter import Reading

Plain = Callable[[str], str]


def report(
    *outcomes: Outcome, late_s: float = 0.0, limit: Broken | None = None, interrupted: bool = False
) -> LoadReport:
    plan = LoadPlan("https://localhost:8443/", 10, 1, then=(Stage(20, 1),))
    tally = Tally(plan.stages)
    tally.begun(0, late_s)
    for each in outcomes:
        tally.add(each)
    result = tally.result(started_s=0, ended_s=2, sent_s=2)
    limits = (limit.limit,) if limit else ()
    broken = (limit,) if limit else ()
    return LoadReport(
        "local",
        "local",
        "2026-03-01T12:00:00.000Z",
        told(plan, None),
        result,
        interrupted,
        result.void,
        limits,
        broken,
        (),
    )


GOOD = Outcome(0.5, 0.51, None, 200, "i-1", "local-a")
BAD = Outcome(1.5, 1.6, Fault.STATUS, 503)


def test_each_stage_has_a_line_and_so_have_the_failures_and_who_answered(plain: Plain) -> None:
    lines = [plain(it) for it in load_lines(report(GOOD, BAD, Outcome(1.6, 3, Fault.TIMEOUT)))]
    assert lines[0] == "https://localhost:8443/ (local): 10/s for 1 s, then 20/s for 1 s"
    assert [it.split()[:4] for it in lines[2:6]] == [
        ["requests", "failed", "p50", "p90"],
        ["10/s", "1", "0", "10"],
        ["20/s", "2", "2", "-"],
        ["all", "3", "2", "10"],
    ]
    assert "  1 failed: not the expected status (503 1 times)" in lines
    assert "  1 failed: no answer in time" in lines
    assert "  zones: local-a 1" in lines
    assert lines[-1] == "3 requests, 2 failed (66.7 %), 0.5/s answered."


@pytest.mark.parametrize(
    ("made", "code", "last"),
    [
        (report(GOOD), 0, "1 request, 0 failed, 0.5/s answered."),
        (report(BAD), 0, "1 request, 1 failed (100 %), 0/s answered."),
        (report(GOOD, limit=Broken("p99 > 1ms", "10 ms")), 1, "answered: 1 limit broken."),
        (report(GOOD, late_s=0.08), 3, "Void: The sender was 80 ms late; up to 50 ms counts."),
        (report(GOOD, late_s=0.08, limit=Broken("p99 > 1ms", "10 ms")), 3, "Void: "),
        (report(GOOD, interrupted=True), 130, "Ended early: 1 request"),
        (report(GOOD, interrupted=True, limit=Broken("p99 > 1ms", "10 ms")), 130, "Ended early: "),
    ],
)
def test_the_verdict_and_the_exit_code_say_the_same(
    made: LoadReport, code: int, last: str, plain: Plain
) -> None:
    assert exit_code(made) == code
    assert last in plain(load_lines(made)[-1])


def test_a_broken_limit_is_told_with_its_figure(plain: Plain) -> None:
    assert "p99 > 1ms: 10 ms" in load_lines(report(GOOD, limit=Broken("p99 > 1ms", "10 ms")))


def test_nothing_of_a_scenario_or_an_answer_can_steer_the_terminal(plain: Plain) -> None:
    made = report(
        Outcome(0, 1, None, 200, "i-\x1b[2J", "\x1b[2J", "GET /\x1b[2J"),
        Outcome(0, 1, None, 200, name="GET /"),
    )
    steering = replace(made, result=replace(made.result, complaints={"shop.py:1: \x1b[2J": 3}))
    assert not any("\x1b" in plain(line) for line in load_lines(steering))
    assert "shop.py:1: \\x1b[2J (3 times)" in load_lines(steering)


def test_how_it_goes_fits_into_a_line() -> None:
    now = Reading(1234.4, Latency(p50_ms=2.13, p99_ms=1512), 9999, 1)
    assert progress_line(now, 12.2, 30) == "12 of 30 s  1,234/s  p50 2.13 ms  p99 1.51 s  1 error"
    assert progress_line(now, 31, 30).startswith("30 of 30 s")


@pytest.mark.parametrize(
    ("figure", "shown"), [(0.1234, "0.123 ms"), (2.5, "2.5 ms"), (250, "250 ms"), (1500, "1.5 s")]
)
def test_a_latency_has_three_digits(figure: float, shown: str) -> None:
    assert milliseconds(figure) == shown


def test_the_method_is_told_where_it_is_another() -> None:
    assert sent(replace(report().plan, method="POST")).startswith("POST, 10/s for 1 s")
    assert sent(replace(report().plan, scenario="shop.py")).startswith("shop.py, 10/s for 1 s")


def test_this_machine_is_known_by_each_of_its_addresses() -> None:
    assert all(map(is_here, ("localhost", "127.0.0.1", "127.0.1.5", "::1")))
    assert not is_here("192.0.2.1")  # reserved for documentation (RFC 5737)
    check_consent(URL("https://localhost:8443/"), "", None)
    with pytest.raises(UsageError, match="nothing was sent"):
        check_consent(URL("http://192.0.2.1/"), "", "192.0.2.2")
    check_consent(URL("http://192.0.2.1/"), "", "192.0.2.1")


def test_an_address_keeps_its_path_unless_one_is_given() -> None:
    assert str(address("https://localhost:8443/a?b=1", None)) == "https://localhost:8443/a?b=1"
    assert str(address("https://localhost:8443/a?b=1", "/c?d=2")) == "https://localhost:8443/c?d=2"


@pytest.mark.parametrize("url", ["localhost:8443", "https://", "http://[::1/", ""])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="is no address to send to"):
        address(url, None)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError, match="there is a user in this address") as error:
        address("https://ada:hunter2@localhost/", None)
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize("path", ["orders", "//example.com/", ""])
def test_a_path_stays_on_the_service(path: str) -> None:
    with pytest.raises(UsageError, match="is no path"):
        address("https://localhost:8443/", path)


def test_a_wrong_header_is_not_repeated_because_it_may_be_a_secret() -> None:
    for wrong in ("hunter2", ": hunter2", "a b: hunter2", "X: hunter2\r\nY: 1"):
        with pytest.raises(UsageError) as error:
            read_headers((wrong,))
        assert "hunter2" not in str(error.value)


def test_a_body_is_json_unless_a_header_says_otherwise() -> None:
    assert typed({}, b"{}") == {"Content-Type": "application/json"}
    assert typed({"content-type": "text/plain"}, b"hi") == {"content-type": "text/plain"}
    assert typed({}, None) == {}
