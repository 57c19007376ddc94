"""How it is told that a node of the tree is wrong: its place, and what of it may be shown. Pure."""

from evenly.manifest.checks import InvalidError
from evenly.manifest.problems import Problem, redacted
from evenly.manifest.shapes import Section
from evenly.manifest.tree import Mark, Node, Scalar, Sequence


def problem_at(path: str, mark: Mark, value: str | None, wrong: InvalidError) -> Problem:
    return Problem(path, mark.line, mark.column, value, wrong.what, wrong.try_)


def not_a_section(node: Node, section: Section, path: str) -> Problem:
    """One value or a list stands in the place of a section."""
    keys = ", ".join(section.keys)
    wrong = InvalidError(f"is {kind(node)}, where a section belongs.", f"Write its keys below it: {keys}.")
    return problem_at(path, node.mark, text(node), wrong)


def kind(node: Node) -> str:
    """What a node is that is no section."""
    return "a list" if isinstance(node, Sequence) else "one value"


def text(node: Node) -> str | None:
    """What to show of a value: nothing where nothing was written."""
    if not isinstance(node, Scalar) or (node.plain and not node.text):
        return None
    return redacted(node.text)


def shown_at(path: str, node: Node) -> str | None:
    """The same for what stands at `path`: in the place of a secret's name it may be the secret itself."""
    return None if ".secrets." in f".{path}" or ".variables." in f".{path}" else text(node)


def environment_of(path: str) -> str:
    """The path of the environment that a key is within: `environments.staging` of `environments.staging.http.port`."""
    head, _, rest = path.partition(".")
    return f"{head}.{rest.partition('.')[0]}" if head == "environments" and rest else ""


def at_the_top(path: str) -> str:
    """The path that a key within an environment has at the top: `http.port` of `environments.staging.http.port`."""
    environment = environment_of(path)
    return path.removeprefix(environment).removeprefix(".") if environment else path
