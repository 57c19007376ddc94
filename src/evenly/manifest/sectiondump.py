"""The sections of a manifest as plain data, with the keys and units that the file uses. Pure."""

from typing import Any

from evenly.manifest.types import (
    App,
    Certificate,
    Compute,
    Count,
    Database,
    Deployment,
    Edge,
    Healthcheck,
    Http,
    Job,
    Limits,
    Network,
    Observability,
    Seconds,
    Worker,
)
from evenly.manifest.units import format_duration, format_size


def app(said: App) -> dict[str, Any]:
    command = None if said.command is None else list(said.command)
    return {"serve": said.serve, "command": command, "build": said.build, "protocol": said.protocol}


def http(said: Http) -> dict[str, Any]:
    return {
        "alias": said.alias,
        "port": said.port,
        "redirect_port": said.redirect_port,
        "redirect_to_https": said.redirect_to_https,
        "healthcheck": _healthcheck(said.healthcheck),
        "deregistration_delay": _duration(said.deregistration_delay),
        "error_pages": said.error_pages,
        "certificate": _certificate(said.certificate),
        "limits": _limits(said.limits),
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


def count(said: Count) -> int | dict[str, Any]:
    told = {
        "response_time": _duration(said.response_time),
        "requests": said.requests,
        "cpu": said.cpu,
        "cooldown": _said({"in": said.cooldown.scale_in, "out": said.cooldown.scale_out}),
    }
    scaled = {key: value for key, value in told.items() if value}
    if said.minimum == said.maximum and not scaled:
        return said.minimum
    return {"range": f"{said.minimum}-{said.maximum}", **scaled}


def _said(durations: dict[str, Seconds | None]) -> dict[str, str]:
    return {key: format_duration(value) for key, value in durations.items() if value is not None}


def database(said: Database | None) -> dict[str, Any] | None:
    if said is None:
        return None
    version = {} if said.url_from else {"version": said.version}
    rest = {"migrations": said.migrations, "url_from": said.url_from}
    members = {} if said.url_from else {"multi_zone": said.multi_zone}
    return {"engine": said.engine, **version, **rest, **members}


def worker(said: Worker) -> dict[str, Any]:
    return {"command": list(said.command), "count": said.count, "variables": dict(said.variables)}


def job(said: Job) -> dict[str, Any]:
    return {
        "command": list(said.command),
        "schedule": said.schedule,
        "timeout": format_duration(said.timeout),
        "retries": said.retries,
        "variables": dict(said.variables),
    }


def deployment(said: Deployment) -> dict[str, Any]:
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


def network(said: Network) -> dict[str, Any]:
    return {"egress": said.egress, "internal": said.internal, "cidr": said.cidr}


def compute(said: Compute) -> dict[str, Any]:
    instance = {"instance": said.instance} if said.type == "ec2" else {}
    return {"type": said.type, **instance, "cpu": said.cpu, "memory": format_size(said.memory)}


def edge(said: Edge) -> dict[str, Any]:
    return {"default_domain": said.default_domain, "firewall": said.firewall}


def observability(said: Observability) -> dict[str, Any]:
    return {
        "retention": said.retention,
        "alarms": said.alarms,
        "budget": said.budget,
        "tracing": said.tracing,
    }
