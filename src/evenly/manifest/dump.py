"""A manifest as plain data and as differences, with the keys and units that the file uses. Pure."""

import json
import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from evenly.manifest.problems import HIDDEN, looks_secret
from evenly.manifest.types import (
    App,
    Certificate,
    Count,
    Database,
    Deployment,
    Healthcheck,
    Http,
    Job,
    Limits,
    Manifest,
    Seconds,
    Worker,
)
from evenly.manifest.units import format_duration, format_size

_PLAIN = re.compile(r"[A-Za-z0-9_./$][A-Za-z0-9_./$:=@+-]*", re.ASCII)


class Difference(Struct, frozen=True):
    """One key whose value changed, as text; `None`: the key is not there. Secrets are hidden."""

    path: str
    old: str | None
    new: str | None


def as_dict(manifest: Manifest) -> dict[str, Any]:
    """All that `manifest` says, defaults included, so that reading it as YAML gives `manifest` again."""
    return {
        "name": manifest.name,
        "app": _app(manifest.app),
        "http": _http(manifest.http),
        "zones": manifest.zones,
        "count": _count(manifest.count),
        "database": _database(manifest.database),
        "variables": dict(manifest.variables),
        "secrets": dict(manifest.secrets),
        "workers": {name: _worker(each) for name, each in manifest.workers.items()},
        "jobs": {name: _job(each) for name, each in manifest.jobs.items()},
        "deployment": _deployment(manifest.deployment),
    }


def differences(old: Manifest, new: Manifest) -> tuple[Difference, ...]:
    """What changed from `old` to `new`, key by key, in the order of the manifest."""
    return tuple(_differences("", as_dict(old), as_dict(new)))


def _app(app: App) -> dict[str, Any]:
    command = None if app.command is None else list(app.command)
    return {"serve": app.serve, "command": command, "build": app.build, "protocol": app.protocol}


def _http(http: Http) -> dict[str, Any]:
    return {
        "alias": http.alias,
        "port": http.port,
        "redirect_port": http.redirect_port,
        "redirect_to_https": http.redirect_to_https,
        "healthcheck": _healthcheck(http.healthcheck),
        "deregistration_delay": _duration(http.deregistration_delay),
        "error_pages": http.error_pages,
        "certificate": _certificate(http.certificate),
        "limits": _limits(http.limits),
    }


def _certificate(certificate: Certificate | None) -> dict[str, Any] | None:
    return None if certificate is None else {"chain": certificate.chain, "key": certificate.key}


def _limits(limits: Limits) -> dict[str, Any]:
    return {
        "body": format_size(limits.body),
        "timeout": format_duration(limits.timeout),
        "connections": limits.connections,
        "requests": limits.requests,
    }


def _healthcheck(health: Healthcheck) -> dict[str, Any]:
    return {
        "path": health.path,
        "interval": _duration(health.interval),
        "timeout": _duration(health.timeout),
        "healthy_threshold": health.healthy_threshold,
        "unhealthy_threshold": health.unhealthy_threshold,
        "grace_period": _duration(health.grace_period),
    }


def _count(count: Count) -> int | dict[str, Any]:
    said = {
        "response_time": _duration(count.response_time),
        "requests": count.requests,
        "cpu": count.cpu,
        "cooldown": _said({"in": count.cooldown.scale_in, "out": count.cooldown.scale_out}),
    }
    scaled = {key: value for key, value in said.items() if value}
    if count.minimum == count.maximum and not scaled:
        return count.minimum
    return {"range": f"{count.minimum}-{count.maximum}", **scaled}


def _said(durations: dict[str, Seconds | None]) -> dict[str, str]:
    return {key: format_duration(value) for key, value in durations.items() if value is not None}


def _database(database: Database | None) -> dict[str, Any] | None:
    if database is None:
        return None
    version = {} if database.url_from else {"version": database.version}
    rest = {"migrations": database.migrations, "url_from": database.url_from}
    members = {} if database.url_from else {"multi_zone": database.multi_zone}
    return {"engine": database.engine, **version, **rest, **members}


def _worker(worker: Worker) -> dict[str, Any]:
    return {"command": list(worker.command), "count": worker.count, "variables": dict(worker.variables)}


def _job(job: Job) -> dict[str, Any]:
    return {
        "command": list(job.command),
        "schedule": job.schedule,
        "timeout": format_duration(job.timeout),
        "retries": job.retries,
        "variables": dict(job.variables),
    }


def _deployment(said: Deployment) -> dict[str, Any]:
    steps = [{"weight": it.weight, "time": format_duration(it.time)} for it in said.steps]
    alarms = said.rollback_alarms
    return {
        "strategy": said.strategy,
        **({"steps": steps} if said.strategy == "canary" else {}),
        "bake": format_duration(said.bake),
        "rollback_alarms": {
            "errors": f"{alarms.errors:g}%",
            "response_time": format_duration(alarms.response_time),
        },
    }


def _duration(seconds: Seconds | None) -> str | None:
    return None if seconds is None else format_duration(seconds)


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
    return _text(values[key])


def _text(value: object) -> str:
    """`value` as a manifest would say it on one line."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case dict():
            return "{" + ", ".join(f"{key}: {_text(inner)}" for key, inner in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_text, value)) + "]"
        case str() if not _PLAIN.fullmatch(value):
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)
