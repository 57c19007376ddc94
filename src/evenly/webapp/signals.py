"""Which telemetry is wanted, as a value."""

from msgspec import Struct


class Signals(Struct, frozen=True):
    """The exporters of each signal: `otlp`, `console`, both, or none."""

    traces: frozenset[str]
    metrics: frozenset[str]
