"""Secrets Manager in memory, as far as a rotation needs it, and what it does to rotate."""

import itertools
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


class NotFoundError(Exception):
    pass


class Secrets:
    """Secrets by name. Each has versions, each with its stages and, once it was put, its value."""

    exceptions = SimpleNamespace(ResourceNotFoundException=NotFoundError)

    def __init__(self, **values: dict[str, str]) -> None:
        self.stages: dict[str, dict[str, list[str]]] = {}
        self.values: dict[tuple[str, str], str] = {}
        self._made = itertools.count()
        for name, value in values.items():
            self.stages[name] = {"first": ["AWSCURRENT"]}
            self.values[name, "first"] = json.dumps(value)

    def begin(self, name: str) -> str:
        """A rotation begins: the next version is there, without a value."""
        token = f"version-{next(self._made)}"
        self.stages[name][token] = ["AWSPENDING"]
        return token

    def rotate(self, name: str, step: Callable[[dict[str, str]], None]) -> str:
        """A whole rotation. Returns its token."""
        token = self.begin(name)
        for it in STEPS:
            step({"SecretId": name, "ClientRequestToken": token, "Step": it})
        return token

    def value(self, name: str, stage: str = "AWSCURRENT") -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.get_secret_value(name, stage)["SecretString"])
        return found

    def describe_secret(self, SecretId: str) -> dict[str, Any]:  # noqa: N803
        return {"VersionIdsToStages": {it: list(stages) for it, stages in self.stages[SecretId].items()}}

    def get_secret_value(
        self,
        SecretId: str,  # noqa: N803
        VersionStage: str,  # noqa: N803
        VersionId: str | None = None,  # noqa: N803
    ) -> dict[str, str]:
        for version, stages in self.stages[SecretId].items():
            if VersionStage in stages and VersionId in (None, version) and (SecretId, version) in self.values:
                return {"SecretString": self.values[SecretId, version]}
        raise NotFoundError

    def put_secret_value(
        self,
        SecretId: str,  # noqa: N803
        ClientRequestToken: str,  # noqa: N803
        SecretString: str,  # noqa: N803
        VersionStages: list[str],  # noqa: N803
    ) -> None:
        assert self.stages[SecretId][ClientRequestToken] == VersionStages == ["AWSPENDING"]
        self.values[SecretId, ClientRequestToken] = SecretString

    def get_random_password(self, PasswordLength: int, ExcludePunctuation: bool) -> dict[str, str]:  # noqa: N803
        assert PasswordLength >= 32 and ExcludePunctuation
        return {"RandomPassword": f"random{next(self._made)}".ljust(PasswordLength, "x")}

    def update_secret_version_stage(
        self,
        SecretId: str,  # noqa: N803
        VersionStage: str,  # noqa: N803
        MoveToVersionId: str,  # noqa: N803
        RemoveFromVersionId: str,  # noqa: N803
    ) -> None:
        versions = self.stages[SecretId]
        assert VersionStage == "AWSCURRENT" and "AWSCURRENT" in versions[RemoveFromVersionId]
        for stages in versions.values():
            if "AWSPREVIOUS" in stages:
                stages.remove("AWSPREVIOUS")
        versions[RemoveFromVersionId] = ["AWSPREVIOUS"]
        versions[MoveToVersionId] = ["AWSCURRENT"]
