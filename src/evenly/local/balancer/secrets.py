"""TLS on both legs. Pure.

Certificates are named, never contained: Envoy reads them from their files, and again when one is renamed into
their folder. It does so only for secrets that come from a file of their own.
"""

from pathlib import Path

from evenly.local.balancer import tls
from evenly.local.balancer.settings import BalancerFiles, BalancerSettings
from evenly.local.balancer.terms import Config, extension, file_source, typed

_TLS = "extensions.transport_sockets.tls.v3"
EDGE = "edge"
CLIENT = "client"
AUTHORITY = "authority"


def downstream(settings: BalancerSettings) -> Config:
    """What the edge shows to clients over TCP: HTTP/2 preferred."""
    context = {"common_tls_context": _edge(settings, "h2", "http/1.1")}
    return extension("envoy.transport_sockets.tls", f"{_TLS}.DownstreamTlsContext", **context)


def downstream_quic(settings: BalancerSettings) -> Config:
    """The same over QUIC. No early data: it could be sent again by anybody who saw it."""
    return extension(
        "envoy.transport_sockets.quic",
        "extensions.transport_sockets.quic.v3.QuicDownstreamTransport",
        downstream_tls_context={"common_tls_context": _edge(settings, "h3")},
        enable_early_data=False,
    )


def _edge(settings: BalancerSettings, *protocols: str) -> Config:
    return {
        "alpn_protocols": list(protocols),
        "tls_params": tls.intermediate(),
        "tls_certificate_sds_secret_configs": [_reference(settings, EDGE)],
    }


def upstream(settings: BalancerSettings) -> Config:
    """Mutual TLS to the instances: each has to prove the name that its endpoint carries."""
    common = {
        "tls_params": {"tls_minimum_protocol_version": "TLSv1_3", "tls_maximum_protocol_version": "TLSv1_3"},
        "tls_certificate_sds_secret_configs": [_reference(settings, CLIENT)],
        "validation_context_sds_secret_config": _reference(settings, AUTHORITY),
    }
    return extension(
        "envoy.transport_sockets.tls",
        f"{_TLS}.UpstreamTlsContext",
        auto_host_sni=True,
        auto_sni_san_validation=True,
        common_tls_context=common,
    )


def secret_resources(settings: BalancerSettings) -> dict[str, Config]:
    """One file for each secret: Envoy takes exactly one from a file."""
    files = settings.certificates
    authority = {
        "trusted_ca": {"filename": str(files.trusted)},
    }
    return {
        EDGE: _secret(EDGE, tls_certificate=_pair(files.edge, files.edge_key)),
        CLIENT: _secret(CLIENT, tls_certificate=_pair(files.client, files.client_key)),
        AUTHORITY: _secret(AUTHORITY, validation_context=authority),
    }


def _reference(settings: BalancerSettings, name: str) -> Config:
    return {"name": name, "sds_config": file_source(BalancerFiles(settings.folder).secret(name))}


def _secret(name: str, **content: Config) -> Config:
    return {"resources": [typed(f"{_TLS}.Secret", name=name, **content)]}


def _pair(certificate: Path, key: Path) -> Config:
    return {
        "certificate_chain": {"filename": str(certificate)},
        "private_key": {"filename": str(key)},
    }
