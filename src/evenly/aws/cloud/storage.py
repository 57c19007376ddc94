"""The bucket of artifacts: templates that are too long to be sent, and assets, each under a key that names its
content."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from evenly.aws.cloud.session import Asked
from evenly.errors import TargetError

# Bytes of a template in a request: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
SENT_MOST = 51_200


class Storage:
    """`asked`: a client of S3."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    def put_new(self, bucket: str, key: str, content: bytes) -> bool:
        """Puts it there unless it is; whether it had to."""
        if self._is_there(bucket, key):
            return False
        self._asked.call("put_object", Bucket=bucket, Key=key, Body=content, ChecksumAlgorithm="SHA256")
        return True

    def url(self, bucket: str, key: str) -> str:
        """As CloudFormation takes it: with the bucket in the name, but for an endpoint that is not S3's own."""
        place = urlsplit(self._asked.endpoint)
        if (place.hostname or "").startswith("s3."):
            return f"{place.scheme}://{bucket}.{place.netloc}/{key}"
        return f"{self._asked.endpoint.rstrip('/')}/{bucket}/{key}"

    def _is_there(self, bucket: str, key: str) -> bool:
        return (
            self._asked.unless(("404", "NoSuchKey", "NotFound"), "head_object", Bucket=bucket, Key=key)
            is not None
        )

    def empty(self, bucket: str) -> int:
        """Deletes every version of everything in it; how many there were. Raises TargetError for one that stays."""
        gone = 0
        while True:
            page = self._asked.call("list_object_versions", Bucket=bucket)
            named = [
                {"Key": it["Key"], "VersionId": it["VersionId"]}
                for it in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
            ]
            if not named:
                return gone
            said = self._asked.call("delete_objects", Bucket=bucket, Delete={"Objects": named, "Quiet": True})
            _check_deleted(bucket, said.get("Errors") or ())
            gone += len(named)


def _check_deleted(bucket: str, errors: Sequence[Mapping[str, Any]]) -> None:
    if errors:
        first = errors[0]
        what = f"{first.get('Key')} can't be deleted: {first.get('Message') or first.get('Code')}."
        raise TargetError(what, where=bucket, try_="Look at the bucket's locks and policies.")
