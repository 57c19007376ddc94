"""An environment that nobody uses: nothing grows, nothing is opened, nothing is restarted."""

import time

import psutil

QUIET_S = 5.0


def test_nothing_grows_without_traffic(make):
    made = make()
    made.up()
    seen = states_of_the_standby(made)
    assert "down" not in seen, seen  # it was never up: it is starting
    supervisor = psutil.Process(made.part_pids["supervisor"])
    made.wait_for(lambda: unchanged_for_a_second(made), 30, "rest")
    before, open_files = (sizes(made), made.part_pids, made.serving), supervisor.num_fds()
    began = time.monotonic()
    made.wait_for(lambda: time.monotonic() - began > QUIET_S)
    assert (sizes(made), made.part_pids, made.serving) == before
    # More for a moment: each look at the balancer takes a socket.
    made.wait_for(lambda: supervisor.num_fds() <= open_files, 10, f"{open_files} open descriptors")


def states_of_the_standby(made) -> list[str]:
    """Each that it was in, until it is in sync."""
    seen: list[str] = []

    def look() -> bool:
        standby = made.look().database_members[1]
        seen.append(standby.state)
        return standby.in_sync

    made.wait_for(look, 60, "a standby in sync")
    return seen


def sizes(made) -> dict[str, tuple[int, int]]:
    """By file: its size, and its inode, which a file that is written anew changes."""
    return {str(it): (it.stat().st_size, it.stat().st_ino) for it in made.home.rglob("*") if it.is_file()}


def unchanged_for_a_second(made) -> bool:
    before, began = sizes(made), time.monotonic()
    made.wait_for(lambda: time.monotonic() - began > 1)
    return sizes(made) == before
