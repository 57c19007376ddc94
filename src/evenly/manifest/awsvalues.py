"""What the values can be that an environment on AWS needs, and no other target. Pure: forms alone, for what an account
really has is found out when it is asked.
"""

import re

from evenly.manifest.checks import InvalidError, one_value, size, truth, whole
from evenly.manifest.names import is_name
from evenly.manifest.tree import Node, Scalar, Sequence
from evenly.manifest.types import MEBIBYTE

# https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html; a form that is not among them
# passes, for there are more each year.
REGIONS = tuple(
    f"{area}-{number}"
    for area, numbers in {
        "af-south": "1",
        "ap-east": "12",
        "ap-northeast": "123",
        "ap-south": "12",
        "ap-southeast": "1234567",
        "ca-central": "1",
        "ca-west": "1",
        "cn-north": "1",
        "cn-northwest": "1",
        "eu-central": "12",
        "eu-north": "1",
        "eu-south": "12",
        "eu-west": "123",
        "il-central": "1",
        "me-central": "1",
        "me-south": "1",
        "mx-central": "1",
        "sa-east": "1",
        "us-east": "12",
        "us-gov-east": "1",
        "us-gov-west": "1",
        "us-west": "12",
    }.items()
    for number in numbers
)
MOST_REGION = 14  # characters; names of buckets are made with it
MOST_REGIONS = 5

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
RETENTIONS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180),
    *(365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
DOCKER = "172.17.0.0/16"  # of Docker's bridge on each host: what is there can't be reached from one
SIZES = (
    r"nano|micro|small|medium|large|[0-9]{0,3}xlarge|metal(?:-[0-9]{1,3}xl)?"  # of instances, after the dot
)

_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]{2,12})+-[0-9]")
_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_INSTANCE = re.compile(rf"[a-z][a-z0-9-]{{0,20}}\.(?:{SIZES})")
_MAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}")
_LONGEST_COMPARED = 40


def region(node: Node) -> str:
    advice = "Write a region such as eu-west-1."
    text = one_value(node, advice)
    if _is_region(text):
        return text
    if _is_region(text[:-1]) and text[-1:].isalpha():
        raise InvalidError("is a zone, and zones are chosen by AWS.", f"Write its region: {text[:-1]}.")
    raise InvalidError("is not a region of AWS.", _near_region(text) or advice)


def regions(node: Node) -> tuple[str, ...]:
    advice = "Write them as a list, the one that it runs in first: [eu-west-1, us-east-1]."
    if not isinstance(node, Sequence) or not 1 <= len(node.items) <= MOST_REGIONS:
        raise InvalidError(f"is not a list of 1 to {MOST_REGIONS} regions.", advice)
    found = tuple(_region_of(number, item) for number, item in enumerate(node.items, 1))
    if len(set(found)) < len(found):
        raise InvalidError("names a region twice.", "Write each once.")
    return found


def _region_of(number: int, node: Node) -> str:
    try:
        return region(node)
    except InvalidError as wrong:
        raise InvalidError(f"has a part {number} that {wrong.what}", wrong.try_) from None


def _is_region(text: str) -> bool:
    return bool(_REGION.fullmatch(text)) and len(text) <= MOST_REGION


def _near_region(text: str) -> str | None:
    from difflib import get_close_matches  # only the wrong pay for it

    near = get_close_matches(text[:_LONGEST_COMPARED].lower(), REGIONS, n=1, cutoff=0.7)
    return f"Did you mean {near[0]}?" if near else None


def account(node: Node) -> str:
    advice = 'Write the twelve digits of the account, such as "123456789012".'
    text = one_value(node, advice)
    if _ACCOUNT.fullmatch(text):
        return text
    digits = re.sub(r"[ -]", "", text)
    better = f"Write the digits alone: {digits}." if _ACCOUNT.fullmatch(digits) else advice
    raise InvalidError("is not the number of an account.", better)


def check_environment_name(name: str) -> None:
    """Raises `InvalidError` if no environment can have this name. It has no hyphen, so that what is made of a service's
    name and of it is never that of another two: staging of shop-eu, and eu-staging of shop."""
    if re.fullmatch(r"[a-z][a-z0-9]{0,19}", name):
        return
    better = re.sub(r"[^a-z0-9]", "", name.lower())[:20].lstrip("0123456789")
    example = f", such as {better}" if better else ""
    rule = "Use lower-case letters and digits, beginning with a letter, at most 20 in all"
    raise InvalidError("is not a name for an environment.", f"{rule}{example}.")


def check_name_on_aws(name: str) -> None:
    """Raises `InvalidError` if a service of this valid name can't be on AWS: RDS takes no two hyphens in a row, S3 and
    Systems Manager keep beginnings for themselves.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
    """
    if "--" in name:
        better = re.sub("-+", "-", name)
        raise InvalidError(
            "holds two hyphens in a row, which no database on AWS may have.", f"Write {better}."
        )
    kept = next((it for it in ("aws", "ssm", "sthree-", "amzn-s3-demo-") if name.startswith(it)), None)
    if kept is not None:
        better = f", such as {rest}" if is_name(rest := name.removeprefix(kept).lstrip("-")) else ""
        raise InvalidError(f"begins with {kept}, which AWS keeps for itself.", f"Write another{better}.")


def target(node: Node) -> str:
    advice = "Write aws."
    text = one_value(node, advice)
    if text == "local":
        raise InvalidError("is the target of the environment local alone.", advice)
    if text != "aws":
        raise InvalidError("is not a target.", advice)
    return text


def egress(node: Node) -> str:
    advice = "Write nat, nat-per-zone or endpoints."
    text = one_value(node, advice)
    if text not in ("nat", "nat-per-zone", "endpoints"):
        raise InvalidError("is not a way out of the network.", advice)
    return text


def network(node: Node) -> str:
    """The addresses of a private /16."""
    from ipaddress import IPv4Network  # only environments on AWS pay for it

    advice = "Write a private /16, such as 10.20.0.0/16."
    text = one_value(node, advice)
    try:
        found = IPv4Network(text, strict=False)
    except ValueError:
        raise InvalidError("is not a network of IPv4.", advice) from None
    if found.prefixlen != 16:
        raise InvalidError("is not a /16, of which each zone gets its part.", advice)
    if not any(found.subnet_of(IPv4Network(it)) for it in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")):
        raise InvalidError("is not private.", advice)
    if str(found) == DOCKER:
        raise InvalidError("is the network of Docker on each host.", advice)
    if text != str(found):
        raise InvalidError("does not begin where the network does.", f"Write {found}.")
    return text


def compute_type(node: Node) -> str:
    advice = "Write ec2 or fargate."
    text = one_value(node, advice)
    if text not in ("ec2", "fargate"):
        raise InvalidError("is not what tasks can run on.", advice)
    return text


def instance(node: Node) -> str:
    """The name of a type of EC2 instances, by its form alone."""
    advice = "Write a type such as t3.small."
    text = one_value(node, advice)
    if _INSTANCE.fullmatch(text):
        return text
    better = re.sub(r"[-_ ]([a-z0-9]+)$", r".\1", text.lower())
    if _INSTANCE.fullmatch(better):
        advice = f"Write {better}."
    elif _INSTANCE.fullmatch(f"{text}.small"):
        advice = f"Write its size too, such as {text}.large."
    raise InvalidError("is not a type of EC2 instances.", advice)


def memory(node: Node) -> int:
    """Of a task, in bytes: a whole number of MiB."""
    found = size("64MiB", "1024GiB", "512MiB")(node)
    assert isinstance(found, int)  # noqa: S101
    if found % MEBIBYTE:
        raise InvalidError("is not a whole number of MiB.", f"Write {found // MEBIBYTE}MiB.")
    return found


def retention(node: Node) -> int:
    """Days that CloudWatch can keep logs for."""
    advice = "Write days as a plain number, such as 30."
    found = whole(1, RETENTIONS[-1], advice)(node)
    assert isinstance(found, int)  # noqa: S101
    if found not in RETENTIONS:
        near = sorted(sorted(RETENTIONS, key=lambda days: abs(days - found))[:2])
        raise InvalidError(
            "is not a number of days that CloudWatch keeps logs for.", f"Write {near[0]} or {near[1]}."
        )
    return found


def mail_address(node: Node) -> str:
    advice = "Write one address for mail, such as alarms@example.com."
    text = one_value(node, advice)
    if not _MAIL.fullmatch(text) or len(text) > 254:
        raise InvalidError("is not an address for mail.", advice)
    return text


def tracing(node: Node) -> bool:
    """`true` or `false`; Copilot's word for it is told what to write."""
    if isinstance(node, Scalar) and node.text == "awsxray":
        raise InvalidError("is not the word for it here.", "Write true.")
    return truth(node)
