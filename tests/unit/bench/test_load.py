"""The pure parts of the benchmarks of load and of the catalogue."""

import pytest
from bench.catalogue import Run, read
from bench.catalogue import findings as catalogue_findings
from bench.figures import is_met
from bench.known_server import OF, QUICK_S, SLOW, SLOW_S, Book
from bench.load_generator import Error, Step, ceiling, findings
from bench.processes import RefusedError


@pytest.mark.parametrize(
    ("steps", "highest"),
    [
        ((), 0),
        ((Step(500, 51, 0),), 0),
        ((Step(500, 3, 0), Step(750, 50, 0)), 750),
        ((Step(500, 3, 0), Step(750, 80, 0), Step(1000, 5, 0)), 500),
        ((Step(500, 3, 0), Step(750, 3, 1)), 500),
    ],
)
def test_the_ceiling_is_the_last_rate_that_was_held(steps: tuple[Step, ...], highest: float) -> None:
    assert ceiling(steps) == highest


def test_what_the_load_generator_is_measured_by() -> None:
    climbs = ((Step(500, 3, 0), Step(1250, 20, 0), Step(1500, 90, 0)), (Step(500, 4, 0), Step(1250, 70, 0)))
    found = findings(climbs, (40_000, 30_000), (Error(0.4, 2.0), Error(0.6, 9.0)), (Error(0.1, 0.1),) * 2)
    most, p50, p99 = found.measures
    assert (most.ours, most.peer, is_met(most)) == ((1250, 500), (40_000, 30_000), False)
    assert (p50.ours, is_met(p50), is_met(p99)) == ((0.4, 0.6), True, None)
    assert found.tables[0].rows == (("500", "3, 4"), ("1250", "20, 70"), ("1500", "90"))


def test_the_known_server_is_slow_as_often_as_it_says() -> None:
    book = Book()
    delays = [book.delay_s() for _ in range(OF * 20)]
    assert (delays.count(SLOW_S), delays.count(QUICK_S)) == (SLOW * 20, (OF - SLOW) * 20)


def test_the_catalogue_has_15_seconds() -> None:
    runs = [Run(seconds, {"tls.chain": seconds / 2, "health.ready": 0.1}) for seconds in (9.0, 8.0, 16.0)]
    found = catalogue_findings(runs, [Run(1.0, {})] * 3)
    assert (found.measures[0].what, is_met(found.measures[0])) == ("all 2 checks", True)
    assert found.tables[0].rows == (("tls.chain", "4.50"), ("health.ready", "0.10"))
    assert not is_met(catalogue_findings([Run(15.1, {})], [Run(1.0, {})]).measures[0])


def test_a_run_with_a_failed_check_is_no_measurement() -> None:
    passed = {"id": "tls.chain", "verdict": "pass", "duration_s": 0.5}
    assert read(2.0, {"results": [passed]}) == Run(2.0, {"tls.chain": 0.5})
    with pytest.raises(RefusedError, match=r"tls\.expiry"):
        read(2.0, {"results": [passed, {"id": "tls.expiry", "verdict": "fail", "duration_s": 0.5}]})
    with pytest.raises(RefusedError, match="no check ran"):
        read(2.0, {"results": []})
