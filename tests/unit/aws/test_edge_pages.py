"""The error pages of the edge are the local balancer's, and get to where CloudFront looks for them."""

import re
from typing import Any

from evenly.aws.edgepages import STATUSES, key, objects, pages, version
from evenly.aws.edgeupload import upload
from evenly.local.balancer.pages import local_replies


def local_page(status: int, own: dict[str, str] | None = None) -> str:
    """What Envoy is told to answer a browser with, filled in as it would."""
    (found,) = (
        it["body_format_override"]["text_format_source"]["inline_string"]
        for it in local_replies(own or {})["mappers"]
        if "and_filter" in it["filter"]
        and f"'EQ', 'value': {{'default_value': {status}," in str(it["filter"])
    )
    return str(found).replace("%RESPONSE_CODE%", str(status)).replace("%%", "%")


def test_a_page_is_the_local_one_but_for_the_reference_which_cloudfront_has_none_of() -> None:
    for status, page in pages({}).items():
        assert page == local_page(status).replace(" &middot; reference %REQ(X-REQUEST-ID)%", "")
        assert f"<small>{status}</small>" in page
        assert "{" not in re.sub(r"(?s)<style>.*</style>", "", page)


def test_the_users_pages_are_taken_the_most_exact_first() -> None:
    own = {"504": "late: {{ status }}, 100 % {{request_id}}", "5xx": "broken: {{status}}"}
    made = pages(own)
    assert made == {502: "broken: 502", 504: "late: 504, 100 % unknown"}
    assert made[502] == local_page(502, own)


def test_a_page_changes_the_version_and_the_version_the_keys() -> None:
    first, other = pages({}), pages({"5xx": "broken"})
    assert version(first) == version(dict(reversed(first.items())))
    assert version(first) != version(other)
    assert re.fullmatch(r"[0-9a-f]{16}", version(first))
    assert not objects(first).keys() & objects(other).keys()


def test_the_same_text_under_another_status_is_another_version() -> None:
    assert version({502: "a", 504: "b"}) != version({502: "b", 504: "a"})
    assert version({502: "a\0504\0b"}) != version({502: "a", 504: "c"})


class Bucket:
    """What S3 was given."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], dict[str, Any]] = {}

    def put_object(self, **asked: Any) -> dict[str, Any]:
        self.kept[asked.pop("Bucket"), asked.pop("Key")] = asked
        return {}


def test_they_are_put_where_the_distribution_looks_as_pages_that_never_change() -> None:
    bucket, made = Bucket(), pages({"502": "Grüße"})
    put = upload(bucket, "pages-bucket", objects(made))
    assert set(put) == {key(version(made), status) for status in STATUSES}
    assert {name for name, _ in bucket.kept} == {"pages-bucket"}
    page = bucket.kept["pages-bucket", key(version(made), 502)]
    assert page["Body"].decode() == "Grüße"
    assert page["ContentType"] == "text/html; charset=utf-8"
    assert "immutable" in page["CacheControl"]
