"""What is looked up when it is planned, against clients in memory."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from tests.unit.aws.world import REGION, FakeTime, refuse

from evenly.aws.cloud.session import Session
from evenly.aws.operations.certificates import certificate
from evenly.aws.operations.cloud import Cloud
from evenly.aws.operations.lookups import Looked, look_up
from evenly.aws.topology import AwsTopology, aws_topology
from evenly.errors import StateError
from evenly.manifest.types import Compute, Environment, Http, Manifest


class Answers:
    """One service: by operation, what it answers to each call, in order."""

    def __init__(self, **answers: list[Any]) -> None:
        self.answers = answers
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        def called(**arguments: Any) -> Any:
            self.calls.append((name, arguments))
            answer = self.answers[name].pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return called


def topology(alias: str | None = None, instance: str = "t3.small") -> AwsTopology:
    manifest = Manifest(
        name="shop",
        http=Http(alias=alias),
        compute=Compute(instance=instance),
        environments={"staging": Environment(target="aws", regions=(REGION,))},
    )
    return aws_topology(manifest, "staging")


def looked(service: Answers, name: str, at: AwsTopology | None = None) -> str | None:
    cloud = Cloud(Session(make=lambda *_: service), REGION)
    return look_up(cloud, at or topology(), frozenset({name}), refresh=False).values[name]


def test_only_what_is_asked_for_is_looked_up() -> None:
    assert look_up(
        Cloud(Session(make=lambda *_: Answers()), REGION), topology(), frozenset(), refresh=False
    ) == Looked({}, frozenset({"AmiId"}))


@pytest.mark.parametrize(
    ("instance", "arm"),
    [
        ("t3.small", False),
        ("t4g.small", True),
        ("m7g.large", True),
        ("c7gn.large", True),
        ("a1.large", True),
        ("g4dn.xlarge", False),
    ],
)
def test_the_hosts_image_is_of_their_architecture(instance: str, arm: bool) -> None:
    ssm = Answers(get_parameter=[{"Parameter": {"Value": "ami-1"}}])
    assert looked(ssm, "AmiId", topology(instance=instance)) == "ami-1"
    name = ssm.calls[0][1]["Name"]
    assert (
        name
        == f"/aws/service/ecs/optimized-ami/amazon-linux-2023{'/arm64' if arm else ''}/recommended/image_id"
    )


def test_where_aws_has_no_such_image_there_is_none() -> None:
    missing = refuse("GetParameter", "ParameterNotFound", "no")
    assert looked(Answers(get_parameter=[missing]), "AmiId") is None


def test_it_stays_as_it_is_unless_it_is_refreshed() -> None:
    def kept(*, refresh: bool) -> frozenset[str]:
        return look_up(
            Cloud(Session(make=lambda *_: Answers()), REGION), topology(), frozenset(), refresh=refresh
        ).kept

    assert kept(refresh=False) == {"AmiId"}
    assert kept(refresh=True) == frozenset()


def image_of(tag: str | None, image: str | None = None, **answers: list[Any]) -> tuple[str | None, bool]:
    """What is found, and whether it is still to come."""
    cloud = Cloud(Session(make=lambda *_: Answers(**answers)), REGION)
    found = look_up(cloud, topology(), frozenset({"Image"}), refresh=False, tag=tag, image=image)
    return found.values["Image"], "Image" in found.coming


THERE = {"repositories": [{"repositoryUri": "1.dkr.ecr/shop/staging"}]}


def test_the_image_is_the_one_with_the_sources_tag_named_by_its_digest() -> None:
    ecr = Answers(
        describe_repositories=[THERE], describe_images=[{"imageDetails": [{"imageDigest": "sha256:b"}]}]
    )
    cloud = Cloud(Session(make=lambda *_: ecr), REGION)
    found = look_up(cloud, topology(), frozenset({"Image"}), refresh=False, tag="source-1")
    assert found.values == {"Image": "1.dkr.ecr/shop/staging@sha256:b"}
    assert not found.coming
    assert ecr.calls[1][1]["imageIds"] == [{"imageTag": "source-1"}]


def test_without_a_repository_or_such_an_image_it_is_still_to_come() -> None:
    no_repository = refuse("DescribeRepositories", "RepositoryNotFoundException", "no")
    assert image_of("source-1", describe_repositories=[no_repository]) == (None, True)
    no_image = refuse("DescribeImages", "ImageNotFoundException", "no")
    assert image_of("source-1", describe_repositories=[THERE], describe_images=[no_image]) == (None, True)
    nothing = {"imageDetails": []}  # an emulator's answer
    assert image_of("source-1", describe_repositories=[THERE], describe_images=[nothing]) == (None, True)


def test_an_image_that_was_chosen_is_asked_after_nowhere() -> None:
    assert image_of(None, "u@sha256:c") == ("u@sha256:c", False)


def test_cloudfronts_addresses_are_awss_own_list() -> None:
    ec2 = Answers(describe_managed_prefix_lists=[{"PrefixLists": [{"PrefixListId": "pl-1"}]}])
    assert looked(ec2, "CloudFrontPrefixList") == "pl-1"
    name = "com.amazonaws.global.cloudfront.origin-facing"
    assert ec2.calls[0][1] == {"Filters": [{"Name": "prefix-list-name", "Values": [name]}]}
    assert (
        looked(Answers(describe_managed_prefix_lists=[{"PrefixLists": []}]), "CloudFrontPrefixList") is None
    )


def test_cloudfronts_group_is_the_one_in_the_environments_own_network() -> None:
    own = {"SecurityGroups": [{"GroupId": "sg-1", "VpcId": "vpc-1"}, {"GroupId": "sg-2", "VpcId": "vpc-1"}]}
    ec2 = Answers(describe_security_groups=[own, {"SecurityGroups": [{"GroupId": "sg-9"}]}])
    assert looked(ec2, "CloudFrontGroup") == "sg-9"
    assert {it["Name"] for it in ec2.calls[0][1]["Filters"]} == {
        "tag:evenly:service",
        "tag:evenly:environment",
    }
    assert ec2.calls[1][1]["Filters"][0] == {"Name": "vpc-id", "Values": ["vpc-1"]}


@pytest.mark.parametrize(
    "answers", [[{"SecurityGroups": []}], [{"SecurityGroups": [{"VpcId": "v"}]}, {"SecurityGroups": []}]]
)
def test_until_cloudfront_has_one_there_is_none(answers: list[Any]) -> None:
    assert looked(Answers(describe_security_groups=answers), "CloudFrontGroup") is None


def zone(name: str, id_: str, *, private: bool = False) -> dict[str, Any]:
    return {"Name": f"{name}.", "Id": f"/hostedzone/{id_}", "Config": {"PrivateZone": private}}


def test_the_nearest_public_zone_holds_the_alias() -> None:
    pages = [
        {"HostedZones": [zone("example.com", "A"), zone("hop.example.com", "X")], "NextMarker": "m"},
        {"HostedZones": [zone("shop.example.com", "B"), zone("www.shop.example.com", "P", private=True)]},
    ]
    assert looked(Answers(list_hosted_zones=pages), "HostedZoneId", topology("www.shop.example.com")) == "B"


def test_no_zone_is_none_and_two_are_said() -> None:
    assert (
        looked(Answers(list_hosted_zones=[{"HostedZones": []}]), "HostedZoneId", topology("a.example.com"))
        is None
    )
    twice = {"HostedZones": [zone("example.com", "A"), zone("example.com", "B")]}
    with pytest.raises(StateError, match=r"more than one public hosted zone example\.com: A, B"):
        looked(Answers(list_hosted_zones=[twice]), "HostedZoneId", topology("a.example.com"))


def test_the_certificate_is_the_imported_one_with_our_tags() -> None:
    def tags(environment: str) -> dict[str, Any]:
        return {
            "Tags": [
                {"Key": "evenly:service", "Value": "shop"},
                {"Key": "evenly:environment", "Value": environment},
            ]
        }

    held = [
        {"CertificateArn": "issued", "Type": "AMAZON_ISSUED"},
        {"CertificateArn": "theirs", "Type": "IMPORTED"},
        {"CertificateArn": "ours", "Type": "IMPORTED"},
    ]
    acm = Answers(
        list_certificates=[{"CertificateSummaryList": held}],
        list_tags_for_certificate=[tags("production"), tags("staging")],
    )
    assert looked(acm, "CertificateArn") == "ours"
    assert looked(Answers(list_certificates=[{"CertificateSummaryList": []}]), "CertificateArn") is None


# --- the balancer's own certificate


def made(acm: Answers) -> str:
    cloud = Cloud(Session(make=lambda *_: acm), REGION)
    return certificate(cloud, topology(), {"evenly:service": "shop"}, FakeTime().clock)


NOW = datetime.fromtimestamp(FakeTime().at, UTC)
OURS = {
    "list_certificates": [{"CertificateSummaryList": [{"CertificateArn": "ours", "Type": "IMPORTED"}]}],
    "list_tags_for_certificate": [
        {
            "Tags": [
                {"Key": "evenly:service", "Value": "shop"},
                {"Key": "evenly:environment", "Value": "staging"},
            ]
        }
    ],
}


def there(days: int) -> Answers:
    ends = {"Certificate": {"NotAfter": NOW + timedelta(days=days)}}
    held = {name: list(said) for name, said in OURS.items()}
    return Answers(**held, describe_certificate=[ends], import_certificate=[{"CertificateArn": "ours"}])


def test_a_certificate_is_made_where_there_is_none_and_is_found_again() -> None:
    acm = Answers(
        list_certificates=[{"CertificateSummaryList": []}], import_certificate=[{"CertificateArn": "new"}]
    )
    assert made(acm) == "new"
    said = acm.calls[-1][1]
    assert "CertificateArn" not in said
    assert said["Tags"] == [{"Key": "evenly:service", "Value": "shop"}]
    leaf = x509.load_pem_x509_certificate(said["Certificate"])
    assert leaf.not_valid_after_utc > NOW + timedelta(days=365)
    assert serialization.load_pem_private_key(said["PrivateKey"], None).public_key() == leaf.public_key()


@pytest.mark.parametrize(("days", "renewed"), [(31, False), (29, True), (-1, True)])
def test_one_that_ends_within_thirty_days_is_renewed_under_its_arn(days: int, renewed: bool) -> None:
    acm = there(days)
    assert made(acm) == "ours"
    imported = [said for name, said in acm.calls if name == "import_certificate"]
    assert [it["CertificateArn"] for it in imported] == (["ours"] if renewed else [])
    assert all("Tags" not in it for it in imported)  # AWS refuses them of one that is there
