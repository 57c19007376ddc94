"""CloudFront's distribution: whom it asks, what it keeps, and which errors it says in its own words. Pure.

Nothing of the app's is kept: an answer that was meant for one visitor is never another's. CloudFront keeps errors all
the same, for 10 s and whatever the app says, unless it is told 0 for each of them.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/custom-error-pages-expiration.html
"""

from msgspec import Struct
from troposphere import GetAtt, Ref, Sub, certificatemanager, cloudfront, s3, wafv2

from evenly.aws.edgepages import FOLDER, STATUSES, VERSION_DIGITS, key
from evenly.aws.stacks.common import Stack
from evenly.aws.stacks.edge.headers import for_app, for_pages
from evenly.aws.topology import AwsTopology

# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
KEEPS_NOTHING = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"  # CachingDisabled
KEEPS = "658327ea-f89d-4fab-a63d-7e88639e58f6"  # CachingOptimized
APP, PAGES = "app", "pages"
VERSION = "PagesVersion"  # the parameter
METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html
KEPT_ERRORS = (400, 403, 404, 405, 414, 500, 501, 502, 503, 504)
# https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_VpcOriginConfig.html
READ_LEAST, READ_MOST = 1, 120  # s
KEEPALIVE_MOST = 30  # s
TRIES = 3  # for a connection, and for an answer to what may be asked twice


class Parts(Struct, frozen=True):
    """What a distribution is put together from. `certificate`: none under CloudFront's own name. `firewall`: none
    where none is wanted."""

    origin: cloudfront.VpcOrigin
    pages: s3.Bucket
    certificate: certificatemanager.Certificate | None
    firewall: wafv2.WebACL | None


def read_timeout(topology: AwsTopology) -> int:
    """How long CloudFront waits for something to move, in whole seconds that it takes."""
    return min(max(round(topology.limits.timeout), READ_LEAST), READ_MOST)


def keepalive(topology: AwsTopology) -> int:
    """How long CloudFront keeps a connection that nothing moves on, in seconds: less than the balancer does, which ends
    it after the same timeout, so that no request is sent on a connection that is about to end."""
    return min(max(read_timeout(topology) - 1, 1), KEEPALIVE_MOST)


def add_distribution(stack: Stack, parts: Parts) -> cloudfront.Distribution:
    alias = stack.topology.alias
    named = {"Aliases": [alias]} if alias else {}
    guarded = {"WebACLId": GetAtt(parts.firewall, "Arn")} if parts.firewall else {}
    return stack.add(
        cloudfront.Distribution(
            "Distribution",
            DistributionConfig=cloudfront.DistributionConfig(
                Comment=stack.names.prefix,
                Enabled=True,
                HttpVersion="http2and3",
                IPV6Enabled=True,
                Origins=[_app(stack, parts.origin), _pages(parts.pages)],
                DefaultCacheBehavior=_behaviour_of_app(stack),
                CacheBehaviors=[_behaviour_of_pages(stack)],
                CustomErrorResponses=_errors(stack),
                ViewerCertificate=_certificate(parts.certificate),
                **named,
                **guarded,
            ),
        )
    )


def _app(stack: Stack, origin: cloudfront.VpcOrigin) -> cloudfront.Origin:
    """The certificate that the balancer shows is of the alias: CloudFront is content with that because it passes the
    visitor's Host on. https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/http-502-bad-gateway.html"""
    return cloudfront.Origin(
        Id=APP,
        DomainName=stack.parameter("BalancerDns", "The balancer's own name"),
        ConnectionAttempts=TRIES,
        VpcOriginConfig=cloudfront.VpcOriginConfig(
            VpcOriginId=GetAtt(origin, "Id"),
            OriginReadTimeout=read_timeout(stack.topology),
            OriginKeepaliveTimeout=keepalive(stack.topology),
        ),
    )


def _pages(bucket: s3.Bucket) -> cloudfront.Origin:
    return cloudfront.Origin(
        Id=PAGES,
        DomainName=GetAtt(bucket, "RegionalDomainName"),
        OriginAccessControlId=GetAtt("PagesAccess", "Id"),
        S3OriginConfig=cloudfront.S3OriginConfig(OriginAccessIdentity=""),
    )


def _behaviour_of_app(stack: Stack) -> cloudfront.DefaultCacheBehavior:
    return cloudfront.DefaultCacheBehavior(
        TargetOriginId=APP,
        ViewerProtocolPolicy=_by_http(stack.topology),
        AllowedMethods=METHODS,
        CachePolicyId=KEEPS_NOTHING,
        OriginRequestPolicyId=Ref(_asked(stack)),
        ResponseHeadersPolicyId=Ref(for_app(stack)),
        Compress=False,
    )


def _asked(stack: Stack) -> cloudfront.OriginRequestPolicy:
    """All that the visitor sent, and how: the balancer's own x-forwarded-proto tells of CloudFront's leg alone."""
    return stack.add(
        cloudfront.OriginRequestPolicy(
            "AskedOfApp",
            OriginRequestPolicyConfig=cloudfront.OriginRequestPolicyConfig(
                Name=f"{stack.names.prefix}-app",
                Comment="All that the visitor sent, and by which protocol",
                HeadersConfig=cloudfront.OriginRequestHeadersConfig(
                    HeaderBehavior="allViewerAndWhitelistCloudFront", Headers=["CloudFront-Forwarded-Proto"]
                ),
                CookiesConfig=cloudfront.OriginRequestCookiesConfig(CookieBehavior="all"),
                QueryStringsConfig=cloudfront.OriginRequestQueryStringsConfig(QueryStringBehavior="all"),
            ),
        )
    )


def _behaviour_of_pages(stack: Stack) -> cloudfront.CacheBehavior:
    return cloudfront.CacheBehavior(
        PathPattern=f"/{FOLDER}/*",
        TargetOriginId=PAGES,
        ViewerProtocolPolicy=_by_http(stack.topology),
        AllowedMethods=["GET", "HEAD"],
        CachePolicyId=KEEPS,
        ResponseHeadersPolicyId=Ref(for_pages(stack)),
        Compress=True,
    )


def _by_http(topology: AwsTopology) -> str:
    return "redirect-to-https" if topology.redirect_to_https else "allow-all"


def _errors(stack: Stack) -> list[cloudfront.CustomErrorResponse]:
    """None is kept. CloudFront does not look at what a visitor accepts, so that only what neither the app nor, in
    JSON, the balancer could say better becomes a page."""
    stack.parameter(
        VERSION,
        "The version of the error pages, which are in the bucket before it is named here",
        AllowedPattern=f"[0-9a-f]{{{VERSION_DIGITS}}}",
    )
    return [_page(status) if status in STATUSES else _passed(status) for status in KEPT_ERRORS]


def _page(status: int) -> cloudfront.CustomErrorResponse:
    path = Sub("/" + key(f"${{{VERSION}}}", status))
    return cloudfront.CustomErrorResponse(
        ErrorCode=status, ErrorCachingMinTTL=0, ResponseCode=status, ResponsePagePath=path
    )


def _passed(status: int) -> cloudfront.CustomErrorResponse:
    return cloudfront.CustomErrorResponse(ErrorCode=status, ErrorCachingMinTTL=0)


def _certificate(certificate: certificatemanager.Certificate | None) -> cloudfront.ViewerCertificate:
    """Under its own name CloudFront takes TLS 1.0 too, whatever it is told.
    https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_ViewerCertificate.html"""
    if certificate is None:
        return cloudfront.ViewerCertificate(CloudFrontDefaultCertificate=True)
    return cloudfront.ViewerCertificate(
        AcmCertificateArn=Ref(certificate),
        MinimumProtocolVersion="TLSv1.2_2021",
        SslSupportMethod="sni-only",
    )
