"""What to say about a key that the manifest has not: whose it is, or which one was meant. Pure."""

from collections.abc import Iterator

from evenly.manifest.copilot import COPILOT
from evenly.manifest.problems import Problem, dotted
from evenly.manifest.schema import paths
from evenly.manifest.shapes import Section
from evenly.manifest.telling import at_the_top, environment_of
from evenly.manifest.tree import Entry, Mapping

_LONGEST_COMPARED = 40
_COMPARED_KEYS = 50  # comparing takes time; a file with more unknown keys than this is no manifest


def unknown_keys(node: Mapping, section: Section, path: str) -> Iterator[Problem]:
    """A problem for each entry of `node` that is neither a key of `section` nor the user's own (`x-`)."""
    strangers = [entry for entry in node.entries if _is_strange(entry, section)]
    for number, entry in enumerate(strangers):
        here = dotted(path, entry.key.text)
        if at_the_top(here) in COPILOT:
            yield from _copilots(entry, here)
        elif ":" in entry.key.text.strip(":"):
            yield _unknown(entry, here, "has no space after its colon.", "Write key: value.")
        else:
            meant = _meant(entry.key.text, section, path) if number < _COMPARED_KEYS else None
            advice = f"Did you mean {meant}?" if meant else f"The keys here are: {', '.join(section.keys)}."
            yield _unknown(entry, here, "unknown key.", advice)


def _is_strange(entry: Entry, section: Section) -> bool:
    key = entry.key.text
    return key not in section.keys and key not in section.fixed and not entry.is_extension


def _copilots(entry: Entry, here: str) -> Iterator[Problem]:
    """One problem for each key below that has an answer of its own, or one for the key itself."""
    below = entry.value.entries if isinstance(entry.value, Mapping) else ()
    answered = [inner for inner in below if at_the_top(dotted(here, inner.key.text)) in COPILOT]
    for inner in answered:
        yield from _copilots(inner, dotted(here, inner.key.text))
    if not answered:
        yield _unknown(
            entry, here, "is a key of AWS Copilot that Evenly does not have.", COPILOT[at_the_top(here)]
        )


def _meant(key: str, section: Section, path: str) -> str | None:
    """The valid key nearest to `key`: in this section, or of the same name elsewhere."""
    from difflib import get_close_matches  # only the wrong pay for it

    if len(key) > _LONGEST_COMPARED:
        return None
    near = get_close_matches(key.lower(), section.keys, n=1, cutoff=0.65)
    if near:
        return dotted(path, near[0])
    elsewhere = {known.rpartition(".")[2]: known for known in reversed(list(paths()))}
    far = get_close_matches(key.lower(), elsewhere, n=1, cutoff=0.8)
    return _said_in(path, elsewhere[far[0]]) if far else None


def _said_in(path: str, known: str) -> str:
    """Where the key `known` is said by whoever writes at `path`: in an environment, in that one."""
    environment = environment_of(path)
    return f"{environment}.{known.removeprefix('environments.NAME.')}" if environment else known


def _unknown(entry: Entry, path: str, what: str, advice: str) -> Problem:
    return Problem(path, entry.key.mark.line, entry.key.mark.column, None, what, advice)
