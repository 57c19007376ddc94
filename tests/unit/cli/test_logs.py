"""Reading logs: merging, tails, files that grow, turn over and come later; and what lines look like."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evenly.cli.logtext import as_json, readable
from evenly.cli.words import harmless
from evenly.errors import UsageError
from evenly.local.logs.book import (
    BLOCK_BYTES,
    Line,
    Source,
    is_wanted,
    last_lines,
    time_of,
    wanted,
)
from evenly.local.logs.following import Follower

ONE, TWO = "i-0123456789abcdef0", "i-01fedcba987654321"
JSON_LINE = b'{"timestamp":"2026-03-01T12:00:%02d.000000Z","level":"info","event":"request"}'
AT = 1_772_366_400.0  # 2026-03-01T12:00:00Z


def texts(lines: list[Line]) -> list[str]:
    return [it.text for it in lines]


def source(folder: Path, name: str, content: bytes = b"") -> Source:
    path = folder / f"{name}.log"
    path.write_bytes(content)
    return Source(name, path)


def append(to: Source, content: bytes) -> None:
    with to.path.open("ab") as file:
        file.write(content)


@pytest.mark.parametrize(
    "line",
    [
        JSON_LINE % 0,
        b'{"at":"2026-03-01T12:00:00Z","action":"launch"}',
        b'{"status":200,"time":"2026-03-01T12:00:00.000Z"}',
        b"2026-03-01 12:00:00.000 UTC [21545] LOG:  ready",
        b"[2026-03-01 12:00:00.000][12][warning][main] [source/x.cc:1] word",
    ],
)
def test_every_program_s_time_is_read(line: bytes) -> None:
    assert time_of(line) == AT


def test_a_line_without_a_time_has_none() -> None:
    assert time_of(b"Traceback (most recent call last):") is None
    assert time_of(b'{"time":"2026-99-99T99:99:99Z"}') is None


def test_logs_are_merged_in_time_order_and_tracebacks_stay_whole(tmp_path: Path) -> None:
    a = source(tmp_path, "a", b"2026-03-01 12:00:01 UTC a1\n  more of a1\n2026-03-01 12:00:04 UTC a2\n")
    b = source(tmp_path, "b", b"2026-03-01 12:00:02 UTC b1\n2026-03-01 12:00:05 UTC b2\n")
    assert [it[-2:] for it in texts(last_lines([a, b], None, None))] == ["a1", "a1", "b1", "a2", "b2"]
    assert [it[-2:] for it in texts(last_lines([a, b], 2, None))] == ["a2", "b2"]
    assert texts(last_lines([a, b], 0, None)) == []
    assert [it[-2:] for it in texts(last_lines([a, b], None, AT + 3))] == ["a2", "b2"]


def test_the_end_of_a_long_log_is_read_over_many_blocks(tmp_path: Path) -> None:
    lines = [f"line {number} ".encode() + b"x" * 100 for number in range(3 * BLOCK_BYTES // 100)]
    log = source(tmp_path, "a", b"\n".join(lines) + b"\n")
    assert texts(last_lines([log], None, None)) == [it.decode() for it in lines]
    assert texts(last_lines([log], 3, None)) == [it.decode() for it in lines[-3:]]


def test_lines_without_any_time_are_as_late_as_their_file(tmp_path: Path) -> None:
    a = source(tmp_path, "a", b"2026-03-01 12:00:01 UTC a1\n2026-03-01 12:00:09 UTC a2\n")
    b = source(tmp_path, "b", b"words\nmore\n")
    os.utime(b.path, (AT + 5, AT + 5))
    assert [(it.text[-2:], it.timed) for it in last_lines([a, b], None, None)] == [
        ("a1", True),
        ("ds", False),
        ("re", False),
        ("a2", True),
    ]


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"half", ["half"]),
        (b"a\n\nb\n", ["a", "", "b"]),
        (b"a\r\nb", ["a", "b"]),
        (b"\xff\xfe ol\xe9\n", ["\ufffd\ufffd ol\ufffd"]),
    ],
)
def test_odd_lines_are_shown(tmp_path: Path, content: bytes, shown: list[str]) -> None:
    assert texts(last_lines([source(tmp_path, "a", content)], None, None)) == shown


def test_what_was_turned_over_is_read_before(tmp_path: Path) -> None:
    log = source(tmp_path, "a", b"new\n")
    log.path.with_name("a.log.1").write_bytes(b"old 1\nold 2\n")
    assert texts(last_lines([log], 2, None)) == ["old 2", "new"]


def test_a_missing_log_is_empty(tmp_path: Path) -> None:
    missing = Source("a", tmp_path / "none.log")
    assert last_lines([missing], None, None) == []
    assert Follower([missing]).look([missing]) == []


def test_following_gives_what_is_new_and_holds_half_lines_back(tmp_path: Path) -> None:
    log = source(tmp_path, "a", b"before\n")
    follower = Follower([log])
    append(log, b"one\ntw")
    assert texts(follower.look([log])) == ["one"]
    append(log, b"o\nthr")
    assert texts(follower.look([log])) == ["two"]
    assert texts(follower.close()) == ["thr"]


def test_following_survives_turning_over_cutting_and_deleting(tmp_path: Path) -> None:
    log = source(tmp_path, "a", b"before\n")
    follower = Follower([log])
    append(log, b"last of the old\n")
    log.path.rename(tmp_path / "a.log.1")
    log.path.write_bytes(b"first of the new\n")
    assert texts(follower.look([log])) == ["last of the old", "first of the new"]
    log.path.write_bytes(b"cut\n")
    assert texts(follower.look([log])) == ["cut"]
    log.path.unlink()
    assert texts(follower.look([log])) == []
    log.path.write_bytes(b"again\n")
    assert texts(follower.look([log])) == ["again"]
    follower.close()


def test_a_log_that_comes_later_is_read_from_its_beginning(tmp_path: Path) -> None:
    follower = Follower([])
    late = source(tmp_path, ONE, b"first words\n")
    assert texts(follower.look([late])) == ["first words"]
    follower.close()


def test_names_mean_sources() -> None:
    known = ["supervisor", "access", ONE, TWO]
    assert wanted([], known) is None
    assert wanted(["i-012", "access"], known) == {ONE, "access"}
    assert wanted(["01f"], known) == {TWO}
    assert is_wanted(ONE, wanted(["app"], known))
    assert not is_wanted("access", wanted(["app"], known))


@pytest.mark.parametrize(("name", "told"), [("i-01", f"could be {ONE}, {TWO}"), ("cat", "no logs of cat")])
def test_a_name_that_means_nothing_or_too_much(name: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        wanted([name], [ONE, TWO])


@pytest.mark.parametrize(
    "steering", ["\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "\r", "\x08", "\x7f", "\u202e"]
)
@pytest.mark.parametrize("shape", ["{}", '{{"event":{}}}', '{{"at":"x","action":"a",{}:1}}'])
def test_nothing_steers_the_terminal(steering: str, shape: str) -> None:
    quoted = json.dumps(f"a{steering}b") if "{{" in shape else f"a{steering}b"
    text = shape.format(quoted)
    for told in (readable(Line(AT, ONE, text), "2026-03-01"), as_json(Line(AT, ONE, text))):
        assert not set(steering[:1]) & set(told.replace("\x1b[34m", "").replace("\x1b[0m", ""))


def test_tabs_and_other_scripts_stay() -> None:
    assert harmless("a\tशुभ") == "a\tशुभ"


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        (
            ONE,
            '{"timestamp":"t","level":"info","instance":"x","zone":"z","event":"request","route":"/","s":"a b"}',
            '12:00:00.000  i-01234567  info request route=/ s="a b"',
        ),
        (
            ONE,
            '{"level":"error","event":"crash","exception":"Traceback\\n  line"}',
            "12:00:00.000  i-01234567  error crash\n    Traceback\n      line",
        ),
        (
            "access",
            '{"method":"GET","path":"/x","status":503,"duration_ms":7,"attempts":2,"flags":"-","host":"h"}',
            "12:00:00.000  access      GET /x 503 7 ms attempts=2",
        ),
        (
            "supervisor",
            '{"at":"t","action":"launch","instance":"i-1","why":"it is so"}',
            '12:00:00.000  supervisor  launch instance=i-1 why="it is so"',
        ),
        ("database", "2026-03-01 12:00:00.000 UTC [9] LOG:  ready", "12:00:00.000  database    LOG:  ready"),
        (
            "balancer",
            "[2026-03-01 12:00:00.000][1][warning][main] [s.cc:1] hm",
            "12:00:00.000  balancer    warning hm",
        ),
        (ONE, "{not json", "12:00:00.000  i-01234567  {not json"),
        (ONE, "[1, 2]", "12:00:00.000  i-01234567  [1, 2]"),
    ],
)
def test_lines_are_readable(plain: Callable[[str], str], name: str, text: str, shown: str) -> None:
    assert plain(readable(Line(AT, name, text), "2026-03-01")) == shown


def test_another_day_has_its_date(plain: Callable[[str], str]) -> None:
    assert plain(readable(Line(AT, "access", "x"), "2026-03-02")).startswith("2026-03-01 12:00:00.000  ")
    assert plain(readable(Line(AT, "access", "x", timed=False), "2026-03-02")) == f"{'':12}  access      x"


def test_lines_as_data() -> None:
    told: Any = json.loads(as_json(Line(AT, ONE, '{"event":"request"}')))
    assert told == {"source": ONE, "time": "2026-03-01T12:00:00.000Z", "entry": {"event": "request"}}
    assert json.loads(as_json(Line(AT, ONE, "words", timed=False))) == {
        "source": ONE,
        "time": None,
        "line": "words",
    }
