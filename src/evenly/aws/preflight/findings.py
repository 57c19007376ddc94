"""What a preflight comes to: what stands in the way, and what is only to be known. Pure."""

from msgspec import Struct

from evenly.errors import StateError


class Findings(Struct, frozen=True):
    """Sentences. `stopping`: a deploy would fail for it. `notes`: it may, or it could not be found out."""

    stopping: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class PreflightError(StateError):
    """Quotas or permissions stand in the way; nothing was changed."""

    def __init__(self, findings: Findings, environment: str) -> None:
        super().__init__(
            "\n".join(("nothing was changed, for it would fail:", *(f"- {it}" for it in findings.stopping))),
            where=environment,
            try_=f"Mend it, then: evenly deploy -e {environment}. If you know better: the same with --no-preflight.",
        )
        self.findings = findings
