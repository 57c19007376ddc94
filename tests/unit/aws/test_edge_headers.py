"""What CloudFront adds to answers and takes off them, beside what the local balancer does."""

import pytest
from tests.unit.aws.edgeworld import Json, of_type, stacks

from evenly.aws.stacks.edge.headers import MOST, REMOVED
from evenly.core.webheaders import FOR_APPLICATIONS, FOR_OWN_ANSWERS, HSTS, PAGE_POLICY, SOFTWARE


def front(kind: str) -> Json:
    return stacks(kind)["edge"]


def _said(kind: str, title: str) -> tuple[dict[str, str], set[bool]]:
    config = of_type(front(kind), "AWS::CloudFront::ResponseHeadersPolicy")[title][
        "ResponseHeadersPolicyConfig"
    ]
    security = config["SecurityHeadersConfig"]
    custom = config["CustomHeadersConfig"]["Items"]
    said = {it["Header"]: it["Value"] for it in custom} | {
        "content-security-policy": security["ContentSecurityPolicy"]["ContentSecurityPolicy"],
        "referrer-policy": security["ReferrerPolicy"]["ReferrerPolicy"],
        "x-content-type-options": "nosniff" if "ContentTypeOptions" in security else "",
        "x-frame-options": security["FrameOptions"]["FrameOption"],
    }
    fields = [it for name, it in security.items() if name != "StrictTransportSecurity"]
    return said, {it["Override"] for it in (*custom, *fields)}


def test_an_apps_answers_get_the_local_balancers_headers_where_it_is_silent() -> None:
    assert _said("alias", "HeadersOfApp") == (FOR_APPLICATIONS, {False})


def test_a_page_gets_those_of_the_local_balancers_pages_whatever_was_said() -> None:
    wanted = {**FOR_OWN_ANSWERS, "content-security-policy": PAGE_POLICY}
    del wanted["cache-control"]
    assert _said("alias", "HeadersOfPages") == (wanted, {True})


@pytest.mark.parametrize(("kind", "pinned"), [("alias", True), ("alias-plain", False)])
def test_https_is_pinned_where_http_is_redirected(kind: str, pinned: bool) -> None:
    policies = of_type(front(kind), "AWS::CloudFront::ResponseHeadersPolicy").values()
    for it in policies:
        security = it["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
        assert ("StrictTransportSecurity" in security) is pinned
        if pinned:
            said = security["StrictTransportSecurity"]
            assert (f"max-age={said['AccessControlMaxAgeSec']}", said["Override"]) == (HSTS, False)


def test_headers_that_name_software_are_taken_off_as_many_as_cloudfront_takes() -> None:
    config = of_type(front("alias"), "AWS::CloudFront::ResponseHeadersPolicy")["HeadersOfApp"]
    items = config["ResponseHeadersPolicyConfig"]["RemoveHeadersConfig"]["Items"]
    removed = [it["Header"] for it in items]
    assert tuple(removed) == REMOVED
    assert len(removed) <= MOST
    assert set(removed) <= set(SOFTWARE) - {"via"}  # CloudFront refuses to take that one off
    assert len(config["ResponseHeadersPolicyConfig"]["CustomHeadersConfig"]["Items"]) <= MOST
