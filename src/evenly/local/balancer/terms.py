"""The words of Envoy's configuration that every part needs. Pure."""

from pathlib import Path
from typing import Any, Literal, TypeAlias

Config: TypeAlias = dict[str, Any]

API = "type.googleapis.com/envoy"


def typed(kind: str, **fields: Any) -> Config:
    """A message that names its own type; `kind` without the common prefix."""
    return {"@type": f"{API}.{kind}", **fields}


def extension(name: str, kind: str, **fields: Any) -> Config:
    """An extension with its configuration."""
    return {"name": name, "typed_config": typed(kind, **fields)}


def seconds(amount: float) -> str:
    return f"{amount:g}s"


def file_source(path: Path) -> Config:
    """Resources read from a file, again whenever a file is renamed into its folder."""
    watched = {"path": str(path), "watched_directory": {"path": str(path.parent)}}
    return {"path_config_source": watched, "resource_api_version": "V3"}


def socket_address(address: str, port: int, protocol: Literal["TCP", "UDP"] = "TCP") -> Config:
    said = {} if protocol == "TCP" else {"protocol": protocol}
    return {"socket_address": {"address": address, "port_value": port, **said}}
