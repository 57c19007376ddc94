"""What a plan would make under a name that is taken: by what an earlier environment of that name has left, say, for
`down` keeps what holds data. CloudFormation takes nothing over that is there already. Pure.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct

from evenly.aws.changes import templates
from evenly.aws.changes.plan import StackPlan
from evenly.aws.changes.types import Action, Json
from evenly.aws.preflight.rights import Asker, written

Kind = Literal["AWS::ECR::Repository", "AWS::Logs::LogGroup", "AWS::S3::Bucket"]
# The types that a template of ours keeps (DeletionPolicy) and gives a name, with the property that it is in.
NAMES: tuple[tuple[Kind, str], ...] = (
    ("AWS::ECR::Repository", "RepositoryName"),
    ("AWS::Logs::LogGroup", "LogGroupName"),
    ("AWS::S3::Bucket", "BucketName"),
)
_IMPORT = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-manually.html"
_GOES = {
    "AWS::ECR::Repository": "aws ecr delete-repository --repository-name {} --force --region {}",
    "AWS::Logs::LogGroup": "aws logs delete-log-group --log-group-name {} --region {}",
    "AWS::S3::Bucket": "empty it of all versions, then aws s3api delete-bucket --bucket {} --region {}",
}


class Named(Struct, frozen=True):
    """Something that is to be made, under a name of ours."""

    kind: Kind
    name: str
    region: str
    stack: str


def named(stacks: Iterable[tuple[StackPlan, Json]], partition: str, account: str) -> Iterator[Named]:
    """`stacks`: what becomes of each, with its template. A name that CloudFormation makes up is none."""
    for stack, template in stacks:
        asker = Asker(partition, account, stack.region)
        made = {it.resource for it in stack.changes if it.action is Action.ADD}
        for resource, said in templates.resources(template).items():
            for kind, property_ in NAMES if resource in made else ():
                name = written((said.get("Properties") or {}).get(property_), asker)
                if said.get("Type") == kind and name is not None and "${" not in name:
                    yield Named(kind, name, stack.region, stack.stack)


def told(it: Named, profile: str | None) -> str:
    goes = _GOES[it.kind].format(it.name, it.region) + (f" --profile {profile}" if profile else "")
    return (
        f"{it.stack} is to make {it.name} ({it.kind}), which is there already: an earlier down has kept it, or it is "
        f"somebody else's. If nobody needs it: {goes}. To keep what it holds, import it: {_IMPORT}"
    )
