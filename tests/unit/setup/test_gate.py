"""The gate's last line is the sum of what pytest counted, and nothing bad gets past it."""

import pytest

BAD = {"passed": "", "failed": "<failure/>", "broken": "<error/>", "skipped": "<skipped/>"}


@pytest.fixture
def results(tmp_path):
    """Writes what pytest writes."""

    def write(name: str, **outcome: str):
        cases = "".join(
            f'<testcase classname="tests.unit.{name}" name="{test}">{BAD[it]}</testcase>'
            for test, it in outcome.items()
        )
        path = tmp_path / f"junit-{name}.xml"
        path.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
        return path

    return write


def test_results_add_up_and_errors_count_as_failed(gate, results):
    found = gate.outcomes(
        [results("a", one="passed", two="failed", three="broken", four="skipped"), results("b", one="passed")]
    )
    assert gate.counts(found) == gate.Counts(passed=2, failed=2, skipped=1)


def test_what_failed_and_then_could_not_be_torn_down_is_one_test(gate, tmp_path):
    path = tmp_path / "twice.xml"
    case = '<testcase classname="tests.a" name="it">{}</testcase>'
    path.write_text(f"<a>{case.format('<failure/>')}{case.format('')}{case.format('<error/>')}</a>")
    assert gate.counts(gate.outcomes([path])) == gate.Counts(failed=1)


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
        gate.Run(name, ("-n", "0", str(written(tmp_path / name / f"test_{name}.py", text))), folder=tmp_path)
        for name, text in (("first", "assert True"), ("second", "assert False"))
    ]
    assert gate.side_by_side(runs) == ["the second tests"]
    told = capfd.readouterr().out
    assert told.index("1 passed") < told.index("first tests: ") < told.index("1 failed")
    assert gate.counts(gate.outcomes([run.results for run in runs])) == gate.Counts(passed=1, failed=1)


def test_what_failed_beside_others_is_run_once_more_in_whole_files(gate, results, tmp_path):
    for name, outcome in (("e2e", "failed"), ("browser", "passed")):
        results(name, one=outcome, two="passed")
    runs = [gate.Run(name, (), folder=tmp_path) for name in ("e2e", "browser")]
    results("e2e").write_text(
        results("e2e", one="failed").read_text().replace("tests.unit.e2e", "tests.unit.setup.test_gate")
    )
    assert gate.once_more(runs).words == ("-n", "0", "tests/unit/setup/test_gate.py")


@pytest.mark.parametrize("outcome", ["passed", "failed"])
def test_nothing_is_run_once_more_where_nothing_failed_or_its_file_is_not_known(
    gate, results, tmp_path, outcome
):
    results("e2e", one=outcome)
    assert gate.once_more([gate.Run("e2e", (), folder=tmp_path)]) is None


def test_nothing_is_run_once_more_where_much_failed_or_a_run_has_no_results(gate, results, tmp_path):
    several = sorted((gate.ROOT / "tests/unit/setup").glob("test_*.py"))[: gate.MOST_ONCE_MORE + 1]
    assert len(several) > gate.MOST_ONCE_MORE
    results("e2e").write_text(
        "<a>"
        + "".join(
            f'<testcase classname="tests.unit.setup.{it.stem}" name="it"><failure/></testcase>'
            for it in several
        )
        + "</a>"
    )
    run = gate.Run("e2e", (), folder=tmp_path)
    assert gate.once_more([run]) is None
    assert gate.once_more([run, gate.Run("browser", (), folder=tmp_path)]) is None


def test_what_passed_by_itself_only_is_named(gate, tmp_path, capsys):
    assert gate.conclude([], gate.Counts(passed=1), tmp_path / "sum", alone_only=["tests.a::it"]) == 0
    told = capsys.readouterr().out
    assert "FAILED beside the others, passed by itself: tests.a::it" in told
    assert told.endswith("1 passed, 0 failed\n")


def written(path, text: str):
    path.parent.mkdir()
    path.write_text(f"def test_it():\n    {text}\n")
    return path
