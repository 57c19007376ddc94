"""All that is found in an environment's package. What a template's own findings are is kept between runs; what
depends on all of them together is looked at each time. Touches the project's folders `policies` and `.evenly`."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from evenly.aws.linting import cache
from evenly.aws.linting.checks import check_findings
from evenly.aws.linting.excused import excused, own_exceptions
from evenly.aws.linting.findings import TemplateFinding
from evenly.aws.linting.guard import facts, policy_findings
from evenly.aws.linting.rules import RuleFile, rule_files
from evenly.aws.linting.schemas import schema_findings
from evenly.aws.needs import require
from evenly.aws.packages.packaging import Package, Packaged

Schemas = Callable[[Sequence[Packaged]], tuple[TemplateFinding, ...]]


def lint(package: Package, project: Path, schemas: Schemas = schema_findings) -> tuple[TemplateFinding, ...]:
    """In the order of the stacks. Raises UsageError for rules and exceptions of the user's that can't be read,
    StateError where what checks them is not installed."""
    exceptions = own_exceptions(project)
    found = (*_of_templates(package, project, schemas), *check_findings(package))
    order = {it.concern: number for number, it in enumerate(package.stacks)}
    left = excused(found, package, exceptions)
    return tuple(sorted(left, key=lambda it: (order.get(it.stack, -1), it.resource, it.rule, it.what)))


def _of_templates(package: Package, project: Path, schemas: Schemas) -> tuple[TemplateFinding, ...]:
    rules, about = rule_files(project), facts(package.topology)
    keys = {it.concern: cache.key(it, about, rules) for it in package.stacks}
    kept = dict(cache.read(project, package.topology.environment))
    new = [it for it in package.stacks if keys[it.concern] not in kept]
    if new:
        made = _looked_at(new, about, rules, schemas)
        kept = {key: found for key, found in kept.items() if key in keys.values()}
        kept |= {keys[name]: found for name, found in made.items()}
        cache.write(project, package.topology.environment, kept)
    return tuple(found for key in keys.values() for found in kept[key])


def _looked_at(
    stacks: Sequence[Packaged], about: Mapping[str, object], rules: Sequence[RuleFile], schemas: Schemas
) -> dict[str, tuple[TemplateFinding, ...]]:
    """cfn-lint's processes are waited for while Guard runs in this one."""
    require("cfn_guard_rs")
    with ThreadPoolExecutor(1) as beside:
        told = beside.submit(schemas, stacks)
        found = {it.concern: policy_findings(it.concern, it.body, about, rules) for it in stacks}
    for each in told.result():
        found[each.stack] += (each,)
    return found
