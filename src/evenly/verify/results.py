"""What a check found, as data: printed, written as JSON and JUnit, and drawn, each by somebody else. Pure."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field


class Verdict(StrEnum):
    PASS = "pass"  # noqa: S105  a verdict, no password
    FAIL = "fail"
    SKIPPED = "skipped"


class Evidence(Struct, frozen=True):
    """How a check was proved: what was asked, what was answered, and the figures that were judged.

    `request` and `answer` are one line each for a person, without secrets. `figures`: name to a number with its
    unit in the name (`p_value`, `days_left`), or a text.
    """

    request: str = ""
    answer: str = ""
    figures: Mapping[str, float | str] = field(default_factory=dict)


class CheckResult(Struct, frozen=True):
    """One check's verdict. `why` is a sentence: why it failed, or was skipped; empty when it passed. `advice`: what to
    try, of one that failed."""

    id: str
    sentence: str
    verdict: Verdict
    evidence: tuple[Evidence, ...]
    why: str
    duration_s: float
    advice: str = ""

    @property
    def subject(self) -> str:
        """What it is about: the id up to its first dot."""
        return self.id.partition(".")[0]


class Verification(Struct, frozen=True):
    """One run of the catalogue. `environment` is `None` where only an address was given. `started_at`: RFC 3339."""

    url: str
    environment: str | None
    target: str | None
    started_at: str
    duration_s: float
    results: tuple[CheckResult, ...]

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        return self.of(Verdict.FAIL)

    def of(self, verdict: Verdict) -> tuple[CheckResult, ...]:
        return tuple(it for it in self.results if it.verdict is verdict)


def sentence(text: str) -> str:
    """`text`, a clause perhaps, with a capital and a full stop."""
    whole = text.strip()
    return f"{whole[:1].upper()}{whole[1:]}{'' if whole.endswith(('.', '!', '?')) else '.'}"
