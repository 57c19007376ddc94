"""Which telemetry is wanted, as a value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Signals:
    """The exporters of each signal: `otlp`, `console`, both, or none."""

    traces: frozenset[str]
    metrics: frozenset[str]
