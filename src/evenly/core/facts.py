"""What a target tells of an environment, whatever it is made of: what happened in it, its certificates, what was tried
and should be refused. Pure."""

from msgspec import Struct


class NotPossibleError(Exception):
    """This target can't do or know this. `why` is a sentence."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Happening(Struct, frozen=True):
    """One event of an environment. `at`: RFC 3339, UTC, milliseconds; `what`: a sentence for a person; `action`: the
    word that the target's journal has for it; `number`: ascending, to ask for what came after. `crashed`: what ended
    that nobody had asked to end, as one word for all of its kind, `app` say, and `ran_s`: how long it had run."""

    number: int
    at: str
    action: str
    what: str
    instance: str | None = None
    zone: str | None = None
    crashed: str | None = None
    ran_s: float | None = None


class ReleaseFact(Struct, frozen=True):
    """A release that was made. `made_at`: RFC 3339, UTC."""

    number: int
    made_at: str


class CertificateLife(Struct, frozen=True):
    """A certificate of the environment's. Times: RFC 3339, UTC. `renews`: the target renews it by itself."""

    name: str
    not_before: str
    not_after: str
    renews: bool


class Attempt(Struct, frozen=True):
    """Something that should be refused was tried. `told`: what came back, one line, for the evidence."""

    tried: str
    refused: bool
    told: str
