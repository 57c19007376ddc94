"""The access log: one line of JSON a request. Pure."""

from evenly.local.balancer.endpoints import METADATA
from evenly.local.balancer.settings import BalancerSettings
from evenly.local.balancer.terms import Config, extension

LONGEST_USER_AGENT = 200


def access_log(settings: BalancerSettings) -> Config:
    """One line a request, those that no instance saw included. Without the query and the page that the visitor came
    from: both may hold what nobody should read later."""
    line = {
        "time": "%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%",
        "request_id": "%REQ(X-REQUEST-ID)%",
        "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
        "method": "%REQ(:METHOD)%",
        "host": "%REQ(:AUTHORITY)%",
        "path": "%PATH(NQ:PATH)%",
        "protocol": "%PROTOCOL%",
        "tls": "%DOWNSTREAM_TLS_VERSION%",
        "user_agent": f"%REQ(USER-AGENT):{LONGEST_USER_AGENT}%",
        "status": "%RESPONSE_CODE%",
        "flags": "%RESPONSE_FLAGS%",
        "details": "%RESPONSE_CODE_DETAILS%",
        "bytes_received": "%BYTES_RECEIVED%",
        "bytes_sent": "%BYTES_SENT%",
        "duration_ms": "%DURATION%",
        "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
        "upstream": "%UPSTREAM_HOST%",
        "instance": f"%UPSTREAM_METADATA({METADATA}:instance)%",
        "zone": f"%UPSTREAM_METADATA({METADATA}:zone)%",
    }
    return extension(
        "envoy.access_loggers.file",
        "extensions.access_loggers.file.v3.FileAccessLog",
        path=str(settings.access_log),
        log_format={"json_format": line},
    )
