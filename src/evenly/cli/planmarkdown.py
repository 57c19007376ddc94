"""A plan for AWS as Markdown, for a pull request: what is grave in the open, the rest to be unfolded. Pure."""

from collections.abc import Iterator

from evenly.aws.changes.access import Sphere
from evenly.aws.changes.estimate import NOT_IN_IT, Estimate
from evenly.aws.changes.plan import Heading, Plan, StackPlan, by_heading
from evenly.aws.changes.types import Change, Property
from evenly.cli.plantext import TITLES, drifted, money, summary

MOST = 60_000  # characters: a comment of GitHub has 65,536 at most
GRAVE = (Heading.REPLACED, Heading.MAY_BE_REPLACED, Heading.REMOVED)


def plan_markdown(plan: Plan) -> str:
    text = "\n".join(_lines(plan))
    if len(text) <= MOST:
        return text
    cut = text[:MOST].rpartition("\n")[0]
    closed = ("\n```" if cut.count("\n```") % 2 else "") + ("\n\n</details>" if _is_folded(cut) else "")
    return f"{cut}{closed}\n\n*It is longer than a comment may be: see the saved plan.*"


def _is_folded(text: str) -> bool:
    """Whether it ends within something to be unfolded."""
    return text.count("<details>") > text.count("</details>")


def _lines(plan: Plan) -> Iterator[str]:
    yield f"## Plan for {plan.service}, {plan.environment}"
    yield ""
    yield f"Account `{plan.account}`, `{plan.region}`. {_sum(plan)} Plan `{plan.id}`, {plan.made}."
    yield from _losses(plan)
    for stack in plan.stacks:
        if stack.changes or stack.is_new or stack.change_set:
            yield from _stack(stack)
    yield from _access(plan)
    yield from _drift(plan)
    for it in plan.left:
        told = (
            f"the manifest asks for {it.concern} no longer, and `{it.stack}` is there and costs what it did."
        )
        yield f"\n**Left:** {told}"
    yield from _estimate(plan.estimate)
    for note in plan.notes:
        yield f"\n> {escaped(note)}"


def _sum(plan: Plan) -> str:
    return "Nothing to do." if plan.is_empty else f"{summary(plan).capitalize()}."


def _losses(plan: Plan) -> Iterator[str]:
    if plan.losing:
        yield "\n> [!CAUTION]\n> **This loses data.**"
        for stack, mark in plan.losing:
            yield f"> - {stack.concern}: `{mark.resource}` (`{mark.type}`) {escaped(mark.what)}"
    quiet = [(stack, mark) for stack in plan.stacks for mark in stack.marks if not mark.loses]
    if quiet:
        yield "\n> [!WARNING]\n> Takes less care of data."
        for stack, mark in quiet:
            yield f"> - {stack.concern}: `{mark.resource}` (`{mark.type}`) {escaped(mark.what)}"


def _stack(stack: StackPlan) -> Iterator[str]:
    yield f"\n### {stack.concern}"
    yield f"\n*{stack.certainty}*{f' {stack.why}' if stack.why else ''}"
    found = by_heading(stack.changes)
    grave = [(it, change) for it in GRAVE for change in found.get(it, ())]
    rest = [(it, change) for it, those in found.items() if it not in GRAVE for change in those]
    yield from _table(grave)
    if rest:
        count = ", ".join(f"{len(found[it])} {it}" for it in found if it not in GRAVE)
        yield f"\n<details><summary>{count}</summary>"
        yield from _table(rest)
        yield "\n</details>"


def _table(rows: list[tuple[Heading, Change]]) -> Iterator[str]:
    if rows:
        yield "\n| | resource | type | what |\n| --- | --- | --- | --- |"
    for it, change in rows:
        what = "<br>".join(_property(each) for each in change.properties)
        yield f"| {_loud(it)} | `{change.resource}` | `{change.type}` | {what} |"


def _loud(it: Heading) -> str:
    return f"**{it}**" if it in GRAVE else str(it)


def _property(it: Property) -> str:
    if it.before is None and it.after is None:
        return f"{code(it.path)}{f' (follows {code(it.cause)})' if it.cause else ''}"
    return f"{code(it.path)}: {code(it.before)} → {code(it.after)}"


def _access(plan: Plan) -> Iterator[str]:
    for sphere in Sphere:
        found = [(stack, it) for stack in plan.stacks for it in stack.access if it.sphere is sphere]
        if found:
            yield f"\n### {TITLES[sphere]}\n\n```diff"
        for stack, it in found:
            yield f"# {stack.concern}: {it.resource} ({it.type}), {it.action}"
            yield from (f"+ {_one_line(line)}" for line in it.granted)
            yield from (f"- {_one_line(line)}" for line in it.withdrawn)
        if found:
            yield "```"


def _drift(plan: Plan) -> Iterator[str]:
    found = [(stack, it) for stack in plan.stacks for it in stack.drift or ()]
    if found:
        yield "\n### Drift: changed past the stacks\n"
    for stack, it in found:
        yield f"- {stack.concern}: `{it.resource}` (`{it.type}`) {escaped(drifted(it))}"


def _estimate(it: Estimate) -> Iterator[str]:
    yield f"\n**{money(it)} a month**, an estimate: list prices of {it.as_of}. {NOT_IN_IT}"
    if it.unpriced:
        yield f"Without a price, and not in the sum: {', '.join(it.unpriced)}."


def code(value: str | None) -> str:
    """Within a cell of a table: nothing in it ends the cell, the code, or the line."""
    return (
        "not set"
        if value is None
        else f"`{_one_line(value).replace('`', chr(39)).replace('|', chr(92) + '|')}`"
    )


def escaped(text: str) -> str:
    """Plain words, in which nothing is markup."""
    return "".join(f"\\{it}" if it in r"\`*_[]<>|#" else it for it in _one_line(text))


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("```", "'''")
