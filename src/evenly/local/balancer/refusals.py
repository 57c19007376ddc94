"""The routes of what no instance is asked: they stand before all others. Pure.

What Envoy's own parsers refuse never comes so far; this is what they let pass and two programs could read in two ways.
"""

from typing import Any

from evenly.local.balancer.limits import URI_BYTES
from evenly.local.balancer.terms import Config

# RE2 repeats nothing more than 1,000 times. \C is any byte.
TOO_LONG = r"\C{1000}" * (URI_BYTES // 1000) + rf"\C{{{URI_BYTES % 1000}}}\C+"
# UTF-8 in more bytes than it takes, as `%c0%af` for a slash: RFC 3629 forbids it, some decoders read it all the same.
OVERLONG = r"\C*%(?:[cC][01]%[89abAB]|[eE]0%[89]|[fF]0%8)\C*"
# Envoy takes all from the colon on for the port, whatever it is: `localhost:1@elsewhere`.
NAME_AND_PORT = r"(?:\[[0-9a-fA-F:.]+\]|[^:]+)(?::[0-9]{0,5})?"
PASSED_ON = (
    "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"  # RFC 9110, 15.5.6: a 405 has to say what is allowed
)


def refusals() -> list[Config]:
    """An address too long or in two meanings, a host that is none, and the method that echoes."""
    allow = {"header": {"key": "allow", "value": PASSED_ON}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
    return [
        _refused(414, _matching(":path", TOO_LONG)),
        _refused(400, _matching(":path", OVERLONG)),
        _refused(400, _matching(":authority", NAME_AND_PORT, invert_match=True)),
        _refused(405, {"name": ":method", "string_match": {"exact": "TRACE"}})
        | {"response_headers_to_add": [allow]},
    ]


def _refused(status: int, header: Config) -> Config:
    return {"match": {"prefix": "/", "headers": [header]}, "direct_response": {"status": status}}


def _matching(header: str, regex: str, **more: Any) -> Config:
    return {"name": header, "string_match": {"safe_regex": {"regex": regex}}, **more}
