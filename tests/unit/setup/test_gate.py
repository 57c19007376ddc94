"""The gate's last line is the sum of what pytest counted, and nothing bad gets past it."""

import pytest

RESULTS = """<?xml version="1.0"?>
<testsuites><testsuite tests="{tests}" failures="{failures}" errors="{errors}" skipped="{skipped}"/>
</testsuites>"""


@pytest.fixture
def results(tmp_path):
    def write(name: str, tests: int, failures: int = 0, errors: int = 0, skipped: int = 0):
        path = tmp_path / name
        path.write_text(RESULTS.format(tests=tests, failures=failures, errors=errors, skipped=skipped))
        return path

    return write


def test_results_add_up_and_errors_count_as_failed(gate, results):
    total = gate.counts([results("a", 10, failures=1, errors=2, skipped=3), results("b", 5)])
    assert total == gate.Counts(passed=9, failed=3, skipped=3)


@pytest.mark.parametrize(
    ("counts", "line"),
    [
        ((12, 0, 0), "12 passed, 0 failed"),
        ((12, 1, 0), "12 passed, 1 failed"),
        ((1, 0, 2), "1 passed, 0 failed, 2 skipped"),
    ],
)
def test_the_line(gate, counts, line):
    assert str(gate.Counts(*counts)) == line


@pytest.mark.parametrize(
    ("failed", "total", "code"),
    [
        ([], (3, 0, 0), 0),
        (["types (mypy)"], (3, 0, 0), 1),
        ([], (3, 0, 1), 1),
        (["the quick tests"], (3, 1, 0), 1),
    ],
)
def test_a_failed_check_and_a_skipped_test_fail_the_gate(gate, tmp_path, capsys, failed, total, code):
    gate_summary = tmp_path / "test-summary"
    assert gate.conclude(failed, gate.Counts(*total), gate_summary) == code
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == str(gate.Counts(*total)) == gate_summary.read_text().strip()
    assert any(line.startswith("FAILED: ") for line in lines) == bool(code)


def test_each_folder_of_tests_is_in_one_run_and_faults_are_alone(gate):
    quick, browser, whole, faults = (
        each().words for each in (gate.quick, gate.browser, gate.end_to_end, gate.faults)
    )
    assert {"tests/unit", "tests/golden", "tests/functional"} <= {*quick}
    assert not {"tests/e2e", "tests/browser"} & {*quick}
    assert browser[-1] == "tests/browser"
    assert whole[-2:] == ("tests/e2e", "--ignore=tests/e2e/faults")
    assert faults == ("-n", "0", "tests/e2e/faults")


def test_runs_side_by_side_end_all_and_say_who_failed(gate, tmp_path, capfd):
    runs = [
        gate.Run(name, ("-n", "0", str(written(tmp_path / name / "test_it.py", text))), folder=tmp_path)
        for name, text in (("first", "assert True"), ("second", "assert False"))
    ]
    assert gate.side_by_side(runs) == ["the second tests"]
    told = capfd.readouterr().out
    assert told.index("1 passed") < told.index("first tests: ") < told.index("1 failed")
    assert gate.counts([run.results for run in runs]) == gate.Counts(passed=1, failed=1)


def written(path, text: str):
    path.parent.mkdir()
    path.write_text(f"def test_it():\n    {text}\n")
    return path
