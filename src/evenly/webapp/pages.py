"""The HTML pages: one template, one inline style sheet, no script, nothing from elsewhere.

Everything that is put in is escaped. The content security policy allows the style by its hash alone.
"""

import base64
import hashlib
from html import escape
from pathlib import Path
from string import Template

from evenly.webapp.http import Headers
from evenly.webapp.settings import Settings

_TEMPLATES = Path(__file__).with_name("templates")
_RIGHT_TO_LEFT = frozenset(
    ["ar", "arc", "ckb", "dv", "fa", "he", "iw", "nqo", "ps", "rhg", "sd", "syr", "ug", "ur", "yi"]
)
_RIGHT_TO_LEFT_SCRIPTS = frozenset(
    ["Adlm", "Arab", "Aran", "Hebr", "Mand", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa"]
)


class Pages:
    """Renders the pages of one instance. Reads the templates once, when it is made."""

    def __init__(self, settings: Settings) -> None:
        style = (_TEMPLATES / "style.css").read_text("utf-8").strip()
        page = (_TEMPLATES / "page.html").read_text("utf-8")
        self.headers: Headers = [
            ("content-type", "text/html; charset=utf-8"),
            ("content-security-policy", _policy(style)),
            ("referrer-policy", "no-referrer"),
        ]
        self._service = escape(settings.service)
        self._facts = _facts(settings)
        self._page = Template(Template(page).safe_substitute(style=style))

    def greeting(self, language: str, text: str) -> bytes:
        """The page that shows one greeting."""
        heading = f'<h1 lang="{escape(language)}" dir="{direction(language)}">{escape(text)}</h1>'
        return self._render(text, heading)

    def error(self, status: int, title: str, detail: str) -> bytes:
        """The page of an error: in words, with a way back."""
        told = f"<h1>{escape(title)}</h1>\n<p>{escape(detail)}</p>\n"
        return self._render(f"{status} {title}", f'{told}<p><a href="/">Back to the greeting</a></p>')

    def _render(self, title: str, content: str) -> bytes:
        return self._page.substitute(
            title=f"{escape(title)} · {self._service}",
            service=self._service,
            content=content,
            facts=self._facts,
        ).encode()


def direction(language: str) -> str:
    """`rtl` or `ltr`: by the tag's script if it names one, else by the language's usual script."""
    first, *others = language.split("-")
    script = next((part.title() for part in others if len(part) == 4 and part.isalpha()), None)
    if script is not None:
        return "rtl" if script in _RIGHT_TO_LEFT_SCRIPTS else "ltr"
    return "rtl" if first.lower() in _RIGHT_TO_LEFT else "ltr"


def _facts(settings: Settings) -> str:
    facts = {
        "Instance": settings.instance_id or "none: it runs on no host of its own",
        **({"Task": settings.task_id} if settings.task_id else {}),
        "Zone": settings.zone,
        "Region": settings.region,
        "Release": str(settings.release),
    }
    return "\n".join(f"<div><dt>{name}</dt><dd>{escape(fact)}</dd></div>" for name, fact in facts.items())


def _policy(style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
