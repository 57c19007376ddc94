"""Logs that turn over, are cut off and grow large; and what is about one zone or one instance."""

import json
import os
import tracemalloc
from pathlib import Path

import pytest

from evenly.errors import UsageError
from evenly.local.logs.book import Source, is_wanted, last_lines, lines_since, sources, wanted
from evenly.local.logs.cutting import cut_off
from evenly.local.logs.filter import About
from evenly.local.logs.following import Follower
from evenly.local.paths import Paths

A, B, C = "i-0123456789abcdef0", "i-01fedcba987654321", "w-0123456789abcdef0"
AT = 1_772_366_400  # 2026-03-01T12:00:00Z


def stamp(second: int) -> str:
    return f"2026-03-01 12:{second // 60:02d}:{second % 60:02d} UTC"


def log(folder: Path, name: str, *lines: str) -> Source:
    (folder / name).write_text("".join(f"{line}\n" for line in lines))
    return Source(name, folder / name)


def texts(lines) -> list[str]:
    return [it.text.removeprefix("2026-03-01 12:00:").removeprefix("0") for it in lines]


def test_older_files_are_read_in_their_order_and_merged(tmp_path):
    access = log(tmp_path, "access.log", f"{stamp(6)} a6")
    log(tmp_path, "access.log.1", f"{stamp(4)} a4", "  and more of it")
    log(tmp_path, "access.log.2", f"{stamp(1)} a1", f"{stamp(2)} a2")
    app = log(tmp_path, "app.log", f"{stamp(3)} b3", f"{stamp(5)} b5")
    told = [it.split()[-1] for it in texts(lines_since([access, app], AT + 2))]
    assert told == ["a2", "b3", "a4", "it", "b5", "a6"]
    assert [it.split()[-1] for it in texts(last_lines([access], 4, None))] == ["a2", "a4", "it", "a6"]


def test_much_is_read_in_little_memory(tmp_path):
    files = [log(tmp_path, f"{n}.log", *(f"{stamp(s)} {'x' * 1000}" for s in range(2000))) for n in range(3)]
    tracemalloc.start()
    count = sum(1 for _ in lines_since(files, 0.0))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 6000
    assert peak < 1_000_000  # of 6 MB


def test_following_goes_on_where_the_beginning_was_cut_off(tmp_path):
    app = log(tmp_path, "app.log", *(f"line {n:06d}" for n in range(5000)))
    follower = Follower([app])
    with app.path.open("a") as more:
        more.write("five thousand\nhal")
        more.flush()
        assert texts(follower.look([app])) == ["five thousand"]
        more.write("f\n")
        more.flush()
        cut_off(app.path, 10_000)
        more.write("after\n")
    assert texts(follower.look([app])) == ["half", "after"]
    follower.close()


def test_following_goes_on_in_the_copy_where_the_file_was_emptied(tmp_path):
    app = log(tmp_path, "app.log", "before")
    follower = Follower([app])
    with app.path.open("a") as more:
        more.write("not yet seen\n")
    app.path.with_name("app.log.1").write_bytes(app.path.read_bytes())
    os.truncate(app.path, 0)
    with app.path.open("a") as more:
        more.write("more than there was before, so that the length tells nothing\n")
    assert texts(follower.look([app])) == [
        "not yet seen",
        "more than there was before, so that the length tells nothing",
    ]
    follower.close()


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    made = Paths(tmp_path, tmp_path / "home", tmp_path / "run")
    for folder in (made.home, made.logs, made.instance_logs, made.worker_logs, made.job_logs):
        folder.mkdir()
    launched = {A: "local-a", B: "local-b", C: "local-b"}
    said = [
        {"at": f"2026-03-01T12:00:0{n}Z", "instance": id, "zone": zone}
        for n, (id, zone) in enumerate(launched.items())
    ]
    log(made.home, "journal.jsonl", *map(json.dumps, said), '{"at":"2026-03-01T12:00:09Z","action":"scale"}')
    for id in (A, B):
        log(made.instance_logs, f"{id}.log", f"{stamp(10)} of {id}")
    log(made.worker_logs, f"mail-{C}.log", f"{stamp(11)} of mail")
    log(made.job_logs, f"nightly-j-{'0' * 17}.log", f"{stamp(12)} of nightly")
    log(made.logs, "access.log", f'{{"time":"2026-03-01T12:00:13Z","instance":"{A}","zone":"local-a"}}')
    log(made.logs, "balancer.log", f"{stamp(14)} of the balancer")
    return made


def told_by(paths: Paths, **about: str) -> set[str]:
    found = About(paths, **about).filter(sources(paths))
    return {it.source for it in lines_since(found, 0.0)}


def test_what_is_about_a_zone_or_an_instance(paths):
    assert told_by(paths, zone="local-a") == {"supervisor", "access", A}
    assert told_by(paths, zone="local-b") == {"supervisor", B, f"mail-{C}"}
    assert told_by(paths, instance=A[:6]) == {"supervisor", "access", A}
    lines = list(lines_since(About(paths, instance=B).filter(sources(paths)), 0.0))
    assert all(B in it.text for it in lines)


def test_an_instance_that_came_since_is_of_its_zone(paths):
    about = About(paths, zone="local-a")
    about.filter(sources(paths))
    new = "i-00000000000000001"
    with paths.journal.open("a") as journal:
        journal.write(json.dumps({"at": "2026-03-01T12:01:00Z", "instance": new, "zone": "local-a"}) + "\n")
    log(paths.instance_logs, f"{new}.log", "hello")
    assert new in {it.name for it in about.filter(sources(paths))}


@pytest.mark.parametrize(
    ("about", "told"),
    [
        ({"zone": "mars"}, "there is no zone mars"),
        ({"instance": "i-01"}, "could be"),
        ({"instance": "i-9"}, "nothing is known of i-9"),
    ],
)
def test_what_there_is_not_is_told(paths, about, told):
    with pytest.raises(UsageError, match=told):
        About(paths, **about)


def test_workers_and_jobs_are_chosen_by_name(paths):
    names = [it.name for it in sources(paths)]
    for said, meant in (("mail", f"mail-{C}"), ("nightly", f"nightly-j-{'0' * 17}"), ("app", A)):
        chosen = wanted([said], names)
        assert is_wanted(meant, chosen)
        assert sum(is_wanted(it, chosen) for it in names) == (2 if said == "app" else 1)
