"""A database elsewhere, by its URL: who and where it is, and how safely it is reached. Pure.

Over a network nothing less than full verification is taken: the server has to prove its name by an authority that
is trusted. Only a unix socket and this machine's own loopback are let through without. No error tells the URL.
"""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from msgspec import Struct

from evenly.core.secret import Secret
from evenly.errors import UsageError

SCHEMES = ("postgresql", "postgres")
SAFE_MODE = "verify-full"
SYSTEM_ROOTS = "system"
WRITE = "Write postgresql://user:password@host:5432/name, with % and two hex digits for special characters."
REFUSED = ("hostaddr", "service", "servicefile", "requiressl", "ssl")
# What asyncpg takes from a URL; anything else it would send to the server as a setting of the session.
OURS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "target_session_attrs")
VARIABLES = {
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
    "channel_binding": "PGCHANNELBINDING",
    "options": "PGOPTIONS",
    "application_name": "PGAPPNAME",
    "connect_timeout": "PGCONNECT_TIMEOUT",
}
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+(%[A-Za-z0-9]+)?", re.ASCII)


class Elsewhere(Struct, frozen=True):
    """`hosts` with their ports, as written: several for one that fails over. `parameters`: the URL's, but host, port,
    user, password and database."""

    hosts: tuple[tuple[str, str], ...]
    user: str
    password: Secret
    database: str
    parameters: Mapping[str, str]

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return ", ".join(f"{host}:{port}" for host, port in self.hosts)

    @property
    def is_verified(self) -> bool:
        """Whether its server proves its name; otherwise it is on this machine."""
        return self.parameters.get("sslmode") == SAFE_MODE

    @property
    def roots(self) -> str:
        """The file of the authorities it may prove its name by, or `system`."""
        return self.parameters.get("sslrootcert", SYSTEM_ROOTS)


def read_url(url: Secret, name: str) -> Elsewhere:
    """The database that `url` names, reached safely. `name`: of the secret, for errors. Raises UsageError."""
    try:
        return _safe(_parsed(url.reveal()))
    except ValueError as error:
        raise UsageError(f"its URL {error}", where=name, try_=WRITE) from None


def with_roots(found: Elsewhere, roots: str) -> Elsewhere:
    """The same, proved by the authorities in the file `roots`, where it is proved at all."""
    if not found.is_verified:
        return found
    parameters = {**found.parameters, "sslrootcert": roots}
    return Elsewhere(found.hosts, found.user, found.password, found.database, parameters)


def app_url(found: Elsewhere) -> Secret:
    """The URL as drivers read it."""
    return _written(found, found.parameters)


def migrations_url(found: Elsewhere) -> Secret:
    """The URL with the parameters alone that our own driver knows."""
    return _written(found, {name: value for name, value in found.parameters.items() if name in OURS})


def variables(found: Elsewhere) -> dict[str, Secret]:
    """What a program finds the database by."""
    named = {VARIABLES[name]: Secret(value) for name, value in found.parameters.items() if name in VARIABLES}
    return {
        "DATABASE_URL": app_url(found),
        "PGHOST": Secret(",".join(host for host, _ in found.hosts)),
        "PGPORT": Secret(",".join(port for _, port in found.hosts)),
        "PGUSER": Secret(found.user),
        "PGPASSWORD": found.password,
        "PGDATABASE": Secret(found.database),
        **named,
    }


def _parsed(url: str) -> Elsewhere:
    """Raises ValueError with what is wrong, as the end of a sentence."""
    scheme, found, rest = url.partition("://")
    if not found or scheme not in SCHEMES:
        raise ValueError("does not begin with postgresql://")
    try:
        parts = urlsplit(f"//{rest}")
        said = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise ValueError("can't be read") from None
    if parts.fragment or set("/@") & set(parts.path[1:]):
        raise ValueError("holds a #, / or @ that is not written as %23, %2F or %40")
    query = dict(said)
    if len(query) < len(said):
        raise ValueError("gives one parameter twice")
    account, _, netloc = parts.netloc.rpartition("@")
    user, _, password = account.partition(":")
    hosts = query.pop("host", netloc if not query.get("host") else "")
    ports = query.pop("port", "")
    return _complete(
        hosts=_hosts(hosts, ports),
        user=query.pop("user", unquote(user)),
        password=query.pop("password", unquote(password)),
        database=query.pop("dbname", unquote(parts.path.removeprefix("/"))),
        parameters=query,
    )


def _complete(
    hosts: tuple[tuple[str, str], ...], user: str, password: str, database: str, parameters: dict[str, str]
) -> Elsewhere:
    for value, what in ((user, "user"), (database, "database")):
        if not value:
            raise ValueError(f"names no {what}")
    if any("\0" in it for it in (user, password, database, *parameters.values())):
        raise ValueError("holds a NUL character")
    return Elsewhere(hosts, user, Secret(password), database, parameters)


def _hosts(said: str, ports: str) -> tuple[tuple[str, str], ...]:
    hosts = tuple(_host(it) for it in said.split(","))
    given = tuple(ports.split(",")) if ports else ()
    if len(given) == 1:
        given *= len(hosts)
    if given and len(given) != len(hosts):
        raise ValueError("names more hosts than ports, or fewer")
    found = tuple((host, given[at] if given else port) for at, (host, port) in enumerate(hosts))
    for host, port in found:
        if not host:
            raise ValueError("names no host")
        if not (host.startswith("/") or _HOST.fullmatch(host)):
            raise ValueError("names a host that is none")
        if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
            raise ValueError("has a port that is not a number from 1 to 65535")
    return found


def _host(said: str) -> tuple[str, str]:
    """Host and port of one `host:port`, `[::1]:port`, or path of a socket's folder."""
    text = unquote(said)
    if text.startswith("/"):
        return text, "5432"
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, rest.removeprefix(":") or "5432"
    host, _, port = text.partition(":") if text.count(":") == 1 else (text, "", "")
    return host, port or "5432"


def _safe(found: Elsewhere) -> Elsewhere:
    """With full verification unless it is on this machine. Raises ValueError for one that asks for less."""
    for name in REFUSED:
        if name in found.parameters:
            raise ValueError(
                f"has the parameter {name}, which could lead past the check of the server's name"
            )
    if all(_is_on_this_machine(host) for host, _ in found.hosts):
        return found
    mode = found.parameters.get("sslmode", SAFE_MODE)
    if mode != SAFE_MODE:
        raise ValueError(
            f"asks for less than a verified connection (sslmode={_word(mode)}) to a host that is not this machine: "
            f"leave sslmode out, or write sslmode={SAFE_MODE}"
        )
    return Elsewhere(
        found.hosts, found.user, found.password, found.database, {**found.parameters, "sslmode": SAFE_MODE}
    )


def _word(mode: str) -> str:
    """A mode that there is; anything else could be a part of a password that was not escaped."""
    return mode if mode in ("disable", "allow", "prefer", "require", "verify-ca") else "..."


def _is_on_this_machine(host: str) -> bool:
    if host.startswith("/") or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _written(found: Elsewhere, parameters: Mapping[str, str]) -> Secret:
    """Hosts stand in the query where they are folders of sockets: that is what every driver reads."""
    account = f"{_quoted(found.user)}:{_quoted(found.password.reveal())}@"
    query = dict(parameters)
    if any(host.startswith("/") for host, _ in found.hosts):
        query |= {
            "host": ",".join(it for it, _ in found.hosts),
            "port": ",".join(it for _, it in found.hosts),
        }
        netloc = ""
    else:
        netloc = ",".join(
            f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in found.hosts
        )
    ending = f"?{urlencode(query, quote_via=quote, safe='/,')}" if query else ""
    return Secret(f"postgresql://{account}{netloc}/{_quoted(found.database)}{ending}")


def _quoted(text: str) -> str:
    return quote(text, safe="")
