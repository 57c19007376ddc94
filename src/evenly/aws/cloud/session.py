"""Sessions and clients of boto3: the usual chain of credentials, a profile if one is named, AWS_ENDPOINT_URL as
botocore honours it, retries. One of an environment; its clients are made when they are first asked for.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from evenly import __version__
from evenly.aws.cloud.facts import Identity
from evenly.aws.cloud.refusals import refusal
from evenly.aws.needs import require
from evenly.errors import UsageError

# Of one request, with ever longer pauses: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
ATTEMPTS = 10
# Of the first request, which only asks who asks: where there is no way to AWS, that is soon said.
FIRST_ATTEMPTS = 3
CONNECT_S, READ_S = 10, 60

Client = Any
Make = Callable[[str, str], Client]


class Session:
    """`make`: a client by the names of service and region; boto3's unless another is given."""

    def __init__(self, profile: str | None = None, make: Make | None = None) -> None:
        self.profile = profile
        self._make = make
        self._clients: dict[tuple[str, str], Client] = {}
        self._identity: Identity | None = None

    def client(self, service: str, region: str) -> "Asked":
        """Raises UsageError for a profile that is not there, and an endpoint that is none."""
        if (service, region) not in self._clients:
            with telling(f"{service} in {region}", self.profile), _endpoint_told():
                self._clients[service, region] = self._maker()(service, region)
        return Asked(self._clients[service, region], f"{service} in {region}", self.profile)

    def identity(self, region: str) -> Identity:
        """Whose credentials they are: asked once."""
        if self._identity is None:
            said = self.client("sts", region).call("get_caller_identity")
            self._identity = Identity(said["Account"], said["Arn"])
        return self._identity

    def _maker(self) -> Make:
        if self._make is None:
            self._make = _boto(self.profile)
        return self._make


class Asked:
    """A client whose refusals are errors of ours. `where`: service and region, for their words."""

    def __init__(self, client: Client, where: str, profile: str | None = None) -> None:
        self._client = client
        self.where = where
        self.profile = profile

    @property
    def client(self) -> Client:
        """Itself: within `telling`, for who asks of it what it can't be asked by name."""
        return self._client

    @property
    def endpoint(self) -> str:
        """The URL that is asked."""
        return str(self._client.meta.endpoint_url)

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Without the arguments that are `None`. Raises TargetError or UsageError."""
        with telling(self.where, self.profile):
            found: dict[str, Any] = self.raw(operation, **arguments)
            return found

    def unless(self, codes: tuple[str, ...], operation: str, **arguments: Any) -> dict[str, Any] | None:
        """The same; `None` where AWS answers with one of `codes`: there is no such thing."""
        with telling(self.where, self.profile):
            try:
                found: dict[str, Any] = self.raw(operation, **arguments)
                return found
            except Exception as error:
                if getattr(error, "response", {}).get("Error", {}).get("Code") in codes:
                    return None
                raise

    def raw(self, operation: str, **arguments: Any) -> Any:
        """The same, with botocore's own errors: for who has to tell them apart."""
        given = {name: value for name, value in arguments.items() if value is not None}
        return getattr(self._client, operation)(**given)

    def pages(
        self, operation: str, asks: str = "NextToken", tells: str | None = None, **arguments: Any
    ) -> Iterator[dict[str, Any]]:
        """The answers, one after the other, until AWS says that there is no more. `asks`: what the service calls the
        place to go on from, and `tells` in its answers, where that is another name."""
        place = None
        while True:
            page = self.call(operation, **{asks: place}, **arguments)
            yield page
            place = page.get(tells or asks)
            if not place:
                return

    def entries(self, operation: str, key: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        """Every entry of `key`, of all pages."""
        for page in self.pages(operation, **arguments):
            yield from page.get(key, ())


@contextmanager
def telling(where: str, profile: str | None = None) -> Iterator[None]:
    """Whatever botocore raises in the block is raised as one of ours."""
    try:
        yield
    except Exception as error:
        told = refusal(error, where, profile) if type(error).__module__.startswith("botocore") else None
        if told is None:
            raise
        raise told from error


@contextmanager
def _endpoint_told() -> Iterator[None]:
    """botocore raises nothing of its own for an endpoint that is no URL."""
    try:
        yield
    except ValueError as error:
        if "endpoint" not in str(error):
            raise
        raise UsageError(
            f"{error}.", where="AWS_ENDPOINT_URL", try_="Write a URL: http://HOST:PORT."
        ) from error


def _boto(profile: str | None) -> Make:
    require("boto3")
    import boto3
    from botocore.config import Config

    session = boto3.session.Session(profile_name=profile)

    def make(service: str, region: str) -> Client:
        attempts = FIRST_ATTEMPTS if service == "sts" else ATTEMPTS
        config = Config(
            retries={"mode": "standard", "max_attempts": attempts},
            connect_timeout=CONNECT_S,
            read_timeout=READ_S,
            user_agent_extra=f"evenly/{__version__}",
        )
        return session.client(service, region_name=region, config=config)

    return make
