"""The host name that the public uses: what it may be, and what people write in its place. Pure."""

import re

from evenly.manifest.checks import InvalidError, one_value
from evenly.manifest.names import is_address, is_host_name
from evenly.manifest.tree import Node

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def host_name(node: Node) -> str:
    advice = "Write one host name, such as hello.example.com."
    text = one_value(node, advice)
    if is_host_name(text) and not text.endswith(".localhost"):
        return text
    if _SCHEME.match(text) or "/" in text:
        raise InvalidError("is an address for a browser, not a host name.", _alone(text))
    if is_address(text):
        raise InvalidError("is an IP address, not a host name.", advice)
    if re.fullmatch(r".+:[0-9]+", text):
        raise InvalidError("holds a port.", f"{_alone(text)} The port is http.port.")
    if text == "localhost" or text.endswith(".localhost"):
        raise InvalidError(
            "is this machine, which needs no alias.", "Leave the line out, or write a public host name."
        )
    raise InvalidError("is not a host name.", _host_advice(text, advice))


def _alone(address: str) -> str:
    host = _SCHEME.sub("", address).split("/")[0].rpartition("@")[2].split(":")[0].lower()
    return f"Write the host name alone: {host}." if is_host_name(host) else "Write the host name alone."


def _host_advice(text: str, advice: str) -> str:
    if is_host_name(text.lower().rstrip(".")):
        return f"Write it in lower case and without a dot at its end: {text.lower().rstrip('.')}."
    if text.startswith("*."):
        return "Write one host name; a * is not possible here."
    try:
        ascii_form = text.encode("idna").decode()
    except UnicodeError:
        return advice
    return f"Write its ASCII form: {ascii_form}." if not text.isascii() else advice
