"""The roles that AWS's services have of their own in an account. A service makes its own with its first use, and may
then be too quick to take it: the first cluster of an account fails with "Unable to assume the service linked role". So
they are made before, by whoever makes the security stack: a deployer has no right to, and needs none.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using-service-linked-roles.html
https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/818
"""

from evenly.aws.cloud.session import Asked

SERVICES = (
    "autoscaling.amazonaws.com",
    "ecs.amazonaws.com",
    "elasticloadbalancing.amazonaws.com",
    "rds.amazonaws.com",
)
THERE = ("InvalidInput", "EntityAlreadyExists")  # where the role is there: IAM, an emulator of it


def make_linked_roles(iam: Asked) -> tuple[str, ...]:
    """The services that had none until now."""
    return tuple(
        it
        for it in SERVICES
        if iam.unless(THERE, "create_service_linked_role", AWSServiceName=it) is not None
    )
