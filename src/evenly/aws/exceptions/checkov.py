"""The exceptions from the rules of checkov, which looks at the templates in the tests. Pure."""

from collections.abc import Iterable

from evenly.aws.exceptions.excepted import Excepted

FUNCTIONS = (("data", "CloseDoor"), ("data", "OpenDoor"), ("data", "Rotation"), ("network", "CloseGroup"))
OF_AWSS_API = tuple(it for it in FUNCTIONS if it[1] != "Rotation")
BUCKETS = (("edge", "Logs"), ("edge", "Pages"), ("foundation", "Artifacts"), ("service", "AccessLogs"))


def _each(check: str, reason: str, where: Iterable[tuple[str, str]]) -> tuple[Excepted, ...]:
    return tuple(Excepted(stack, resource, check, reason) for stack, resource in where)


CHECKOV: tuple[Excepted, ...] = (
    *_each(
        "CKV_AWS_2",  # a listener without TLS
        "Without a domain of one's own there is no name that a certificate of the balancer's could be of. It is "
        "in the private network, behind CloudFront, and the plan says so.",
        (("service", "HttpListener"),),
    ),
    *_each(
        "CKV_AWS_18",  # access logs of a bucket
        "Who reads and writes objects is in CloudTrail, where the account records data events. A bucket of "
        "logs with logs of its own has no end.",
        BUCKETS,
    ),
    *_each(
        "CKV_AWS_68",  # a firewall before CloudFront
        "It is a setting, edge.firewall, for it costs something each month.",
        (("edge", "Distribution"),),
    ),
    *_each(
        "CKV_AWS_86",  # access logs of CloudFront
        "It has them, by CloudWatch's deliveries to a bucket, which the check does not know.",
        (("edge", "Distribution"),),
    ),
    *_each(
        "CKV_AWS_103",  # TLS 1.2 at a listener
        "It speaks no TLS at all: see CKV_AWS_2.",
        (("service", "HttpListener"),),
    ),
    *_each(
        "CKV_AWS_111",  # write access without constraints
        "What of it AWS takes no resource for is listed action by action; a ceiling gives nothing.",
        (("security", "Boundary"), ("security", "CloudformationEdgePolicy"), ("security", "RotationPolicy")),
    ),
    *_each(
        "CKV_AWS_115",  # reserved concurrency
        "It is called once at a time, by a state machine, a rotation or a deployment. What is reserved for "
        "it is missing for everything else in the account, and it would fail where the account has too "
        "little.",
        FUNCTIONS,
    ),
    *_each(
        "CKV_AWS_116",  # a queue for what failed
        "Whoever calls it is told that it failed, and tries again or says so.",
        FUNCTIONS,
    ),
    *_each(
        "CKV_AWS_117",  # inside the network
        "It speaks to AWS's API alone, and to nothing in the network.",
        OF_AWSS_API,
    ),
    *_each(
        "CKV_AWS_161",  # IAM authentication of the database
        "Any program can log in with a password, and a library of AWS's is no condition for an app. The "
        "passwords are rotated, and nobody knows them.",
        (("data", "Database"),),
    ),
    *_each(
        "CKV_AWS_174",  # TLS 1.2 at CloudFront
        "Under a name of CloudFront's own it takes TLS 1.0, whatever it is told. The plan says so.",
        (("edge", "Distribution"),),
    ),
    *_each(
        "CKV_AWS_260",  # port 80 open to all
        "The balancer redirects plain HTTP to HTTPS, and answers nothing else there.",
        (("network", "BalancerGroup"),),
    ),
)
