"""The policy rules, as files: ours in `policies/` of this package, the user's in the project's folder `policies`. Reads
those folders.

A rule is told by the comment above it, by its first paragraph: what is wrong where it fails, and after `Try:` what to
do about it.

    # The bucket can be made public.
    # Try: Set all four of PublicAccessBlockConfiguration.
    rule bucket_is_private when %buckets !empty { ... }

The language: https://docs.aws.amazon.com/cfn-guard/latest/ug/writing-rules.html
"""

import re
from collections.abc import Iterator, Mapping
from itertools import takewhile
from pathlib import Path

from msgspec import Struct

from evenly.errors import UsageError

OURS = Path(__file__).parents[1] / "policies"
FOLDER = "policies"
TRY = "Try:"

_RULE = re.compile(r"^((?:#[^\n]*\n)*)rule[ \t]+([A-Za-z_][A-Za-z0-9_]*)", re.MULTILINE)
# What a brace is no brace in: comments, messages, texts, regular expressions.
_TOKEN = re.compile(r"""#[^\n]*|<<.*?>>|'[^']*'|"(?:\\.|[^"\\])*"|/(?:\\.|[^/\\\n])+/|[{}]""", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Told(Struct, frozen=True):
    """What a rule that fails says."""

    what: str
    try_: str


class RuleFile(Struct, frozen=True):
    """`where`: the file, in words. `told`: by rule."""

    where: str
    text: str
    told: Mapping[str, Told]

    def alone(self, rule: str) -> str:
        """The file with no other rule than this one, and those that it builds on."""
        spans = dict(_spans(self.text))
        wanted, found = {rule}, set[str]()
        while wanted:
            name = wanted.pop()
            found.add(name)
            wanted |= (set(_WORD.findall(spans[name])) & spans.keys()) - found
        left = self.text
        for name, text in spans.items():
            left = left if name in found else left.replace(text, "")
        return left


def rule_files(project: Path) -> tuple[RuleFile, ...]:
    """Ours, then the user's. Raises UsageError for a rule of theirs that has the name of another."""
    ours = [_rule_file(path, path.name) for path in sorted(OURS.glob("*.guard"))]
    theirs = [
        _rule_file(path, f"{FOLDER}/{path.name}") for path in sorted((project / FOLDER).glob("*.guard"))
    ]
    known: set[str] = set()
    for it in (*ours, *theirs):
        twice = known & it.told.keys()
        if twice:
            what = f"there is another rule {min(twice)}."
            raise UsageError(what, where=it.where, try_="Give it a name of its own.")
        known |= it.told.keys()
    return (*ours, *theirs)


def _rule_file(path: Path, where: str) -> RuleFile:
    text = path.read_text(encoding="utf-8")
    told = {name: _told(comment) for comment, name in _RULE.findall(text)}
    return RuleFile(where, text, told)


def _spans(text: str) -> Iterator[tuple[str, str]]:
    """Each rule with its text, up to the brace that closes it."""
    for start in _RULE.finditer(text):
        depth = 0
        for token in _TOKEN.finditer(text, start.end()):
            depth += {"{": 1, "}": -1}.get(token[0], 0)
            if token[0] == "}" and depth == 0:
                yield start[2], text[start.start(2) - len("rule ") : token.end()]
                break


def _told(comment: str) -> Told:
    """Of its first paragraph; what follows is for whoever reads the rule."""
    lines = [line.lstrip("#").strip() for line in comment.splitlines()]
    words = " ".join(takewhile(bool, lines))
    what, _, try_ = words.partition(TRY)
    return Told(what.strip(), try_.strip())
