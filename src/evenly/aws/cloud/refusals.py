"""From what botocore raises to an error for a person: expired credentials, a missing permission with the statement that
would allow it, throttling, no way to AWS. Pure; botocore is imported when it has raised.
"""

import json
import re
from typing import Any

from msgspec import Struct

from evenly.errors import EvenlyError, TargetError, UsageError

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})
UNKNOWN = frozenset(
    {
        "AuthFailure",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "MissingAuthenticationToken",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
SKEWED = frozenset({"RequestInTheFuture", "RequestTimeTooSkewed"})
DENIED = frozenset(
    {
        "403",  # of S3, where the answer has no body
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "Client.UnauthorizedOperation",
        "NotAuthorized",
        "UnauthorizedOperation",
    }
)
THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottledException",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
NO_REGION = frozenset({"OptInRequired", "SubscriptionRequiredException"})

# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
_SAID = re.compile(
    r"(?:User: (?P<who>\S+) is )?not authorized to perform: (?P<action>[\w-]+:\w+)"
    r"(?: on resource: (?P<resource>\S+))?(?P<why>[^.\n]*)"
)
_CALLED = re.compile(r"API: (?P<action>[\w-]+:\w+)")


class Denial(Struct, frozen=True):
    """A permission that is missing. `resource`: `None` where AWS did not say which. `by`: what forbids it, or has to
    allow it too, when it is more than a policy of the identity's own."""

    action: str
    resource: str | None
    who: str | None
    by: str | None = None

    @property
    def statement(self) -> str:
        """That would allow it, as JSON on one line."""
        return json.dumps({"Effect": "Allow", "Action": self.action, "Resource": self.resource or "*"})


def denial(message: str, asked: str | None = None) -> Denial | None:
    """The permission that a message says is missing, or `None`. `asked`: the action that was, as `service:Action`, for
    a message that names none."""
    said = _SAID.search(message)
    if said:
        resource = (said["resource"] or "").strip("\"'.,;()") or None
        return Denial(said["action"], resource, said["who"], _by(said["why"]))
    called = _CALLED.search(message)
    if called and _is_about_access(message):
        return Denial(called["action"], None, None)
    return Denial(asked, None, None) if asked and _is_about_access(message) else None


def _is_about_access(message: str) -> bool:
    return any(
        it in message.lower() for it in ("accessdenied", "access denied", "not authorized", "unauthorized")
    )


_OTHERS = (
    ("service control policy", "a service control policy of the organisation"),
    ("resource control policy", "a resource control policy of the organisation"),
    ("permissions boundary", "the permissions boundary"),
    ("session policy", "the session's policy"),
    ("VPC endpoint policy", "the policy of the VPC endpoint"),
    ("resource-based policy", "the resource's own policy"),
)


def _by(why: str) -> str | None:
    named = next((ours for theirs, ours in _OTHERS if theirs in why), None)
    if "explicit deny" in why:
        return f"{named or 'a policy'} forbids it, which no other policy outdoes"
    return f"{named} has to allow it too" if named and "because no" in why else None


class DeniedError(TargetError):
    """A permission is missing: what to try is the statement that would allow it."""


def denied(found: Denial, where: str | None = None) -> DeniedError:
    who = f"{found.who} may not" if found.who else "you may not"
    on = f" on {found.resource}" if found.resource else ""
    by = f": {found.by}" if found.by else ""
    return DeniedError(
        f"{who} {found.action}{on}{by}.", where=where, try_=f"Have this allowed: {found.statement}"
    )


def refusal(error: Exception, where: str, profile: str | None = None) -> EvenlyError | None:
    """`error`, of botocore, as one of ours, `None` for what is none of these. `where`: service and region."""
    from botocore import exceptions as theirs

    match error:
        case theirs.ClientError():
            return _of_answer(error, where, profile)
        case theirs.NoCredentialsError() | theirs.PartialCredentialsError():
            return UsageError(
                "no AWS credentials were found.", where=where, try_=_SIGN_IN.format(_login(profile))
            )
        case theirs.ProfileNotFound():
            return UsageError(
                f"there is no profile {profile}.", where="--profile", try_="aws configure list-profiles"
            )
        case theirs.ConfigParseError() | theirs.InvalidConfigError() | theirs.InfiniteLoopConfigError():
            what = f"the configuration of AWS can't be used: {_line(error)}"
            return UsageError(
                what, where=where, try_="Look at ~/.aws/config, or AWS_CONFIG_FILE if it is set."
            )
        case theirs.TokenRetrievalError() | theirs.SSOError() | theirs.UnauthorizedSSOTokenError():
            return _expired(where, profile)
        case theirs.CredentialRetrievalError():
            return TargetError(
                f"the credentials could not be had: {_line(error)}", where=where, try_=_login(profile)
            )
        case theirs.ConnectionError() | theirs.HTTPClientError():
            return TargetError(f"AWS could not be reached: {_line(error)}", where=where, try_=_NETWORK)
        case _:
            return None


_SIGN_IN = "Sign in ({}), or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
_NETWORK = "Look at the network, the region, and AWS_ENDPOINT_URL if it is set; then run it again."


def _of_answer(error: Any, where: str, profile: str | None) -> EvenlyError:
    said = error.response.get("Error", {})
    code, message = str(said.get("Code", "")), str(said.get("Message", ""))
    if code in EXPIRED:
        return _expired(where, profile)
    if code in UNKNOWN:
        what = f"AWS does not know these credentials ({code})."
        return TargetError(what, where=where, try_=_SIGN_IN.format(_login(profile)))
    if code in SKEWED:
        return TargetError(
            "this machine's clock is wrong, so AWS refuses.", where=where, try_="Set the clock."
        )
    if code in THROTTLED:
        what = "AWS asked to slow down, again and again."
        return TargetError(what, where=where, try_="Run it again in a minute: it goes on where it is.")
    if code in NO_REGION:
        return TargetError(
            "this region is not on for the account.", where=where, try_="Turn it on, or choose another."
        )
    missing = denial(message)
    if code in DENIED and missing is None:
        missing = Denial(_action(error, where), None, None)
    if missing:
        return denied(missing, where)
    if not message:
        return TargetError(f"AWS refused {error.operation_name}, without a word ({code}).", where=where)
    return TargetError(f"{message} ({code})", where=where, try_=_LOOK)


_LOOK = "Look at the message; it is AWS's own."


def _expired(where: str, profile: str | None) -> TargetError:
    return TargetError(
        "the AWS credentials have expired.", where=where, try_=f"Sign in again: {_login(profile)}"
    )


def _login(profile: str | None) -> str:
    return f"aws sso login --profile {profile}" if profile else "aws sso login"


# What IAM calls otherwise than boto3 does, of services and operations.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
_SERVICES = {"elbv2": "elasticloadbalancing", "service-quotas": "servicequotas", "stepfunctions": "states"}
_OPERATIONS = {
    "DeleteObjects": "DeleteObject",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListObjectVersions": "ListBucketVersions",
}


def _action(error: Any, where: str) -> str:
    """`cloudformation:CreateChangeSet`: the operation under the name that IAM gives it."""
    service, operation = where.split()[0], error.operation_name
    return f"{_SERVICES.get(service, service)}:{_OPERATIONS.get(operation, operation)}"


def _line(error: Exception) -> str:
    return f"{str(error).splitlines()[0].rstrip('.: ')}." if str(error) else "no reason was given."
