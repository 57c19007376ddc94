"""The values of the manifest's secrets, in Secrets Manager: which are there, and how one gets in. A value is never read
here, and never told.

They are no stack's: a value that a template held would be one that many can read. They are encrypted with the
environment's key, which the foundation makes.
"""

from collections.abc import Mapping

from evenly.aws.cloud.session import Asked
from evenly.aws.naming import Names
from evenly.aws.operations.leaving import Left
from evenly.aws.topology import AwsTopology
from evenly.core.secret import Secret
from evenly.errors import StateError

CURRENT = "AWSCURRENT"
MISSING = ("ResourceNotFoundException",)


def secret_names(topology: AwsTopology) -> tuple[str, ...]:
    """As they are kept, in their order, each once: several variables can be of one."""
    found = [name for _, name in topology.secrets]
    if topology.database is not None and topology.database.url_from is not None:
        found.append(topology.database.url_from)
    return tuple(dict.fromkeys(found))


class AppSecrets:
    """`asked`: a client of Secrets Manager. `tags`: the environment's."""

    def __init__(self, asked: Asked, names: Names, tags: Mapping[str, str]) -> None:
        self._asked = asked
        self._names = names
        self._tags = tags

    def missing(self, wanted: tuple[str, ...]) -> tuple[str, ...]:
        """Those that have no value, or are to be deleted."""
        return tuple(it for it in wanted if not self.is_there(it))

    def is_there(self, name: str) -> bool:
        said = self._asked.unless(MISSING, "describe_secret", SecretId=self._id(name))
        if said is None or said.get("DeletedDate"):
            return False
        return any(CURRENT in stages for stages in said.get("VersionIdsToStages", {}).values())

    def set(self, name: str, value: Secret, key: str) -> bool:
        """Whether it is new. `key`: the environment's. Raises TargetError."""
        said = self._asked.unless(MISSING, "describe_secret", SecretId=self._id(name))
        if said is None:
            self._create(name, value, key)
            return True
        if said.get("DeletedDate"):
            self._asked.call("restore_secret", SecretId=self._id(name))
        self._asked.call("put_secret_value", SecretId=self._id(name), SecretString=value.reveal())
        return False

    def _create(self, name: str, value: Secret, key: str) -> None:
        self._asked.call(
            "create_secret",
            Name=self._id(name),
            Description=f"{name} of {self._names.prefix}",
            KmsKeyId=key,
            SecretString=value.reveal(),
            Tags=[{"Key": it, "Value": said} for it, said in self._tags.items()],
        )

    def _id(self, name: str) -> str:
        return self._names.secret(f"app/{name}")


def kept(asked: Asked, topology: AwsTopology) -> tuple[Left, ...]:
    """Those that stay when the stacks go. `asked`: a client of Secrets Manager."""
    secrets = AppSecrets(asked, topology.names, {})
    names = (it for it in secret_names(topology) if secrets.is_there(it))
    return tuple(
        Left("secrets", it, "AWS::SecretsManager::Secret", topology.names.secret(f"app/{it}"), "kept")
        for it in names
    )


def absent(names: tuple[str, ...], environment: str) -> StateError:
    """What is said where the service would not start without them."""
    told = "\n".join(f"  evenly secrets set {it} -e {environment}" for it in names)
    some = "this secret has" if len(names) == 1 else "these secrets have"
    return StateError(
        f"{some} no value yet, so that no task could start: {', '.join(names)}.",
        where="secrets",
        try_=f"Set, then deploy again, which goes on from here:\n{told}",
    )
