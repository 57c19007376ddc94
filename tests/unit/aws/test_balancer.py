"""The balancer: who reaches it and how, what it lets pass, and where its logs go."""

import pytest
from tests.unit.aws.serviceworld import ALIAS, Json, attributes, body, only, resources

from evenly.aws.stacks.service.balancer import TLS_POLICY

ELB = "ElasticLoadBalancingV2"


def balancer(kind: str) -> Json:
    return only(body(kind), f"{ELB}::LoadBalancer")


def listeners(kind: str) -> dict[int, Json]:
    return {it["Port"]: it for it in resources(body(kind), f"{ELB}::Listener").values()}


def does(listener: Json) -> str:
    (action,) = listener["DefaultActions"]
    return str(action["Type"])


@pytest.mark.parametrize(
    ("kind", "scheme", "ports"),
    [
        ("small", "internet-facing", {443: "forward", 80: "redirect"}),
        ("full", "internal", {443: "forward"}),  # CloudFront asks by HTTPS alone, and redirects itself
        ("default-domain", "internal", {80: "forward"}),
        ("internal", "internal", {443: "forward", 80: "forward"}),  # redirect_to_https: false
        ("internal-alias", "internal", {443: "forward", 80: "redirect"}),
    ],
)
def test_who_reaches_it(kind: str, scheme: str, ports: dict[int, str]) -> None:
    assert balancer(kind)["Scheme"] == scheme
    assert {port: does(it) for port, it in listeners(kind).items()} == ports


@pytest.mark.parametrize("kind", ["small", "full", "internal", "internal-alias", "blue-green"])
def test_clients_speak_tls_of_today(kind: str) -> None:
    https = listeners(kind)[443]
    assert https["Protocol"] == "HTTPS"
    assert https["SslPolicy"] == TLS_POLICY == "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
    assert attributes(https, "ListenerAttributes") == {"routing.http.response.server.enabled": "false"}


def test_a_redirect_keeps_host_path_and_query() -> None:
    (action,) = listeners("small")[80]["DefaultActions"]
    assert action["RedirectConfig"] == {
        "Protocol": "HTTPS",
        "Port": "443",
        "Host": "#{host}",
        "Path": "/#{path}",
        "Query": "#{query}",
        "StatusCode": "HTTP_301",
    }


def test_the_certificate_is_of_the_alias_or_the_one_that_was_imported() -> None:
    assert listeners("small")[443]["Certificates"] == [{"CertificateArn": {"Ref": "CertificateArn"}}]
    made = only(body("full"), "CertificateManager::Certificate")
    assert made["DomainName"] == ALIAS
    assert made["ValidationMethod"] == "DNS"
    assert made["DomainValidationOptions"] == [{"DomainName": ALIAS, "HostedZoneId": {"Ref": "HostedZoneId"}}]
    assert listeners("full")[443]["Certificates"] == [{"CertificateArn": {"Ref": "Certificate"}}]


@pytest.mark.parametrize("kind", ["small", "full", "default-domain", "fargate"])
def test_only_what_can_be_read_in_one_way_passes(kind: str) -> None:
    said = attributes(balancer(kind), "LoadBalancerAttributes")
    assert said["routing.http.drop_invalid_header_fields.enabled"] == "true"
    assert said["routing.http.desync_mitigation_mode"] == "strictest"
    assert said["deletion_protection.enabled"] == ("true" if kind == "full" else "false")
    assert said["zonal_shift.config.enabled"] == "true"


def test_every_request_is_logged_into_a_bucket_that_balancers_alone_write_to() -> None:
    found = body("small")
    said = attributes(balancer("small"), "LoadBalancerAttributes")
    assert said["access_logs.s3.enabled"] == "true"
    assert said["access_logs.s3.bucket"] == {"Ref": "AccessLogs"}
    bucket = only(found, "S3::Bucket")
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}  # it takes no other
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    written = only(found, "S3::BucketPolicy")["PolicyDocument"]["Statement"]
    allowed = [it for it in written if it["Effect"] == "Allow"]
    assert [it["Principal"] for it in allowed] == [
        {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    ]
    place = "${AccessLogs.Arn}/balancer/AWSLogs/${AWS::AccountId}/*"
    assert [it["Resource"] for it in allowed] == [[{"Fn::Sub": place}]]
    assert [it["Action"] for it in allowed] == [["s3:PutObject"]]
    assert found["Resources"]["Balancer"]["DependsOn"] == ["AccessLogsPolicy"]


def test_the_firewall_stands_where_clients_come() -> None:
    for kind in ("firewall", "internal"):
        association = only(body(kind), "WAFv2::WebACLAssociation")
        assert association["ResourceArn"] == {"Ref": "Balancer"}
        assert only(body(kind), "WAFv2::WebACL")["Scope"] == "REGIONAL"
    for kind in ("small", "full"):
        assert not resources(body(kind), "WAFv2::WebACL")


def test_a_release_beside_the_old_one_has_a_target_group_and_a_rule_of_its_own() -> None:
    found = body("blue-green")
    assert set(resources(found, f"{ELB}::TargetGroup")) == {"TargetGroup", "OtherTargetGroup"}
    rule = only(found, f"{ELB}::ListenerRule")
    (action,) = rule["Actions"]
    assert action["ForwardConfig"]["TargetGroups"] == [
        {"TargetGroupArn": {"Ref": "TargetGroup"}, "Weight": 100},
        {"TargetGroupArn": {"Ref": "OtherTargetGroup"}, "Weight": 0},
    ]
    assert set(resources(body("small"), f"{ELB}::TargetGroup")) == {"TargetGroup"}
    one, other = resources(found, f"{ELB}::TargetGroup").values()
    assert one == other


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("small", {"Fn::Sub": "https://${Balancer.DNSName}"}),
        ("full", f"https://{ALIAS}"),
        ("default-domain", {"Fn::Sub": "http://${Balancer.DNSName}"}),
    ],
)
def test_where_it_is_reached(kind: str, url: object) -> None:
    assert body(kind)["Outputs"]["Url"]["Value"] == url
