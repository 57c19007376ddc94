"""Where the balancer listens. Pure."""

from evenly.local.balancer import limits, routes, secrets
from evenly.local.balancer.manager import connection_manager
from evenly.local.balancer.settings import STATISTICS, BalancerSettings
from evenly.local.balancer.terms import Config, extension, socket_address, typed

BUFFER_BYTES = 32768


def listener_resources(settings: BalancerSettings) -> Config:
    """The listener file: HTTPS by TCP and by QUIC, and HTTP that redirects to it or serves as well."""
    return {"resources": [_https(settings), _http3(settings), _http(settings)]}


def _https(settings: BalancerSettings) -> Config:
    table = routes.service_routes(settings, secure=True)
    chain = {
        "transport_socket": secrets.downstream(settings),
        "transport_socket_connect_timeout": limits.handshake_timeout(settings),
        "filters": [connection_manager(settings, STATISTICS, table)],
    }
    return _listener(settings, "https", settings.https_port, [chain])


def _http3(settings: BalancerSettings) -> Config:
    """The TCP port's number, by UDP. Every worker needs a socket of its own, so this port is shared; it is ours
    all the same, because nobody else gets the TCP port."""
    manager = connection_manager(settings, STATISTICS, routes.service_routes(settings, secure=True))
    chain = {
        "transport_socket": secrets.downstream_quic(settings),
        "filters": [_by_http3(manager)],
    }
    first, *others = (socket_address(each, settings.https_port, "UDP") for each in settings.listen)
    return typed(
        "config.listener.v3.Listener",
        name="http3",
        address=first,
        additional_addresses=[{"address": other} for other in others],
        enable_reuse_port=True,
        per_connection_buffer_limit_bytes=BUFFER_BYTES,
        udp_listener_config={"quic_options": {}},
        filter_chains=[chain],
    )


def _by_http3(manager: Config) -> Config:
    return manager | {"typed_config": manager["typed_config"] | {"codec_type": "HTTP3"}}


def _http(settings: BalancerSettings) -> Config:
    if not settings.redirect_to_https:
        table = routes.service_routes(settings, secure=False)
        plain = {"filters": [connection_manager(settings, STATISTICS, table)]}
        return _listener(settings, "http", settings.http_port, [plain])
    manager = connection_manager(settings, "redirect", routes.redirect_routes(settings))
    # A browser that knows the host from HSTS asks this port by TLS: it is redirected all the same.
    tls = {
        "filter_chain_match": {"transport_protocol": "tls"},
        "transport_socket": secrets.downstream(settings),
        "transport_socket_connect_timeout": limits.handshake_timeout(settings),
        "filters": [manager],
    }
    inspector = extension(
        "envoy.filters.listener.tls_inspector",
        "extensions.filters.listener.tls_inspector.v3.TlsInspector",
    )
    listener = _listener(settings, "http", settings.http_port, [tls, {"filters": [manager]}])
    return listener | {
        "listener_filters": [inspector],
        "listener_filters_timeout": limits.handshake_timeout(settings),
    }


def _listener(settings: BalancerSettings, name: str, port: int, chains: list[Config]) -> Config:
    first, *others = settings.listen
    return typed(
        "config.listener.v3.Listener",
        name=name,
        address=socket_address(first, port),
        additional_addresses=[{"address": socket_address(other, port)} for other in others],
        enable_reuse_port=False,  # with it, a second environment would share the port and nobody would notice
        per_connection_buffer_limit_bytes=BUFFER_BYTES,
        filter_chains=chains,
    )
