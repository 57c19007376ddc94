"""Which logs are turned over, cut off and removed, and in which order names move."""

from pathlib import Path

import pytest

from evenly.local.logs.rotation import Bounds, CutOff, LogFile, Remove, TurnOver, decide, numbered, renames

BOUNDS = Bounds(file_bytes=100, older=3, processes_bytes=250)
ACCESS = Path("access.log")


def log(name: str, size: int, written_at: float = 0.0, *, running: bool = False) -> LogFile:
    return LogFile(Path(name), size, written_at, running)


def test_what_fits_is_left_alone():
    parts = [log("balancer.log", 100)]
    assert decide(log("access.log", 100), parts, [log("i-1.log", 100), log("i-2.log", 100)], BOUNDS) == ()
    assert decide(None, [], [], BOUNDS) == ()


def test_the_access_log_is_turned_over_and_the_others_are_cut_off():
    actions = decide(log("access.log", 101), [log("database.log", 101)], [log("i-1.log", 101)], BOUNDS)
    assert actions == (
        TurnOver(ACCESS, 3),
        CutOff(Path("database.log"), 50),
        CutOff(Path("i-1.log"), 50),
    )


def test_the_oldest_that_ended_are_removed_until_the_rest_fits():
    found = [log("i-new.log", 90, 3.0), log("i-old.log", 90, 1.0), log("i-mid.log", 90, 2.0)]
    assert decide(None, [], found, BOUNDS) == (Remove(Path("i-old.log")),)


def test_what_runs_is_never_removed_but_shares_the_room():
    found = [log(f"i-{n}.log", 90, float(n), running=True) for n in range(5)]
    actions = decide(None, [], found, BOUNDS)
    assert actions == tuple(CutOff(it.path, 25) for it in found)


@pytest.mark.parametrize(
    ("there", "moves"),
    [
        ([], ["access.log>1"]),
        ([1], ["1>2", "access.log>1"]),
        ([1, 2, 3], ["2>3", "1>2", "access.log>1"]),
        ([2, 3], ["access.log>1"]),
        ([1, 3], ["1>2", "access.log>1"]),
    ],
)
def test_names_move_up_to_the_first_free_one(there, moves):
    found = renames(ACCESS, 3, [numbered(ACCESS, n) for n in there])
    assert [f"{a.name.removeprefix('access.log.')}>{b.suffix[1:]}" for a, b in found] == moves
