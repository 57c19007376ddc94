"""Tables with their captions, facts in pairs, bars, and what is folded away. Pure."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from evenly.verify.report.figures import count, share
from evenly.verify.report.markup import Child, Markup, element, number, together

Cell = Markup | str


class Table(Struct, frozen=True):
    """The first cell of a row is its head. `words`: which columns hold text, and no figures; 0 is the first.
    `widest`: the column that takes the room that is left; `slim`: none does."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[Sequence[Cell], ...]
    words: frozenset[int] = frozenset({0})
    widest: int | None = None
    slim: bool = False


def table(shown: Table) -> Markup:
    """It scrolls by itself where it is wider than the page."""
    heads = [
        element("th", head, scope="col", class_=_class(shown, at)) for at, head in enumerate(shown.heads)
    ]
    made = element(
        "table",
        element("caption", shown.caption),
        element("thead", element("tr", heads)),
        element("tbody", [_row(it, shown) for it in shown.rows]),
    )
    class_ = "scroll slim" if shown.slim else "scroll"
    return element("div", made, class_=class_, role="group", aria_label=shown.caption, tabindex="0")


def bars(name: str, of: str, counts: Mapping[str, int], classes: Mapping[str, str]) -> Markup | None:
    """How many requests each of them answered, as bars with the even share marked, the figures beside them."""
    if not counts:
        return None
    total, most = sum(counts.values()), max(counts.values())
    even = total / len(counts)
    rows = tuple(
        (
            element("code", it),
            _bar(counts[it] / most, even / most, classes.get(it, "plain")),
            count(counts[it]),
            share(counts[it], total),
        )
        for it in sorted(counts)
    )
    return table(
        Table(name, (of, "The line is the even share", "Requests", "Share"), rows, frozenset({0, 1}))
    )


def facts(pairs: Sequence[tuple[str, Child]], class_: str = "facts") -> Markup:
    return element(
        "dl",
        [element("div", element("dt", name), element("dd", told)) for name, told in pairs],
        class_=class_,
    )


def folded(summary: Child, *content: Child, opened: bool = False) -> Markup:
    return element("details", element("summary", summary), *content, open=opened)


def section(id: str, title: str, *content: Child) -> Markup:
    """A part of the page, with its heading."""
    heading = element("h2", title, id=id)
    return element("section", heading, together(*content), aria_labelledby=id)


def _row(cells: Sequence[Cell], shown: Table) -> Markup:
    first, *others = cells
    rest = [element("td", cell, class_=_class(shown, at)) for at, cell in enumerate(others, start=1)]
    return element("tr", element("th", first, scope="row"), rest)


def _class(shown: Table, column: int) -> str | None:
    if column == shown.widest:
        return "widest"
    return None if column in shown.words else "figure"


def _bar(part: float, even: float, class_: str) -> Markup:
    at = f"{number(100 * min(1.0, even))}%"
    return element(
        "svg",
        element("rect", width=f"{number(100 * part)}%", height="100%", class_=f"area {class_}"),
        element("line", x1=at, x2=at, y1="0", y2="100%", class_="even"),
        class_="bar",
        aria_hidden="true",
    )
