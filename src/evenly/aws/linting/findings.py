"""What is found in a template. Pure."""

from msgspec import Struct

from evenly.manifest.linting.findings import Severity

__all__ = ["Severity", "TemplateFinding"]


class TemplateFinding(Struct, frozen=True, order=True):
    """One thing that is wrong in a stack. `resource`: the logical id, or the name of a parameter or an output; empty
    for the stack as a whole. `rule`: its name, by which an exception names it."""

    stack: str
    resource: str
    rule: str
    severity: Severity
    what: str
    try_: str
