"""What Evenly looks up when it plans: ids of what is in the account, or of AWS's own, that no template can name. They
are pinned in the plan; what is not found is not known, and the plan says so.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from evenly.aws.cloud.session import Asked
from evenly.aws.instances import architecture_of
from evenly.aws.operations.cloud import Cloud
from evenly.aws.releasing.registry import Registry
from evenly.aws.stacks.common import TAG_ENVIRONMENT, TAG_SERVICE
from evenly.aws.topology import AwsTopology
from evenly.errors import StateError

IMAGE = "Image"
AMI = "AmiId"  # refreshed on purpose: another one replaces the hosts
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html
HOSTS_IMAGE = "/aws/service/ecs/optimized-ami/amazon-linux-2023{}/recommended/image_id"
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/LocationsOfEdgeServers.html
CLOUDFRONT_ADDRESSES = "com.amazonaws.global.cloudfront.origin-facing"
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-vpc-origins.html
CLOUDFRONT_GROUP = "CloudFront-VPCOrigins-Service-SG"


class Looked(Struct, frozen=True):
    """`values`: by parameter; `None`: there is nothing yet. `kept`: those that stay as they are where the stack has
    one. `coming`: those that a deploy makes another of, so that nobody knows them yet."""

    values: Mapping[str, str | None] = {}
    kept: frozenset[str] = frozenset()
    coming: frozenset[str] = frozenset()


def look_up(
    cloud: Cloud,
    topology: AwsTopology,
    wanted: frozenset[str],
    *,
    refresh: bool,
    tag: str | None = None,
    image: str | None = None,
) -> Looked:
    """`wanted`: the names of the parameters. `refresh`: the newest image of the hosts is taken. `tag`: of the app's
    image that is to run; where there is none it is still to come. `image`: the very one, in its place. Raises
    StateError where what is found is not unique."""
    found = {name: look(cloud, topology) for name, look in _LOOKS.items() if name in wanted}
    if IMAGE in wanted:
        asked = Registry(cloud.session.client("ecr", topology.region), topology.names.repository)
        found[IMAGE] = image or (asked.image(tag) if tag else None)
    coming = {IMAGE} if tag and IMAGE in wanted and found[IMAGE] is None else set()
    return Looked(found, frozenset() if refresh else frozenset({AMI}), frozenset(coming))


def _ami(cloud: Cloud, topology: AwsTopology) -> str | None:
    architecture = "/arm64" if architecture_of(topology) == "arm64" else ""
    asked = cloud.session.client("ssm", topology.region)
    name = HOSTS_IMAGE.format(architecture)
    said = asked.unless(("ParameterNotFound",), "get_parameter", Name=name)
    return str(said["Parameter"]["Value"]) if said else None


def _cloudfront_addresses(cloud: Cloud, topology: AwsTopology) -> str | None:
    asked = cloud.session.client("ec2", topology.region)
    named = [{"Name": "prefix-list-name", "Values": [CLOUDFRONT_ADDRESSES]}]
    said = asked.call("describe_managed_prefix_lists", Filters=named)["PrefixLists"]
    return str(said[0]["PrefixListId"]) if said else None


def _cloudfront_group(cloud: Cloud, topology: AwsTopology) -> str | None:
    """The one in the environment's own network, which has the environment's tags."""
    asked = cloud.session.client("ec2", topology.region)
    tags = {TAG_SERVICE: topology.service, TAG_ENVIRONMENT: topology.environment}
    balancers = asked.call(
        "describe_security_groups",
        Filters=[{"Name": f"tag:{key}", "Values": [it]} for key, it in tags.items()],
    )["SecurityGroups"]
    networks = sorted({it["VpcId"] for it in balancers if it.get("VpcId")})
    if not networks:
        return None
    filters = [{"Name": "vpc-id", "Values": networks}, {"Name": "group-name", "Values": [CLOUDFRONT_GROUP]}]
    said = asked.call("describe_security_groups", Filters=filters)["SecurityGroups"]
    return str(said[0]["GroupId"]) if said else None


def _hosted_zone(cloud: Cloud, topology: AwsTopology) -> str | None:
    """The public zone that the alias is in: of those that hold it, the one with the longest name."""
    if topology.alias is None:
        return None
    name = f"{topology.alias}."
    asked = cloud.session.client("route53", topology.region)
    holding = [
        it
        for page in asked.pages("list_hosted_zones", "Marker", "NextMarker")
        for it in page["HostedZones"]
        if not it["Config"]["PrivateZone"] and (name == it["Name"] or name.endswith(f".{it['Name']}"))
    ]
    longest = max((len(it["Name"]) for it in holding), default=0)
    nearest = [it for it in holding if len(it["Name"]) == longest]
    if len(nearest) > 1:
        ids = ", ".join(_zone_id(it) for it in nearest)
        what = f"there is more than one public hosted zone {nearest[0]['Name'].rstrip('.')}: {ids}."
        raise StateError(what, where="http.alias", try_="Delete the one that the domain is not delegated to.")
    return _zone_id(nearest[0]) if nearest else None


def _zone_id(zone: Mapping[str, Any]) -> str:
    return str(zone["Id"]).removeprefix("/hostedzone/")


def certificate_of(cloud: Cloud, topology: AwsTopology) -> str | None:
    """The one that Evenly has imported for this environment, by its tags."""
    asked = cloud.session.client("acm", topology.region)
    for page in asked.pages("list_certificates", Includes={"keyTypes": ["EC_prime256v1", "RSA_2048"]}):
        for it in page["CertificateSummaryList"]:
            if it.get("Type") == "IMPORTED" and _is_of(asked, it["CertificateArn"], topology):
                return str(it["CertificateArn"])
    return None


def _is_of(asked: Asked, arn: str, topology: AwsTopology) -> bool:
    said = asked.call("list_tags_for_certificate", CertificateArn=arn)
    tags = {it["Key"]: it.get("Value") for it in said["Tags"]}
    return (tags.get(TAG_SERVICE), tags.get(TAG_ENVIRONMENT)) == (topology.service, topology.environment)


_LOOKS: Mapping[str, Callable[[Cloud, AwsTopology], str | None]] = {
    AMI: _ami,
    "CertificateArn": certificate_of,
    "CloudFrontGroup": _cloudfront_group,
    "CloudFrontPrefixList": _cloudfront_addresses,
    "HostedZoneId": _hosted_zone,
}
