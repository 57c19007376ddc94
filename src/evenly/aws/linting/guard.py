"""Runs policy rules over a template: AWS's CloudFormation Guard, in this process. Pure but for importing it.

The rules see the template with the long forms of the functions, and beside its sections one named `Evenly`: what the
manifest says that a rule may depend on (`facts`).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evenly.aws.linting.findings import Severity, TemplateFinding
from evenly.aws.linting.rules import RuleFile
from evenly.aws.topology import AwsTopology
from evenly.errors import UsageError

FACTS = "Evenly"
NOWHERE = ""

Broken = tuple[str, str, str]

Json = Mapping[str, Any]


def facts(topology: AwsTopology) -> dict[str, Any]:
    """What a rule may depend on."""
    return {
        "service": topology.service,
        "environment": topology.environment,
        "production": topology.production,
        "zones": topology.zones,
        "reach": str(topology.reach),
        "protocol": topology.app.protocol,
        "compute": topology.compute.type,
        "multi_zone_database": topology.database is not None and topology.database.multi_zone,
        "firewall": topology.edge.firewall,
    }


def policy_findings(
    stack: str, body: Json, about: Json, rules: Sequence[RuleFile]
) -> tuple[TemplateFinding, ...]:
    """What `rules` have against the template `body`. Raises UsageError for rules that Guard can't read."""
    data = {**body, FACTS: about}
    found = {
        (resource, rule): TemplateFinding(stack, resource, rule, Severity.ERROR, *_told(rule, said, file))
        for file in rules
        for rule, resource, said in broken(data, file)
    }
    return tuple(found.values())


def broken(data: Json, file: RuleFile) -> Iterator[Broken]:
    """The rules of one file that `data` breaks, with the names of what breaks them, and what they say themselves.

    Guard's binding loses the beginning of a report that is longer than 8 KiB, so a long one is asked for in parts."""
    report = _report(data, file.text, file.where)
    if report is not None:
        yield from _in_report(report)
        return
    for rule in file.told:
        report = _report(data, file.alone(rule), file.where)
        yield from _in_report(report) if report is not None else _one_by_one(rule, data, file)


def _in_report(report: Json) -> Iterator[Broken]:
    for it in report["not_compliant"]:
        rule = it["Rule"]
        said = _message(rule)
        yield from (
            (rule["name"], resource, said) for resource in dict.fromkeys(_resources(rule)) or [NOWHERE]
        )


def _one_by_one(rule: str, data: Json, file: RuleFile) -> Iterator[Broken]:
    """Of a rule whose own report is cut: the resources that break it by themselves, without the others."""
    text, found = file.alone(rule), []
    for name, resource in data.get("Resources", {}).items():
        report = _report({**data, "Resources": {name: resource}}, text, file.where)
        if report is None or report["not_compliant"]:
            found.append(name)
    yield from ((rule, name, "") for name in found or [NOWHERE])


def _report(data: Json, text: str, where: str) -> Json | None:
    """`None`: it was cut."""
    try:
        found = json.loads(_run(data, text, where))
    except json.JSONDecodeError:
        return None
    return found if isinstance(found, dict) and "not_compliant" in found else None


def _run(data: Json, text: str, where: str) -> str:
    from cfn_guard_rs.cfn_guard_rs import CfnGuardMissingValue, CfnGuardParseError, run_checks_rs

    try:
        return str(run_checks_rs(json.dumps(data), text, False))
    except (CfnGuardParseError, CfnGuardMissingValue) as error:
        raise UsageError(f"Guard can't read it: {error}", where=where, try_="Mend the rule.") from error


def _told(rule: str, said: str, file: RuleFile) -> tuple[str, str]:
    told = file.told.get(rule)
    what = (told and told.what) or said or f"It breaks the rule {rule}."
    return what, (told and told.try_) or "Change it, or name an exception with its reason."


def _message(report: Any) -> str:
    """The first that the rule brings itself."""
    for key, value in _nodes(report):
        if key == "custom_message" and value:
            return " ".join(str(value).split())
    return ""


def _resources(report: Any) -> Iterator[str]:
    """The names of what broke it: the second part of the paths that Guard followed."""
    for key, value in _nodes(report):
        if key == "path" and str(value).count("/") >= 2:
            yield str(value).split("/")[2]


def _nodes(report: Any) -> Iterator[tuple[str, Any]]:
    """All keys with their values, but what is quoted of the template, and what it was compared to."""
    match report:
        case dict():
            for key, value in report.items():
                yield key, value
                if not ("path" in report and key == "value") and key != "to":
                    yield from _nodes(value)
        case list():
            for it in report:
                yield from _nodes(it)
