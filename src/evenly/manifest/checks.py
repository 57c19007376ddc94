"""What a single value may be: each check takes a node and returns the value, or raises `InvalidError`. Pure."""

import json
import re
from collections.abc import Callable

from evenly.manifest.names import MAX_NAME, TAKEN, is_name, name_from_folder
from evenly.manifest.problems import redacted
from evenly.manifest.tree import Mapping, Node, Scalar, Sequence
from evenly.manifest.units import format_duration, parse_duration, parse_size

Check = Callable[[Node], object]

_WHOLE = re.compile(r"[+-]?[0-9]{1,1000}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", re.ASCII)
_RANGE = re.compile(r"([0-9]{1,9}) ?- ?([0-9]{1,9})", re.ASCII)
_SERVE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)
_PATH = re.compile(r"/[\x21\x22\x24-\x3e\x40-\x7e]*")
_PLAIN_WORD = re.compile(r"[A-Za-z0-9_./$-][A-Za-z0-9_./$=@+-]*", re.ASCII)
_TRUE = frozenset({"yes", "on", "y", "1"})
_FALSE = frozenset({"no", "off", "n", "0"})

MAX_COUNT = 200
COUNT_ADVICE = f"Write a whole number from 1 to {MAX_COUNT}, or {{range: 2-8}}."


class InvalidError(Exception):
    """A value that is not valid: what is wrong with it, and what to write."""

    def __init__(self, what: str, try_: str) -> None:
        super().__init__(what)
        self.what = what
        self.try_ = try_


def one_value(node: Node, try_: str) -> str:
    """The text of a scalar, as written."""
    match node:
        case Scalar():
            return node.text
        case Sequence():
            raise InvalidError("is a list, where one value belongs.", try_)
        case Mapping():
            raise InvalidError("is a section, where one value belongs.", try_)


def name(node: Node) -> str:
    rule = f"Use lower-case letters, digits and hyphens, beginning with a letter, at most {MAX_NAME} in all"
    text = one_value(node, f"{rule}.")
    if text in TAKEN:
        raise InvalidError(
            "is a name that PostgreSQL keeps for itself.", f"Write another, such as app-{text}."
        )
    if not is_name(text):
        raise InvalidError("is not a name for a service.", f"{rule}, such as {name_from_folder(text[:200])}.")
    return text


def serve(node: Node) -> str:
    advice = "Write module.path:attribute, such as shop.main:app."
    text = one_value(node, advice)
    if not _SERVE.fullmatch(text):
        raise InvalidError(
            "does not name an application.", f"Write module.path:attribute, such as {_guess(text)}."
        )
    return text


def _guess(text: str) -> str:
    """What `shop/main.py` or `shop.main` most likely stands for."""
    module = text[:200].partition(":")[0].removesuffix(".py").replace("/", ".").strip(".")
    return f"{module}:app" if _SERVE.fullmatch(f"{module}:app") else "shop.main:app"


def command(node: Node) -> tuple[str, ...]:
    match node:
        case Scalar():
            raise InvalidError(
                "is one text, where a list belongs.", f"Write {_as_list(redacted(node.text))}."
            )
        case Mapping():
            raise InvalidError("is a section, where a list belongs.", "Write [program, argument, argument].")
        case Sequence(items=()):
            raise InvalidError("is empty.", "Write [program, argument, argument].")
        case Sequence():
            return _arguments(node)


def _arguments(node: Sequence) -> tuple[str, ...]:
    for number, item in enumerate(node.items, 1):
        if not isinstance(item, Scalar):
            raise InvalidError(
                f"holds a list or a section as its part {number}.", "Write each part as one text."
            )
        if number == 1 and not item.text:
            raise InvalidError("begins with nothing.", "Write the program there.")
        if item.is_null:
            raise InvalidError(
                f"holds nothing as its part {number}.", 'Write a text there, in quotes if need be: "".'
            )
    return tuple(item.text for item in node.items if isinstance(item, Scalar))


def _as_list(line: str) -> str:
    import shlex  # only the wrong pay for it

    try:
        words = shlex.split(line[:300])
    except ValueError:
        words = line[:300].split()
    if not words:
        return "[program, argument, argument]"
    return (
        "["
        + ", ".join(w if _PLAIN_WORD.fullmatch(w) else json.dumps(w, ensure_ascii=False) for w in words)
        + "]"
    )


def whole(lowest: int, highest: int, advice: str = "", too_few: str = "is too small.") -> Check:
    """A check for a whole number from `lowest` to `highest`, both included."""
    told = advice or f"Write a whole number from {lowest} to {highest}, in plain digits."

    def check(node: Node) -> int:
        text = one_value(node, told)
        if not _WHOLE.fullmatch(text):
            raise InvalidError("is not a whole number.", told)
        # int() refuses texts of thousands of digits; ten say already that it is too large.
        number = int(text[:10])
        if number < lowest:
            raise InvalidError(too_few, told)
        if number > highest:
            raise InvalidError("is too large.", told)
        return number

    return check


def protocol(node: Node) -> str:
    advice = "Write https, or http for a program that speaks no TLS."
    text = one_value(node, advice)
    if text not in ("https", "http"):
        raise InvalidError("is not a protocol of an instance.", advice)
    return text


def truth(node: Node) -> bool:
    advice = "Write true or false."
    text = one_value(node, advice).lower()
    if text in _TRUE or text in _FALSE:
        raise InvalidError("is not the word for it here.", f"Write {str(text in _TRUE).lower()}.")
    if text not in ("true", "false"):
        raise InvalidError("is neither true nor false.", advice)
    return text == "true"


def duration(lowest: str, highest: str, example: str) -> Check:
    """A check for a duration from `lowest` to `highest`, both included."""
    advice = f"Write a number with its unit (ms, s, m, h), such as {example}."
    low, high = parse_duration(lowest), parse_duration(highest)

    def check(node: Node) -> float:
        text = one_value(node, advice)
        if _NUMBER.fullmatch(text):
            fits = low <= float(text) <= high
            raise InvalidError("has no unit.", f"Write {text}s, if it means seconds." if fits else advice)
        seconds = _seconds(text, advice)
        if not low <= seconds <= high:
            word = "short" if seconds < low else "long"
            raise InvalidError(f"is too {word}.", f"Write {lowest} to {highest}.")
        return seconds

    return check


def _seconds(text: str, advice: str) -> float:
    try:
        return parse_duration(text)
    except ValueError:
        raise InvalidError("is not a duration.", advice) from None


def size(lowest: str, highest: str, example: str) -> Check:
    """A check for a size from `lowest` to `highest`, both included."""
    advice = f"Write a whole number with its unit (KiB, MiB, GiB), such as {example}."
    low, high = parse_size(lowest), parse_size(highest)

    def check(node: Node) -> int:
        text = one_value(node, advice)
        try:
            found = parse_size(text)
        except ValueError:
            raise InvalidError("is not a size.", advice) from None
        if not low <= found <= high:
            raise InvalidError(
                f"is too {'small' if found < low else 'large'}.", f"Write {lowest} to {highest}."
            )
        return found

    return check


def seconds_told(seconds: object) -> str:
    """A checked duration as text."""
    return format_duration(seconds) if isinstance(seconds, float) else ""  # type: ignore[arg-type]


def health_path(node: Node) -> str:
    advice = "Write a path such as /healthz."
    text = one_value(node, advice)
    if not text.startswith("/"):
        raise InvalidError("does not begin with a slash.", advice)
    if not _PATH.fullmatch(text) or len(text) > 1024:
        raise InvalidError(
            "is not a plain path.", f"{advice} No ?, no #, no spaces, ASCII only, at most 1024 characters."
        )
    return text


def count(node: Node) -> dict[str, int]:
    """A fixed count: how many instances, always."""
    text = one_value(node, COUNT_ADVICE)
    if _RANGE.fullmatch(text):
        raise InvalidError("is a range.", f"Write {{range: {text.replace(' ', '')}}}.")
    number = whole(1, MAX_COUNT, COUNT_ADVICE)(node)
    assert isinstance(number, int)  # noqa: S101
    return {"minimum": number, "maximum": number}


def count_range(node: Node) -> dict[str, int]:
    """A count from a smaller to a larger number: `2-8`."""
    advice = "Write two whole numbers with a hyphen between them, such as 2-8."
    if isinstance(node, Mapping):
        raise InvalidError("is a section, where one text belongs.", _range_of(node) or advice)
    text = one_value(node, advice)
    if _NUMBER.fullmatch(text):
        raise InvalidError("is one number.", "Write range: 2-8, or a fixed count such as count: 4.")
    found = _RANGE.fullmatch(text)
    if not found:
        raise InvalidError("is not a range.", advice)
    low, high = int(found.group(1)), int(found.group(2))
    if low > high:
        raise InvalidError("is upside down.", f"Write the smaller number first: {high}-{low}.")
    if low < 1 or high > MAX_COUNT:
        raise InvalidError("is out of bounds.", f"Write numbers from 1 to {MAX_COUNT}, such as 2-8.")
    return {"minimum": low, "maximum": high}


def _range_of(node: Mapping) -> str:
    """What to write for Copilot's `range: {min: 2, max: 8}`."""
    said = {entry.key.text: entry.value.text for entry in node.entries if isinstance(entry.value, Scalar)}
    text = f"{said.get('min')}-{said.get('max')}"
    return f"Write range: {text}." if _RANGE.fullmatch(text) else ""


def no_database(node: Node) -> None:
    """What `database` may be, other than a section: a null that was meant."""
    advice = "Write null for no database, or {engine: postgres, version: 18}."
    if not isinstance(node, Scalar):
        one_value(node, advice)
    elif not node.text:
        raise InvalidError("is empty, which could mean a database or none.", advice)
    elif not node.is_null:
        raise InvalidError("is not a section.", advice)


def engine(node: Node) -> str:
    text = one_value(node, "Write postgres.")
    if text != "postgres":
        raise InvalidError("is not an engine that Evenly runs.", "Write postgres.")
    return text


def version(node: Node) -> int:
    text = one_value(node, "Write 16 or 18.")
    if text not in ("16", "18"):
        raise InvalidError("is not a version that Evenly brings.", "Write 16 or 18.")
    return int(text)


def healthcheck_path_alone(node: Node) -> None:
    """Copilot lets `healthcheck` be its path; here it is always a section."""
    text = one_value(node, "Write {path: /healthz}.")
    example = text if _PATH.fullmatch(text) else "/healthz"
    raise InvalidError("is one value, where a section belongs.", f"Write {{path: {example}}}.")
