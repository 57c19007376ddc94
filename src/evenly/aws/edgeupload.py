"""Puts the error pages into their bucket. Talks to S3, by a client that is passed in."""

from collections.abc import Mapping
from typing import Any, Protocol

CONTENT_TYPE = "text/html; charset=utf-8"
CACHE_CONTROL = "public, max-age=31536000, immutable"  # a key is never written with another content


class Objects(Protocol):
    """What is used of boto3's client of S3."""

    def put_object(self, **asked: Any) -> Any: ...


def upload(client: Objects, bucket: str, made: Mapping[str, bytes]) -> tuple[str, ...]:
    """Puts each of `made` (key to content) into `bucket`, again where it is there already; the keys, in their order."""
    for key, content in sorted(made.items()):
        client.put_object(
            Bucket=bucket, Key=key, Body=content, ContentType=CONTENT_TYPE, CacheControl=CACHE_CONTROL
        )
    return tuple(sorted(made))
