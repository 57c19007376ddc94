"""What the pages of loads and drills show of the requests: who answered, how it failed, how slow it was. Pure."""

from collections.abc import Mapping, Sequence

from evenly.verify._outcomes import Fault, Latency, LoadResult
from evenly.verify.histogram import Histogram
from evenly.verify.report.figures import count, digits, share
from evenly.verify.report.intervals import intervals
from evenly.verify.report.markup import Markup, together
from evenly.verify.report.panels import zone_class, zones_of
from evenly.verify.report.tables import Cell, Table, bars, table

PERCENTS = (50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99, 100.0)
LATENCY_HEADS = ("Requests", "Failed", "p50, ms", "p95, ms", "p99, ms", "Slowest, ms")
FAULTS: Mapping[Fault, str] = {
    Fault.STATUS: "Answered with another status than was expected",
    Fault.REFUSED: "No connection",
    Fault.TLS: "A connection, but no trust",
    Fault.BROKEN: "The connection broke",
    Fault.TIMEOUT: "No answer in time",
    Fault.SCENARIO: "Not what the scenario expects",
    Fault.SENDER: "Could not be sent from here",
}


def requests_row(name: Cell, requests: int, failed: int, latency: Latency) -> Sequence[Cell]:
    """A row under `LATENCY_HEADS`."""
    shown = (latency.p50_ms, latency.p95_ms, latency.p99_ms, latency.max_ms)
    none = requests == failed
    return (name, count(requests), count(failed), *("\N{EN DASH}" if none else digits(it) for it in shown))


def who_answered(load: LoadResult) -> Markup | None:
    """By zone and by instance."""
    if not load.by_zone and not load.by_instance:
        return None
    zones = zones_of(intervals(load))
    classes = {it: zone_class(zones, it) for it in zones}
    return together(
        bars("Requests by zone", "Zone", load.by_zone, classes),
        bars("Requests by instance", "Instance", load.by_instance, {}),
    )


def how_it_failed(load: LoadResult) -> Markup | None:
    if not load.errors:
        return None
    rows = tuple((FAULTS[it], count(number), share(number, load.requests)) for it, number in _by_fault(load))
    return table(Table("Failed requests", ("What came", "Requests", "Share of all"), rows, slim=True))


def statuses(load: LoadResult) -> Markup | None:
    if set(load.by_status) <= {200}:
        return None
    rows = tuple(
        (str(it), count(load.by_status[it]), share(load.by_status[it], load.requests))
        for it in sorted(load.by_status)
    )
    return table(Table("Answers by status", ("Status", "Requests", "Share of all"), rows, slim=True))


def percentiles(load: LoadResult) -> Markup | None:
    """How slow the slowest were, from the whole histogram."""
    if not load.histogram:
        return None
    found = Histogram.of_compact(load.histogram).percentiles_us(PERCENTS)
    rows = tuple((f"{each:g} %", digits(us / 1000)) for each, us in zip(PERCENTS, found, strict=True))
    return table(Table("Latency: so many took at most that long", ("Requests", "ms"), rows, slim=True))


def _by_fault(load: LoadResult) -> list[tuple[Fault, int]]:
    return sorted(load.by_fault.items(), key=lambda it: -it[1])
