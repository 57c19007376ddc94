"""As much of PostgreSQL's lexical structure as migrations need: where statements end, and what is not SQL. Pure.

Source: PostgreSQL 18, chapter "Lexical Structure". Bodies in dollar quotes and `BEGIN ATOMIC ... END` are one
statement, whatever semicolons are in them.
"""

import re
from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

_TOKEN = re.compile(
    r"""
      (?P<comment> --[^\n]* )
    | (?P<block> /\* )
    | (?P<quoted> \b[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*"
                | (?<![\w$])\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$ )
    | (?P<word> [^\W\d][\w$]* )
    | (?P<end> ; )
    | (?P<backslash> \\ )
    | (?P<space> \s+ )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_BLOCK_EDGE = re.compile(r"/\*|\*/")


class Kind(StrEnum):
    WORD = "word"
    END = "end"
    BACKSLASH = "backslash"
    OTHER = "other"  # anything else that is part of a statement


class Token(Struct, frozen=True):
    """One token at `start` (characters from 0); `text`: as it is written, words in lower case."""

    kind: Kind
    text: str
    start: int


class Statement(Struct, frozen=True):
    """The characters from `start` up to `stop`, without the semicolon; `words`: its first two, lower case."""

    start: int
    stop: int
    words: tuple[str, ...]


def tokens(sql: str) -> Iterator[Token]:
    """The tokens of `sql`, without white space and comments."""
    place = 0
    while match := _TOKEN.match(sql, place):
        place = _end_of_block(sql, match.end()) if match.lastgroup == "block" else match.end()
        if token := _token(match):
            yield token


def statements(sql: str) -> tuple[Statement, ...]:
    """The statements of `sql` in order; one that is empty is none."""
    found: list[Statement] = []
    current: list[Token] = []
    depth = 0
    for token in tokens(sql):
        depth = _depth(depth, current, token)
        if token.kind is Kind.END and depth == 0:
            found.extend(_statement(current, token.start))
            current = []
        else:
            current.append(token)
    return (*found, *_statement(current, len(sql)))


def line_of(sql: str, place: int) -> int:
    """The line, from 1, of the character at `place`, from 0."""
    return sql.count("\n", 0, place) + 1


def _token(match: re.Match[str]) -> Token | None:
    match match.lastgroup:
        case "comment" | "block" | "space":
            return None
        case "word":
            return Token(Kind.WORD, match.group().lower(), match.start())
        case "end":
            return Token(Kind.END, ";", match.start())
        case "backslash":
            return Token(Kind.BACKSLASH, match.group(), match.start())
        case _:
            return Token(Kind.OTHER, match.group(), match.start())


def _end_of_block(sql: str, place: int) -> int:
    """Block comments nest."""
    depth = 1
    while depth:
        edge = _BLOCK_EDGE.search(sql, place)
        if edge is None:
            return len(sql)
        depth += 1 if edge.group() == "/*" else -1
        place = edge.end()
    return place


def _depth(depth: int, before: list[Token], token: Token) -> int:
    """How deep in parentheses (a rule's actions) and in `BEGIN ATOMIC`, whose END closes a CASE as well."""
    in_body = token.text == "atomic" and bool(before) and before[-1].text == "begin"
    if token.text == "(" or in_body or (depth and token.text == "case"):
        return depth + 1
    return depth - 1 if depth and token.text in (")", "end") else depth


def _statement(found: list[Token], stop: int) -> tuple[Statement, ...]:
    if not found:
        return ()
    words = tuple(token.text for token in found[:2] if token.kind is Kind.WORD)
    return (Statement(found[0].start, stop, words),)
