"""What growth, failover and soak make of what they have seen."""

from bench import failover, growth, soak, soaked
from bench.figures import is_met
from bench.growth import Cost
from bench.soaked import Sample, Seen

COUNTS = (2, 4, 8, 16, 32, 64)


def verdicts(findings) -> dict[str, bool | None]:
    return {it.what: is_met(it) for it in findings.measures}


def test_growth_beyond_proportion_misses_its_target() -> None:
    straight = {n: Cost(0.1 + 0.002 * n, 3.0, 30.0, 40 + 0.1 * n, 0.5) for n in COUNTS}
    assert set(verdicts(growth.findings(straight)).values()) == {True}
    square = {n: Cost(0.1 + 0.002 * n * n, 3.0, 30.0, 40 + 0.1 * n, 0.5) for n in COUNTS}
    missed = {what for what, met in verdicts(growth.findings(square)).items() if not met}
    assert missed == {"exponent of a plan"}


def test_a_plan_is_timed_for_a_fleet_of_which_all_is_replaced() -> None:
    assert growth.planning_ms((2, 8)).keys() == {2, 8}


def test_a_lost_write_a_failed_read_and_a_long_wait_miss_their_targets() -> None:
    waits = [(("primary",), 0.3), (("primary", "supervisor"), 0.9)]
    assert set(verdicts(failover.findings(1, waits, [0.1], 100, 0, 0)).values()) == {True}
    bad = failover.findings(1, [*waits, (("standby",), 1.2)], [0.1], 100, 1, 2)
    assert set(verdicts(bad).values()) == {False}
    assert bad.tables[0].rows[0] == ("primary", "1", "0.30", "0.30")


def seen(memory_mb, files=lambda _: 20.0) -> Seen:
    """Ten minutes, the first and last 100 s without faults, a sample each 10 s; the supervisor's memory as `memory_mb`
    says, everybody's open files as `files` says, by the second."""

    def at(seconds: int) -> Sample:
        memory = dict.fromkeys(soaked.ROLES, 50.0) | {"supervisor": memory_mb(seconds)}
        return Sample(
            seconds, memory, dict.fromkeys(soaked.ROLES, files(seconds)), dict.fromkeys(soaked.ROLES, 1)
        )

    samples = [at(seconds) for seconds in range(0, 600, 10)]
    return Seen(7, 400.0, 100.0, samples, [(120.0, "zone")], 6000, 0)


def test_what_grows_misses_its_target_and_what_only_warms_up_does_not() -> None:
    flat = verdicts(soaked.findings(seen(lambda at: 50.0 if at > 250 else 30.0)))
    assert set(flat.values()) == {True}
    leaking = verdicts(soaked.findings(seen(lambda at: 50.0 + at / 20)))
    assert [what for what, met in leaking.items() if not met] == ["memory of the supervisor"]


def test_files_that_faults_leave_open_miss_their_target_and_those_of_a_burst_do_not() -> None:
    burst = verdicts(soaked.findings(seen(lambda _: 50.0, lambda at: 60.0 if 100 < at < 550 else 20.0)))
    assert set(burst.values()) == {True}
    leaking = verdicts(soaked.findings(seen(lambda _: 50.0, lambda at: 20.0 if at < 100 else 20 + at / 100)))
    assert {what.split(" of ")[0] for what, met in leaking.items() if not met} == {"open files"}


def test_a_failed_request_misses_its_target() -> None:
    one = seen(lambda _: 50.0)
    one.failed = 1
    assert [what for what, met in verdicts(soaked.findings(one)).items() if not met] == [
        "failed, of 6000 requests"
    ]


def test_a_sample_in_which_a_process_was_missing_is_no_part_of_the_line() -> None:
    whole = seen(lambda _: 50.0)
    few = Sample(
        300.5,
        dict.fromkeys(soaked.ROLES, 5.0),
        dict.fromkeys(soaked.ROLES, 2),
        dict.fromkeys(soaked.ROLES, 0),
    )
    whole.samples.append(few)
    assert few not in soaked.whole(whole.samples, "app")


def test_the_supervisor_dies_in_the_first_third_alone() -> None:
    assert "supervisor" in soak.kinds(199, 600)
    assert "supervisor" not in soak.kinds(201, 600)
