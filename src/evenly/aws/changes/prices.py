"""List prices of what AWS charges by the hour or the month, whether it is used or not. Reads its table, which is part
of the package: small, dated, with its source.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

TABLE = Path(__file__).with_name("prices.json")


class Prices(msgspec.Struct, frozen=True):
    """US dollars in us-east-1. `hourly`, `instances` (EC2, Linux) and `databases` (PostgreSQL, one zone): an hour.
    `monthly`: a month, those in `_gb` for each GB. `hours`: in a month, as AWS counts. `regions`: how much more
    everything costs there, about."""

    as_of: str
    source: str
    note: str
    hours: int
    regions: Mapping[str, float]
    hourly: Mapping[str, float]
    monthly: Mapping[str, float]
    instances: Mapping[str, float]
    databases: Mapping[str, float]

    def by_hour(self, name: str, count: float = 1) -> float:
        """A month of `count` of them."""
        return self.hourly[name] * self.hours * count


@cache
def prices() -> Prices:
    return msgspec.json.decode(TABLE.read_bytes(), type=Prices)
