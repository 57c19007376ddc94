"""Breaks one property at a time in the templates of the full manifest, and tells which rule or check finds it.
Whether a golden file changes does not count.

`python -m tests.unit.aws.mutations` prints the table; it ends with 1 when something was broken and nobody noticed.
"""

import copy
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonpatch
import msgspec
import yaml
from msgspec.structs import replace
from tests.golden.aws.cases import packaged

from evenly.aws.linting.checks import check_findings
from evenly.aws.linting.excused import excused
from evenly.aws.linting.findings import TemplateFinding
from evenly.aws.linting.guard import facts, policy_findings
from evenly.aws.linting.rules import rule_files
from evenly.aws.packages.packaging import Package, parameter_sources

HERE = Path(__file__).parent
FILE = HERE / "mutations.yaml"
NOWHERE = Path("/nonexistent")


class Mutation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`what`: the fault, in words. `stack`: where. `of`: the type of the resource, the first of which is broken, or
    with `id` the one of that logical id. `at`: the place in the resource, or without `of` and `id` in the template;
    `to`: the value that is put there, without one it is taken away."""

    what: str
    stack: str
    at: str
    of: str = ""
    id: str = ""
    to: Any = msgspec.UNSET


def mutations() -> list[Mutation]:
    return msgspec.convert(yaml.safe_load(FILE.read_text()), list[Mutation])


@dataclass
class Mutants:
    """The full package, and what is found in it as it is."""

    package: Package = field(default_factory=lambda: packaged("full"))

    def __post_init__(self) -> None:
        self._rules = rule_files(NOWHERE)
        self._before = {it.concern: self._of_one(it.concern, it.body) for it in self.package.stacks}
        self.findings = self._left(self.package, self._before)

    def caught_by(self, mutation: Mutation) -> list[str]:
        """The rules and checks that find it."""
        mutant = self._mutant(mutation)
        found = {
            **self._before,
            mutation.stack: self._of_one(mutation.stack, mutant.stack(mutation.stack).body),
        }
        return sorted({it.rule for it in self._left(mutant, found) - self.findings})

    def _left(
        self, package: Package, of_templates: Mapping[str, tuple[TemplateFinding, ...]]
    ) -> set[TemplateFinding]:
        found = [each for them in of_templates.values() for each in them]
        return {*excused([*found, *check_findings(package)], package, ())}

    def _of_one(self, stack: str, body: Mapping[str, Any]) -> tuple[TemplateFinding, ...]:
        return policy_findings(stack, body, facts(self.package.topology), self._rules)

    def _mutant(self, mutation: Mutation) -> Package:
        bodies = {it.concern: it.body for it in self.package.stacks}
        bodies[mutation.stack] = broken(bodies[mutation.stack], mutation)
        bundles = {it.name: it for it in self.package.bundles}
        stacks = (
            replace(it, body=bodies[it.concern], parameters=parameter_sources(bodies, it.concern, bundles))
            for it in self.package.stacks
        )
        return replace(self.package, stacks=tuple(stacks))


def broken(body: Mapping[str, Any], mutation: Mutation) -> Mapping[str, Any]:
    """Raises StopIteration or JsonPointerException where there is nothing to break."""
    path = f"{_resource(body, mutation)}/{mutation.at}"
    made = copy.deepcopy(dict(body))
    operation: dict[str, Any] = {"op": "remove", "path": path}
    if mutation.to is not msgspec.UNSET:
        operation = {"op": "add", "path": path, "value": mutation.to}
    return jsonpatch.apply_patch(made, [operation])


def _resource(body: Mapping[str, Any], mutation: Mutation) -> str:
    if mutation.id:
        return f"/Resources/{mutation.id}"
    if mutation.of:
        return f"/Resources/{next(key for key, it in body['Resources'].items() if it['Type'] == mutation.of)}"
    return ""


def table() -> Iterator[tuple[Mutation, list[str]]]:
    mutants = Mutants()
    yield from ((it, mutants.caught_by(it)) for it in mutations())


def main() -> int:
    unseen = 0
    for mutation, rules in table():
        unseen += not rules
        print(f"{mutation.stack:13} {mutation.what:60} {', '.join(rules) or 'UNSEEN'}")
    print(f"{unseen} unseen" if unseen else "all seen", file=sys.stderr)
    return 1 if unseen else 0


if __name__ == "__main__":
    sys.exit(main())
