"""What comes from outside, checked before anything else sees it: new greetings, page numbers, ids. Pure."""

import re
import unicodedata
from http import HTTPStatus
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from evenly.webapp.http import ProblemError

LARGEST_ID = 2**63 - 1  # PostgreSQL's bigint
LARGEST_PAGE = 100
DEFAULT_PAGE = 20
LONGEST_TEXT = 200
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_DIRECTION_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_CONTROLS = frozenset({"Cc", "Cs", "Zl", "Zp"})


class NewGreeting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What POST /greetings takes."""

    language: str
    text: str


class PageWanted(Struct, frozen=True):
    """`after`: the last id that the client has seen; `limit`: 1 to 100 greetings."""

    after: int
    limit: int


_DECODER = msgspec.json.Decoder(NewGreeting)


def new_greeting(body: bytes) -> NewGreeting:
    """The greeting in a JSON body, in its normal form (NFC, case of the tag). Raises `ProblemError` 400 or 422."""
    try:
        given = _DECODER.decode(body)
    except msgspec.ValidationError as error:
        raise _unprocessable((_located(str(error)),)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ProblemError(HTTPStatus.BAD_REQUEST, "The body is not valid JSON in UTF-8.") from None
    text = unicodedata.normalize("NFC", given.text)
    errors = (*_language_errors(given.language), *_text_errors(text))
    if errors:
        raise _unprocessable(errors)
    return NewGreeting(language_tag(given.language), text)


def language_tag(tag: str) -> str:
    """`tag` in the usual case: `PT-br` is `pt-BR`, `zh-hant` is `zh-Hant`."""
    first, *others = tag.split("-")
    cases = {2: str.upper, 4: str.title}
    return "-".join((first.lower(), *(cases.get(len(part), str.lower)(part) for part in others)))


def page_wanted(query: str) -> PageWanted:
    """The page that a query string asks for; parameters we do not know are ignored. Raises `ProblemError` 400."""
    try:
        given = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=20))
    except ValueError:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "The query string has too many parts.") from None
    return PageWanted(
        after=_number(given, "after", default=0, least=0, most=LARGEST_ID),
        limit=_number(given, "limit", default=DEFAULT_PAGE, least=1, most=LARGEST_PAGE),
    )


def greeting_id(text: str) -> int | None:
    """The id that `text` writes, or `None` if no greeting can have it."""
    if not _is_number(text) or not 1 <= int(text) <= LARGEST_ID:
        return None
    return int(text)


def _number(given: dict[str, str], name: str, *, default: int, least: int, most: int) -> int:
    said = given.get(name)
    if said is None:
        return default
    if _is_number(said) and least <= int(said) <= most:
        return int(said)
    raise ProblemError(HTTPStatus.BAD_REQUEST, f"`{name}` has to be a whole number from {least} to {most}.")


def _is_number(text: str) -> bool:
    return len(text) <= 19 and text.isascii() and text.isdigit()


def _language_errors(language: str) -> tuple[tuple[str, str], ...]:
    if 2 <= len(language) <= 35 and _LANGUAGE.fullmatch(language):
        return ()
    return (("#/language", "A language tag of 2 to 35 characters is needed, such as `en` or `pt-BR`."),)


def _text_errors(text: str) -> tuple[tuple[str, str], ...]:
    if not 1 <= len(text) <= LONGEST_TEXT or not text.strip():
        return (("#/text", f"A text of 1 to {LONGEST_TEXT} characters is needed."),)
    if any(unicodedata.category(c) in _CONTROLS or c in _DIRECTION_CONTROLS for c in text):
        return (("#/text", "Control characters and line breaks are not allowed."),)
    return ()


def _located(message: str) -> tuple[str, str]:
    """msgspec says `Expected ..., got ... - at `$.text``; the place becomes a JSON pointer."""
    said, _, place = message.partition(" - at `$")
    return ("#" + place.rstrip("`").replace(".", "/"), f"{said}.")


def _unprocessable(errors: tuple[tuple[str, str], ...]) -> ProblemError:
    detail = "The greeting cannot be taken: " + " ".join(sentence for _, sentence in errors)
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=errors)
