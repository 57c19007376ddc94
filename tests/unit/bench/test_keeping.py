"""What documents say of the benchmarks is what was measured."""

from dataclasses import replace
from pathlib import Path

import pytest
from bench.__main__ import NAMES
from bench.by_hand.stack import HERE as BY_HAND
from bench.drawing import plotted
from bench.figures import Curve, Findings, Measure, Plot, Report, image
from bench.keeping import DOCUMENT, keep, kept, quoted, with_quotes
from bench.processes import RefusedError
from bench.wrk import Seen, read

from evenly.webapp import greetings

REPORT = Report("help", "2 cores", "2026-01-31", Findings("nothing", (Measure("time", "s", (1.0,), (2.0,)),)))
BEFORE = "Said.\n<!-- bench: help -->\nold\n<!-- /bench -->\n<!-- bench: idle -->\nkept\n<!-- /bench -->\n"


def test_the_document_quotes_the_results_that_are_kept() -> None:
    said = DOCUMENT.read_text()
    assert said == with_quotes(said, kept()), "Run the benchmark again: its figures are not to be edited."


def test_the_plots_are_those_of_the_results_that_are_kept() -> None:
    for name, report in kept().items():
        if report.findings.plot:
            assert (DOCUMENT.parent / image(name)).read_text() == plotted(report.findings.plot), name


def test_the_document_has_a_place_for_every_benchmark() -> None:
    assert quoted(DOCUMENT.read_text()) == set(NAMES)


def test_what_is_kept_comes_back_as_it_was(tmp_path: Path) -> None:
    document = tmp_path / "benchmarks.md"
    document.write_text(BEFORE)
    keep(REPORT, tmp_path / "results", document)
    assert kept(tmp_path / "results") == {"help": REPORT}


def test_a_plot_is_drawn_beside_the_document_and_shown_in_it(tmp_path: Path) -> None:
    plot = Plot(
        "Memory", "Flat.", "minutes", ((0, "0"), (2, "1")), (Curve("MB", (1.0, None, 3.0), (2.0, 2.0, 2.0)),)
    )
    report = replace(REPORT, findings=replace(REPORT.findings, plot=plot))
    document = tmp_path / "benchmarks.md"
    document.write_text(BEFORE)
    keep(report, tmp_path / "results", document)
    assert "![Memory](images/bench-help.svg)" in document.read_text()
    assert (tmp_path / "images" / "bench-help.svg").read_text().startswith("<svg")
    assert kept(tmp_path / "results") == {"help": report}


def test_keeping_renews_one_quote_and_leaves_the_rest(tmp_path: Path) -> None:
    renewed = with_quotes(BEFORE, {"help": REPORT})
    assert "old" not in renewed
    assert "| time | 1.00 s | 2.00 s | 0.50 x |  |" in renewed
    assert renewed.endswith("<!-- bench: idle -->\nkept\n<!-- /bench -->\n")
    assert with_quotes(renewed, {"help": REPORT}) == renewed


def test_the_peer_asks_the_database_the_same() -> None:
    assert (BY_HAND / "query.sql").read_text().split() == greetings._ANY.split()


def test_only_answers_that_were_no_errors_count() -> None:
    said = (
        "Running 1s test\n"
        'counted {"microseconds":2000000,"answers":100,"not_ok":7,"connect":1,"read":2,"write":3,"timeout":4,'
        '"p50":1500,"p99":9000}\n'
    )
    assert read(said) == Seen(good=93, bad=17, seconds=2.0, p50_ms=1.5, p99_ms=9.0)


def test_a_load_that_did_not_finish_is_told() -> None:
    with pytest.raises(RefusedError, match="unable to connect"):
        read("unable to connect to localhost:1 Connection refused\n")
