"""Writes src/evenly/aws/changes/createonly.json from the resource schemas of AWS that cfn-lint brings: the properties
that a resource can't be given anew without being made anew. To be run after cfn-lint was renewed; a test says when.
"""

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "src/evenly/aws/changes/createonly.json"
REGION = "us-east-1"  # it has all types
# The services of our stacks, and those that the stacks of users are likely to have beside them.
SERVICES = (
    "ApplicationAutoScaling",
    "AutoScaling",
    "Backup",
    "Budgets",
    "CertificateManager",
    "CloudFront",
    "CloudWatch",
    "CodeBuild",
    "CodePipeline",
    "DynamoDB",
    "EC2",
    "ECR",
    "ECS",
    "EFS",
    "ElastiCache",
    "ElasticLoadBalancingV2",
    "Events",
    "IAM",
    "KMS",
    "Lambda",
    "Logs",
    "RDS",
    "Route53",
    "S3",
    "SNS",
    "SQS",
    "SSM",
    "Scheduler",
    "SecretsManager",
    "ServiceDiscovery",
    "StepFunctions",
    "WAFv2",
)


def table() -> dict[str, dict[str, list[str]]]:
    """By type, the properties: `always`, where any other value is another resource, and `maybe`, where some are, or
    where it is a part of the property that is fixed."""
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

    found = {}
    for kind in sorted(PROVIDER_SCHEMA_MANAGER.get_resource_types(REGION)):
        parts = kind.split("::")
        if parts[0] == "AWS" and parts[1] in SERVICES:
            found[kind] = fixed(PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema)
    return found


def fixed(schema: dict[str, Any]) -> dict[str, list[str]]:
    own = [path.split("/")[2:] for path in schema.get("createOnlyProperties", ())]
    conditional = [path.split("/")[2:] for path in schema.get("conditionalCreateOnlyProperties", ())]
    always = {it[0] for it in own if len(it) == 1}
    maybe = {it[0] for it in (*own, *conditional)} - always
    return {name: sorted(those) for name, those in (("always", always), ("maybe", maybe)) if those}


def main() -> None:
    lines = [f"  {json.dumps(kind)}: {json.dumps(said)}" for kind, said in table().items()]
    TABLE.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{TABLE.relative_to(ROOT)}: {len(lines)} types, {TABLE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
