"""The exceptions of the stacks that are not about permissions: what a rule has against them, and why it is meant so.
Pure.
"""

from evenly.aws.exceptions.excepted import Excepted

_IMAGE = (
    Excepted(
        "image",
        "Build",
        "build_is_not_privileged",
        "Docker runs inside the build's container, and needs it. The container is gone with the build, and its role "
        "can do no more than read the source and push.",
    ),
)

_NETWORK = (
    Excepted(
        "network",
        "ClosedDefaultGroup",
        "no_custom_resource",
        "A template can't take away the rules that AWS gives to the default security group. The function "
        "closes, and opens nothing: after whatever failure, the group is no more open than before.",
    ),
)

_SERVICE = (
    Excepted(
        "service",
        "AccessLogs",
        "bucket_is_encrypted_by_our_key",
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
        "A balancer writes its logs into buckets with S3's own encryption alone.",
    ),
    Excepted(
        "service",
        "AccessLogsPolicy",
        "service_uses_it_for_this_account",
        "AWS asks for no such condition of a balancer's logs. The account's number is in the path that may be "
        "written to.",
    ),
    *(
        Excepted(
            "service",
            it,
            "alarm_tells_somebody",
            "ECS watches it, and takes the release back: nobody has to come.",
        )
        for it in ("RollbackErrors", "RollbackSlowness")
    ),
    Excepted(
        "service",
        "Job*",
        "state_machine_logs",
        "Step Functions keeps what each run did for 90 days, and what the job writes has a log group of its own.",
    ),
)

_EDGE = (
    Excepted(
        "edge",
        "Pages",
        "bucket_is_encrypted_by_our_key",
        "Everybody may read the pages, and what is shown when all else fails is not to depend on a key of ours.",
    ),
)

_CEILINGS = tuple(
    Excepted(
        "security",
        it,
        "policy_passes_roles_to_a_known_service",
        "A ceiling gives nothing. The policies under it name the service that each role is passed to.",
    )
    for it in ("Boundary", "CloudformationBoundary")
)

RULES: tuple[Excepted, ...] = (*_IMAGE, *_NETWORK, *_SERVICE, *_EDGE, *_CEILINGS)
