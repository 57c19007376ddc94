"""Moments as they are written."""

from datetime import UTC, datetime


def timestamp(moment: datetime) -> str:
    """RFC 3339, UTC, milliseconds. `moment`: aware."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
