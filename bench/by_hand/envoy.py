"""Envoy by hand: the least that is an edge (one listener, TLS, a router), and the instances behind it, which
answer at once. Pure but for `start`.

The edge speaks mutual TLS 1.3 to the instances, as Evenly's does, because that is no feature of the edge; it
verifies them by their authority alone, and does without health checks, limits, retries, headers and logs.
"""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evenly.local.balancer import envoy_program

ANSWER = '{"greeting":{"language":"en","text":"Hello"},"instance_id":"i-00000000000000001","zone":"local-a"}'
API = "type.googleapis.com/envoy"
TLS = f"{API}.extensions.transport_sockets.tls.v3"
HTTP = f"{API}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
ROUTER = f"{API}.extensions.filters.http.router.v3.Router"
TLS_13 = {"tls_minimum_protocol_version": "TLSv1_3", "tls_maximum_protocol_version": "TLSv1_3"}
Config = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key; `ca`: the authority that the other side has to be of."""

    certificate: Path
    key: Path
    ca: Path


def edge(port: int, instances: Sequence[str], shown: Pair, client: Pair) -> Config:
    """The configuration of an edge on `port` of 127.0.0.1 in front of these instances (`host:port`, IPv4)."""
    endpoints = [{"endpoint": {"address": _socket(*each.split(":"))}} for each in instances]
    cluster = {
        "name": "instances",
        "type": "STATIC",
        "load_assignment": {"cluster_name": "instances", "endpoints": [{"lb_endpoints": endpoints}]},
        "transport_socket": _tls("UpstreamTlsContext", client, {"sni": "localhost"}, TLS_13),
    }
    socket = _tls("DownstreamTlsContext", shown, {}, {}, {"alpn_protocols": ["h2", "http/1.1"]}, verify=False)
    listener = _listener(port, {"route": {"cluster": "instances"}}, socket)
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


def instances(pairs: Sequence[tuple[int, Pair]]) -> Config:
    """The configuration of instances that answer a little JSON, each on its port and with its certificate."""
    answer = {
        "direct_response": {"status": 200, "body": {"inline_string": ANSWER}},
        "response_headers_to_add": [
            {
                "header": {"key": "content-type", "value": "application/json"},
                "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
            }
        ],
    }
    required = {"require_client_certificate": True}
    listeners = [
        _listener(port, answer, _tls("DownstreamTlsContext", pair, required, TLS_13)) for port, pair in pairs
    ]
    return {"static_resources": {"listeners": listeners}}


def rendered(config: Config) -> str:
    return json.dumps(config, indent=2)


def start(config: Config, file: Path, concurrency: int) -> "subprocess.Popen[bytes]":
    """Run Envoy with `config`, which is written to `file`. Its log goes beside it."""
    file.write_text(rendered(config))
    command = [str(envoy_program()), "--config-path", str(file), "--concurrency", str(concurrency)]
    with file.with_suffix(".log").open("ab") as log:
        return subprocess.Popen([*command, "--disable-hot-restart", "--log-level", "warning"], stderr=log)


def _listener(port: int, answer: Config, socket: Config) -> Config:
    route = {"match": {"prefix": "/"}, **answer}
    host = {"name": "all", "domains": ["*"], "routes": [route]}
    manager = {
        "@type": HTTP,
        "stat_prefix": "all",
        "route_config": {"virtual_hosts": [host]},
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {"@type": ROUTER}}],
    }
    filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
    return {"address": _address(port), "filter_chains": [{"filters": filters, "transport_socket": socket}]}


def _tls(
    kind: str,
    pair: Pair,
    said: Config,
    versions: Config,
    common: Config | None = None,
    *,
    verify: bool = True,
) -> Config:
    files = {
        "certificate_chain": {"filename": str(pair.certificate)},
        "private_key": {"filename": str(pair.key)},
    }
    authority = {"validation_context": {"trusted_ca": {"filename": str(pair.ca)}}} if verify else {}
    context = {"tls_certificates": [files], "tls_params": versions, **authority, **(common or {})}
    return {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {"@type": f"{TLS}.{kind}", "common_tls_context": context, **said},
    }


def _address(port: int) -> Config:
    return _socket("127.0.0.1", port)


def _socket(host: str, port: int | str) -> Config:
    return {"socket_address": {"address": host, "port_value": int(port)}}
