"""The AWS that an environment is on: its account, and the services in each region that it asks."""

from evenly.aws.cloud.facts import Identity
from evenly.aws.cloud.formation import Formation
from evenly.aws.cloud.session import Session
from evenly.aws.cloud.storage import Storage
from evenly.errors import UsageError


class Cloud:
    """`region`: the environment's own."""

    def __init__(self, session: Session, region: str) -> None:
        self.session = session
        self.region = region
        self._formations: dict[str, Formation] = {}

    def formation(self, region: str) -> Formation:
        if region not in self._formations:
            self._formations[region] = Formation(self.session.client("cloudformation", region))
        return self._formations[region]

    def storage(self, region: str | None = None) -> Storage:
        """S3 in the environment's own region, or another."""
        return Storage(self.session.client("s3", region or self.region))

    def checked_identity(self, pinned: str | None, environment: str) -> Identity:
        """Whose credentials these are. Raises UsageError when they are of another account than the manifest's."""
        found = self.session.identity(self.region)
        if pinned is not None and found.account != pinned:
            raise UsageError(
                f"these credentials are of account {found.account}, and {environment} belongs into {pinned}.",
                where=f"environments.{environment}.account",
                try_="Name a profile of that account: --profile NAME, or AWS_PROFILE.",
            )
        return found
