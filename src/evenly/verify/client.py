"""How checks ask the service. Touches the network only."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Service:
    """A service by its address. `ca_file`: the authority to trust; `None`: those of the system."""

    url: str
    ca_file: Path | None = None
