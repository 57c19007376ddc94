"""Where the labels of moments go on a timeline, so that none covers another. Pure.

Moments are numbered in the order of time. What is named (the fault, say) keeps its word; others are told by number, and
those that are too close together share a label, `4-9`. Labels that would meet take different lanes.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from evenly.verify.report.svg import Scale

GAP = 3.0
MOST_LANES = 4
FAULT = "fault"  # the tone of what is never told by number alone


class Mark(Struct, frozen=True):
    """A moment of the timeline. `tone`: how it looks. `word`: what is written beside its number, if it fits."""

    number: int
    at_s: float
    tone: str
    word: str = ""


class Placed(Struct, frozen=True):
    """A label, in the units of the drawing. `lane`: 0 is the one next to the plot. `marks`: what it stands for."""

    left: float
    right: float
    lane: int
    text: str
    marks: tuple[Mark, ...]


def place(marks: Sequence[Mark], x: Scale, right: float, character: float) -> tuple[Placed, ...]:
    """A label for every mark, none past `right`. `marks`: in the order of time; `character`: how wide one is."""
    room = _Room(x, right, character)
    with_words = room.lanes(list(room.groups(marks)))
    if max((it.lane for it in with_words), default=0) < MOST_LANES:
        return with_words
    plain = [it if it.tone == FAULT else replace(it, word="") for it in marks]
    return room.lanes(list(room.groups(plain)))


class _Room(Struct, frozen=True):
    x: Scale
    right: float
    character: float

    def groups(self, marks: Sequence[Mark]) -> Iterator[tuple[Mark, ...]]:
        """Neighbours that are too close for a label each are in one group; a mark with a word is in none."""
        held: tuple[Mark, ...] = ()
        for mark in marks:
            if held and (mark.word or not self._too_close(held, mark)):
                yield held
                held = ()
            held = (*held, mark)
            if mark.word:
                yield held
                held = ()
        if held:
            yield held

    def lanes(self, groups: Sequence[tuple[Mark, ...]]) -> tuple[Placed, ...]:
        """Each in the lowest lane where it meets no other."""
        placed: list[Placed] = []
        for group in groups:
            left, right, text = self._label(group)
            taken = {it.lane for it in placed if it.left < right + GAP and left < it.right + GAP}
            lane = next(it for it in range(len(placed) + 1) if it not in taken)
            placed.append(Placed(left, right, lane, text, group))
        return tuple(placed)

    def _too_close(self, held: tuple[Mark, ...], mark: Mark) -> bool:
        left, right, _ = self._label(held)
        return min(self.x.at(mark.at_s), self.right - (right - left)) < right + GAP

    def _label(self, group: tuple[Mark, ...]) -> tuple[float, float, str]:
        text = _text(group)
        width = (len(text) + 1.4) * self.character
        left = min(self.x.at(group[0].at_s), self.right - width)
        return left, left + width, text


def _text(group: tuple[Mark, ...]) -> str:
    first, last = group[0], group[-1]
    if first is not last:
        return f"{first.number}\u2013{last.number}"
    return f"{first.number} {first.word}".rstrip()
