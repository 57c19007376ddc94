"""The repository of the environment's images: which are there, and how one gets in.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
"""

import base64

from msgspec import Struct

from evenly.aws.cloud.session import Asked
from evenly.core.secret import Secret

MISSING = ("RepositoryNotFoundException", "ImageNotFoundException")


class Login(Struct, frozen=True):
    """`registry`: the host. Good for twelve hours."""

    registry: str
    user: str
    password: Secret


class Registry:
    """`asked`: a client of ECR. `repository`: its name."""

    def __init__(self, asked: Asked, repository: str) -> None:
        self._asked = asked
        self._repository = repository

    def image(self, tag: str) -> str | None:
        """The image with that tag, by its digest; `None` where there is none, or no repository."""
        uri = self.uri()
        if uri is None:
            return None
        said = self._asked.unless(
            MISSING, "describe_images", repositoryName=self._repository, imageIds=[{"imageTag": tag}]
        )
        found = said["imageDetails"] if said else ()
        return f"{uri}@{found[0]['imageDigest']}" if found else None

    def uri(self) -> str | None:
        """Where images are pushed to; `None` before the foundation is there."""
        said = self._asked.unless(MISSING, "describe_repositories", repositoryNames=[self._repository])
        return str(said["repositories"][0]["repositoryUri"]) if said else None

    def login(self) -> Login:
        said = self._asked.call("get_authorization_token")["authorizationData"][0]
        user, _, password = base64.b64decode(said["authorizationToken"]).decode().partition(":")
        return Login(said["proxyEndpoint"].removeprefix("https://"), user, Secret(password))
