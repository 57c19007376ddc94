"""The edge: what stands in front for each way of being reached, and what it does there."""

from typing import Any

import pytest
from tests.unit.aws.edgeworld import (
    ALIAS,
    MANIFESTS,
    Json,
    of_type,
    only,
    stacks,
    topology,
)

from evenly.aws.stacks import edge
from evenly.aws.stacks.catalogue import CONCERNS
from evenly.aws.stacks.edge.distribution import keepalive, read_timeout
from evenly.aws.topology import EDGE_REGION, Reach, aws_topology
from evenly.manifest.types import Http, Limits, Seconds

FRONTED = ("full", "alias", "alias-plain", "default-domain")


def front(kind: str) -> Json:
    return stacks(kind)["edge"]


def distribution(kind: str) -> Json:
    return only(front(kind), "AWS::CloudFront::Distribution")["DistributionConfig"]


@pytest.mark.parametrize(
    ("kind", "reach", "stands"),
    [
        ("alias", Reach.ALIAS, True),
        ("default-domain", Reach.DEFAULT_DOMAIN, True),
        ("balancer", Reach.BALANCER, False),
        ("internal", Reach.INTERNAL, False),
        ("internal-alias", Reach.INTERNAL, True),
    ],
)
def test_there_is_an_edge_where_there_is_something_to_stand_in_front_of_or_to_name(
    kind: str, reach: Reach, stands: bool
) -> None:
    assert aws_topology(MANIFESTS[kind], "staging").reach is reach
    assert ("edge" in stacks(kind)) is stands


def test_it_is_made_in_the_one_region_that_cloudfront_takes_certificates_from() -> None:
    (concern,) = (it for it in CONCERNS if it.name == edge.CONCERN)
    assert concern.region == EDGE_REGION == "us-east-1"


@pytest.mark.parametrize("kind", FRONTED)
def test_what_comes_from_the_environments_region_comes_as_parameters(kind: str) -> None:
    asked = {"BalancerArn", "BalancerDns", "PagesVersion"}
    wanted = asked if kind == "default-domain" else asked | {"HostedZoneId"}
    assert set(front(kind)["Parameters"]) == wanted
    assert {it["Type"] for it in front(kind)["Parameters"].values()} == {"String"}


# --- whom it asks


@pytest.mark.parametrize(
    ("kind", "title", "policy"),
    [("alias", "OriginHttps", "https-only"), ("default-domain", "OriginHttp", "http-only")],
)
def test_the_balancer_is_asked_inside_its_network_by_https_where_it_has_a_name(
    kind: str, title: str, policy: str
) -> None:
    """A title each: CloudFront changes nothing of an origin that is in use."""
    (found,) = of_type(front(kind), "AWS::CloudFront::VpcOrigin").items()
    assert found[0] == title
    assert found[1]["VpcOriginEndpointConfig"] == {
        "Arn": {"Ref": "BalancerArn"},
        "Name": f"hello-staging-{policy.removesuffix('-only')}",
        "HTTPPort": 80,
        "HTTPSPort": 443,
        "OriginProtocolPolicy": policy,
        "OriginSSLProtocols": ["TLSv1.2"],
    }
    app = distribution(kind)["Origins"][0]
    assert app["VpcOriginConfig"]["VpcOriginId"] == {"Fn::GetAtt": [title, "Id"]}
    assert "CustomOriginConfig" not in app


def test_the_visitors_host_is_passed_on_which_the_balancers_certificate_is_of() -> None:
    policy = only(front("alias"), "AWS::CloudFront::OriginRequestPolicy")["OriginRequestPolicyConfig"]
    assert policy["HeadersConfig"]["HeaderBehavior"] == "allViewerAndWhitelistCloudFront"
    assert policy["CookiesConfig"] == {"CookieBehavior": "all"}
    assert policy["QueryStringsConfig"] == {"QueryStringBehavior": "all"}
    assert distribution("alias")["DefaultCacheBehavior"]["OriginRequestPolicyId"] == {"Ref": "AskedOfApp"}


@pytest.mark.parametrize(
    ("said", "waits", "keeps"),
    [(0.4, 1, 1), (5, 5, 4), (60, 60, 30), (900, 120, 30)],
)
def test_it_waits_as_long_as_the_manifest_says_within_what_it_can(
    said: float, waits: int, keeps: int
) -> None:
    """And keeps a connection for less long than the balancer, which ends it after the same time."""
    found = topology(http=Http(alias=ALIAS, limits=Limits(timeout=Seconds(said))))
    assert (read_timeout(found), keepalive(found)) == (waits, keeps)


# --- what it keeps and says


@pytest.mark.parametrize("kind", FRONTED)
def test_no_answer_of_the_app_is_kept_for_another_visitor(kind: str) -> None:
    behaviour = distribution(kind)["DefaultCacheBehavior"]
    assert behaviour["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    assert set(behaviour["AllowedMethods"]) == {"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"}


@pytest.mark.parametrize("kind", FRONTED)
def test_only_502_and_504_become_pages_and_no_error_is_kept(kind: str) -> None:
    errors = {it["ErrorCode"]: it for it in distribution(kind)["CustomErrorResponses"]}
    pages = {
        code: it["ResponsePagePath"]["Fn::Sub"] for code, it in errors.items() if "ResponsePagePath" in it
    }
    assert pages == {code: f"/_evenly/errors/${{PagesVersion}}/{code}.html" for code in (502, 504)}
    assert all(errors[code]["ResponseCode"] == code for code in pages)
    assert set(errors) == {400, 403, 404, 405, 414, 500, 501, 502, 503, 504}
    assert {it["ErrorCachingMinTTL"] for it in errors.values()} == {0}


@pytest.mark.parametrize("kind", FRONTED)
def test_the_pages_are_read_by_this_distribution_and_by_nobody_else(kind: str) -> None:
    template = front(kind)
    document = of_type(template, "AWS::S3::BucketPolicy")["PagesPolicy"]["PolicyDocument"]
    (let,) = (it for it in document["Statement"] if it["Effect"] == "Allow")
    own = "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}"
    assert let["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert let["Condition"] == {"StringEquals": {"aws:SourceArn": {"Fn::Sub": own}}}
    assert let["Action"] == ["s3:GetObject"]
    assert let["Resource"] == [{"Fn::Sub": "${Pages.Arn}/_evenly/errors/*"}]
    pages = distribution(kind)["Origins"][1]
    assert pages["OriginAccessControlId"] == {"Fn::GetAtt": ["PagesAccess", "Id"]}
    assert (
        only(template, "AWS::CloudFront::OriginAccessControl")["OriginAccessControlConfig"]["SigningBehavior"]
        == "always"
    )


@pytest.mark.parametrize("kind", FRONTED)
def test_no_bucket_of_the_edge_is_public(kind: str) -> None:
    buckets = of_type(front(kind), "AWS::S3::Bucket")
    assert set(buckets) == {"Pages", "Logs"}
    for bucket in buckets.values():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}


def test_the_path_of_the_pages_is_the_buckets() -> None:
    (behaviour,) = distribution("alias")["CacheBehaviors"]
    assert behaviour["PathPattern"] == "/_evenly/errors/*"
    assert behaviour["TargetOriginId"] == "pages"


# --- names, certificate, protocols


def test_the_alias_leads_to_the_distribution_by_address_and_by_protocol() -> None:
    records = of_type(front("alias"), "AWS::Route53::RecordSet").values()
    assert {it["Type"] for it in records} == {"A", "AAAA", "HTTPS"}
    for it in records:
        assert it["Name"] == f"{ALIAS}."
        assert it["HostedZoneId"] == {"Ref": "HostedZoneId"}
        assert it["AliasTarget"]["DNSName"] == {"Fn::GetAtt": ["Distribution", "DomainName"]}
        assert it["AliasTarget"]["HostedZoneId"] == "Z2FDTNDATAQYW2"


def test_the_certificate_is_of_the_alias_and_proved_in_its_zone() -> None:
    certificate = only(front("alias"), "AWS::CertificateManager::Certificate")
    assert certificate["DomainName"] == ALIAS
    assert certificate["ValidationMethod"] == "DNS"
    assert certificate["DomainValidationOptions"] == [
        {"DomainName": ALIAS, "HostedZoneId": {"Ref": "HostedZoneId"}}
    ]
    assert distribution("alias")["Aliases"] == [ALIAS]
    assert distribution("alias")["ViewerCertificate"] == {
        "AcmCertificateArn": {"Ref": "Certificate"},
        "MinimumProtocolVersion": "TLSv1.2_2021",
        "SslSupportMethod": "sni-only",
    }


def test_under_cloudfronts_own_name_there_is_no_name_and_no_certificate_of_ours() -> None:
    template = front("default-domain")
    assert not of_type(template, "AWS::Route53::RecordSet")
    assert not of_type(template, "AWS::CertificateManager::Certificate")
    assert distribution("default-domain")["ViewerCertificate"] == {"CloudFrontDefaultCertificate": True}
    assert "Aliases" not in distribution("default-domain")


def test_an_internal_alias_leads_to_the_balancer_and_nothing_stands_in_front() -> None:
    template = front("internal-alias")
    record = only(template, "AWS::Route53::RecordSet")
    assert (record["Type"], record["Name"]) == ("A", f"{ALIAS}.")
    assert record["AliasTarget"] == {
        "DNSName": {"Ref": "BalancerDns"},
        "HostedZoneId": {"Ref": "BalancerZoneId"},
        "EvaluateTargetHealth": True,
    }
    kinds = {it["Type"] for it in template["Resources"].values()}
    assert kinds == {"AWS::Route53::RecordSet", "AWS::SSM::Parameter"}


@pytest.mark.parametrize(("kind", "policy"), [("alias", "redirect-to-https"), ("alias-plain", "allow-all")])
def test_http_is_redirected_unless_the_manifest_says_otherwise(kind: str, policy: str) -> None:
    config = distribution(kind)
    behaviours = [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]
    assert {it["ViewerProtocolPolicy"] for it in behaviours} == {policy}
    assert config["HttpVersion"] == "http2and3"


@pytest.mark.parametrize(
    ("kind", "host"),
    [("alias", ALIAS), ("default-domain", {"Fn::GetAtt": ["Distribution", "DomainName"]})],
)
def test_the_health_check_asks_what_visitors_ask(kind: str, host: Any) -> None:
    config = only(front(kind), "AWS::Route53::HealthCheck")["HealthCheckConfig"]
    assert config["FullyQualifiedDomainName"] == host
    assert (config["Type"], config["Port"], config["EnableSNI"]) == ("HTTPS", 443, True)
    assert config["ResourcePath"] == topology().health.path


# --- tags and outputs


@pytest.mark.parametrize("kind", [*FRONTED, "internal-alias"])
def test_everything_that_can_bear_tags_has_them(kind: str) -> None:
    for title, it in front(kind)["Resources"].items():
        tags = it["Properties"].get("Tags", it["Properties"].get("HealthCheckTags"))
        if tags is not None:
            keys = set(tags) if isinstance(tags, dict) else {tag["Key"] for tag in tags}
            assert {"evenly:service", "evenly:environment", "owner", "cost-centre"} <= keys, title


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("alias", f"https://{ALIAS}"),
        ("internal-alias", f"https://{ALIAS}"),
        ("default-domain", {"Fn::Join": ["", ["https://", {"Fn::GetAtt": ["Distribution", "DomainName"]}]]}),
    ],
)
def test_the_edge_says_where_the_service_is_reached(kind: str, url: Any) -> None:
    assert front(kind)["Outputs"]["PublicUrl"]["Value"] == url


def test_where_nothing_is_to_stand_in_front_there_is_no_such_stack() -> None:
    for kind in ("balancer", "internal"):
        with pytest.raises(ValueError, match="nothing in front"):
            edge.template(aws_topology(MANIFESTS[kind], "staging"))
