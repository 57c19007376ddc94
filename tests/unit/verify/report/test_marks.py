"""Labels on a timeline: every moment has one, and none covers another."""

from collections.abc import Sequence
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from evenly.verify.report.marks import FAULT, MOST_LANES, Mark, Placed, place
from evenly.verify.report.svg import Linear

WIDTH = 320.0
X = Linear(0.0, 30.0, 44.0, 286.0)
WORDS = [
    ("event", ""),
    ("event", ""),
    ("event", ""),
    (FAULT, "fault"),
    ("detected", "detected"),
    ("full", "full again"),
]


@st.composite
def marks(draw: st.DrawFn) -> tuple[Mark, ...]:
    times = sorted(draw(st.lists(st.floats(0, 30), max_size=60)))
    kinds = [draw(st.sampled_from(WORDS)) for _ in times]
    return tuple(
        Mark(number, at_s, *kind) for number, (at_s, kind) in enumerate(zip(times, kinds, strict=True), 1)
    )


def at(*times: float) -> tuple[Mark, ...]:
    return tuple(Mark(number, it, "event") for number, it in enumerate(times, 1))


def texts(placed: Sequence[Placed]) -> list[str]:
    return [it.text for it in placed]


@given(marks())
def test_no_label_covers_another(found: tuple[Mark, ...]) -> None:
    placed = place(found, X, WIDTH, 7.2)
    for one, other in combinations(placed, 2):
        assert one.lane != other.lane or one.right < other.left or other.right < one.left


@given(marks())
def test_every_moment_is_told_once_within_the_drawing(found: tuple[Mark, ...]) -> None:
    placed = place(found, X, WIDTH, 7.2)
    assert [it.number for label in placed for it in label.marks] == [it.number for it in found]
    assert all(0 <= it.left < it.right <= WIDTH for it in placed)


@given(marks())
def test_every_line_ends_at_its_label(found: tuple[Mark, ...]) -> None:
    for label in place(found, X, WIDTH, 7.2):
        assert label.left <= X.at(label.marks[0].at_s) <= label.right


def test_what_is_far_apart_has_a_label_each() -> None:
    assert texts(place(at(1, 10, 20), X, WIDTH, 7.2)) == ["1", "2", "3"]
    assert {it.lane for it in place(at(1, 10, 20), X, WIDTH, 7.2)} == {0}


def test_events_close_together_share_a_label() -> None:
    assert texts(place(at(1, 1.1, 1.2, 20), X, WIDTH, 7.2)) == ["1–3", "4"]  # noqa: RUF001


def test_a_word_is_never_hidden_among_events() -> None:
    found = (
        Mark(1, 5.0, "event"),
        Mark(2, 5.0, FAULT, "fault"),
        Mark(3, 5.1, "event"),
        Mark(4, 5.1, "event"),
    )
    assert texts(place(found, X, WIDTH, 7.2)) == ["1", "2 fault", "3–4"]  # noqa: RUF001


def test_where_words_would_pile_up_only_the_fault_keeps_its_own() -> None:
    many = [Mark(it, 5.0, "full", "full again") for it in range(1, MOST_LANES + 3)]
    placed = place([*many, Mark(9, 5.0, FAULT, "fault")], X, WIDTH, 7.2)
    assert texts(placed) == ["1–6", "9 fault"]  # noqa: RUF001
