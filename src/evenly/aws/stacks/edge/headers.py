"""What CloudFront adds to answers and takes off them: the same as the local balancer, as far as it can. Pure.

It takes off ten headers at most, and adds ten: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
"""

from collections.abc import Mapping
from typing import Any

from troposphere import cloudfront

from evenly.aws.stacks.common import Stack
from evenly.core.webheaders import FOR_APPLICATIONS, FOR_OWN_ANSWERS, HSTS_S, PAGE_POLICY

MOST = 10  # of each
# Of those that name software, the ones that frameworks in use send by themselves. `via` can't be taken off; `server`
# can, and CloudFront then says its own.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html
REMOVED = (
    "server",
    "x-aspnet-version",
    "x-aspnetmvc-version",
    "x-generator",
    "x-php-version",
    "x-powered-by",
    "x-powered-by-plesk",
    "x-powered-cms",
    "x-runtime",
    "x-server-powered-by",
)
# CloudFront has a field of its own for each of these, and refuses them among the others.
SECURITY = ("content-security-policy", "referrer-policy", "x-content-type-options", "x-frame-options")


def for_app(stack: Stack) -> cloudfront.ResponseHeadersPolicy:
    """What the app says itself is kept."""
    return _policy(stack, "App", FOR_APPLICATIONS, override=False, RemoveHeadersConfig=_removed())


def for_pages(stack: Stack) -> cloudfront.ResponseHeadersPolicy:
    """A page may look as it likes, and run nothing. How long it is kept, it says itself."""
    said = {**FOR_OWN_ANSWERS, "content-security-policy": PAGE_POLICY}
    del said["cache-control"]
    return _policy(stack, "Pages", said, override=True)


def _policy(
    stack: Stack, of: str, said: Mapping[str, str], *, override: bool, **more: Any
) -> cloudfront.ResponseHeadersPolicy:
    others = {name: value for name, value in said.items() if name not in SECURITY}
    return stack.add(
        cloudfront.ResponseHeadersPolicy(
            f"HeadersOf{of}",
            ResponseHeadersPolicyConfig=cloudfront.ResponseHeadersPolicyConfig(
                Name=f"{stack.names.prefix}-{of.lower()}",
                SecurityHeadersConfig=_security(stack, said, override),
                CustomHeadersConfig=cloudfront.CustomHeadersConfig(
                    Items=[
                        cloudfront.CustomHeader(Header=name, Value=value, Override=override)
                        for name, value in sorted(others.items())
                    ]
                ),
                **more,
            ),
        )
    )


def _security(stack: Stack, said: Mapping[str, str], override: bool) -> cloudfront.SecurityHeadersConfig:
    return cloudfront.SecurityHeadersConfig(
        ContentSecurityPolicy=cloudfront.ContentSecurityPolicy(
            ContentSecurityPolicy=said["content-security-policy"], Override=override
        ),
        ContentTypeOptions=cloudfront.ContentTypeOptions(Override=override),
        FrameOptions=cloudfront.FrameOptions(FrameOption=said["x-frame-options"], Override=override),
        ReferrerPolicy=cloudfront.ReferrerPolicy(ReferrerPolicy=said["referrer-policy"], Override=override),
        **_pinned(stack),
    )


def _pinned(stack: Stack) -> dict[str, cloudfront.StrictTransportSecurity]:
    """As locally, nobody is pinned to HTTPS where HTTP is served too."""
    if not stack.topology.redirect_to_https:
        return {}
    pinned = cloudfront.StrictTransportSecurity(AccessControlMaxAgeSec=HSTS_S, Override=False)
    return {"StrictTransportSecurity": pinned}


def _removed() -> cloudfront.RemoveHeadersConfig:
    return cloudfront.RemoveHeadersConfig(Items=[cloudfront.RemoveHeader(Header=name) for name in REMOVED])
