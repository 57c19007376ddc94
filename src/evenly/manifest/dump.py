"""A manifest as plain data and as differences, with the keys and units that the file uses. Pure."""

import json
import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from evenly.manifest.problems import HIDDEN, looks_secret
from evenly.manifest.sectiondump import (
    app,
    compute,
    count,
    database,
    deployment,
    edge,
    http,
    job,
    network,
    observability,
    worker,
)
from evenly.manifest.types import LOCAL, Environment, Manifest

_PLAIN = re.compile(r"[A-Za-z0-9_./$][A-Za-z0-9_./$:=@+-]*", re.ASCII)


class Difference(Struct, frozen=True):
    """One key whose value changed, as text; `None`: the key is not there. Secrets are hidden."""

    path: str
    old: str | None
    new: str | None


def as_dict(manifest: Manifest) -> dict[str, Any]:
    """All that `manifest` says, defaults included, so that reading it as YAML gives `manifest` again. An environment
    says what it says differently."""
    return {
        "name": manifest.name,
        "app": app(manifest.app),
        "http": http(manifest.http),
        "zones": manifest.zones,
        "count": count(manifest.count),
        "database": database(manifest.database),
        "variables": dict(manifest.variables),
        "secrets": dict(manifest.secrets),
        "workers": {name: worker(each) for name, each in manifest.workers.items()},
        "jobs": {name: job(each) for name, each in manifest.jobs.items()},
        "deployment": deployment(manifest.deployment),
        "tags": dict(manifest.tags),
        "network": network(manifest.network),
        "compute": compute(manifest.compute),
        "edge": edge(manifest.edge),
        "observability": observability(manifest.observability),
        "environments": {
            name: _environment(manifest, name, it) for name, it in manifest.environments.items()
        },
    }


def differences(old: Manifest, new: Manifest) -> tuple[Difference, ...]:
    """What changed from `old` to `new`, key by key, in the order of the manifest."""
    return tuple(_differences("", as_dict(old), as_dict(new)))


def _environment(manifest: Manifest, name: str, said: Environment) -> dict[str, Any]:
    alone = replace(said, overrides={})
    base = replace(manifest, environments={name: alone}).of_environment(name)
    own = manifest.of_environment(name)
    return {**_place(said), **_over(as_dict(base), as_dict(own))}


def _place(said: Environment) -> dict[str, Any]:
    if said.target == LOCAL:
        return {"target": LOCAL}
    return {
        "target": said.target,
        "regions": list(said.regions),
        "account": said.account,
        "production": said.production,
    }


def _over(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """What an environment has to write over `base` to have `own`: `None` takes a key away."""
    changed = {
        key: _over(base[key], it) if isinstance(it, dict) and isinstance(base.get(key), dict) else it
        for key, it in own.items()
        if key not in base or base[key] != it
    }
    return changed | {key: None for key in base if key not in own}


def _differences(path: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Difference]:
    for key in [*old, *(key for key in new if key not in old)]:
        here = f"{path}.{key}" if path else key
        before, after = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _differences(here, before, after)
        elif before != after:
            yield Difference(here, _told(old, key, path), _told(new, key, path))


def _told(values: dict[str, Any], key: str, path: str) -> str | None:
    if key not in values:
        return None
    if path.rpartition(".")[2] == "variables" and looks_secret(key, values[key]):
        return HIDDEN
    return _text(values[key], key)


def _text(value: object, key: str = "") -> str:
    """The `value` of `key` as a manifest would say it on one line."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case dict():
            return "{" + ", ".join(f"{name}: {_inner(key, name, it)}" for name, it in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_text, value)) + "]"
        case str() if not _PLAIN.fullmatch(value):
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)


def _inner(key: str, name: str, value: object) -> str:
    is_secret = key == "variables" and isinstance(value, str) and looks_secret(name, value)
    return HIDDEN if is_secret else _text(value, name)
