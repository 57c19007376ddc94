"""What is told while a load runs."""

from evenly.verify._outcomes import Fault, Outcome
from evenly.verify.meter import Meter, Reading


def test_before_anything_came_there_is_nothing() -> None:
    assert Meter().read(0.0) == Reading(0.0, Meter().read(1).latency, 0, 0)


def test_it_tells_of_the_last_seconds_alone_and_counts_all() -> None:
    meter = Meter()
    for number in range(1000):  # a second at 100/s that took 500 ms, then nine that took 5 ms
        due_s = number / 100
        meter.tell(Outcome(due_s, due_s + (0.5 if number < 100 else 0.005), None, 200))
    meter.tell(Outcome(9.9, 9.99, Fault.TIMEOUT))
    early, now = meter.read(10.0), meter.read(10.5)
    assert (now.requests, now.failed) == (1001, 1)
    assert 4.9 < now.latency.p99_ms < 5.1
    assert 60 < now.rate < 110
    assert early.requests == 1001


def test_what_ended_late_in_the_order_of_seconds_is_not_lost() -> None:
    meter = Meter()
    meter.tell(Outcome(0, 5.0, None, 200))
    meter.tell(Outcome(0, 4.9, None, 200))
    assert meter.read(5.5).requests == 2
    assert meter.read(5.5).rate > 0
