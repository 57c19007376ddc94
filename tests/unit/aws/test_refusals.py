"""Every way in which AWS refuses, as a person is told. botocore's own Stubber answers as AWS does."""

import json
from typing import Any

import pytest
from botocore import exceptions as theirs
from botocore.stub import Stubber
from tests.unit.aws.stubbing import WHERE, client, stubbed
from tests.unit.aws.world import ACCOUNT, REGION, FakeAws, FakeIdentity

from evenly.aws.cloud.formation import Formation
from evenly.aws.cloud.refusals import denial, refusal
from evenly.aws.cloud.session import Asked, Session
from evenly.errors import EvenlyError, ExitCode, TargetError, UsageError


def told(code: str, message: str = "", profile: str | None = None) -> EvenlyError:
    with stubbed(profile) as (formation, stub):
        stub.add_client_error("describe_stacks", code, message, expected_params={"StackName": "x"})
        with pytest.raises(EvenlyError) as caught:
            formation.stack("x")
    return caught.value


@pytest.mark.parametrize("code", ["ExpiredToken", "ExpiredTokenException", "RequestExpired"])
@pytest.mark.parametrize(
    ("profile", "try_"), [(None, "aws sso login"), ("work", "aws sso login --profile work")]
)
def test_credentials_that_have_expired(code: str, profile: str | None, try_: str) -> None:
    error = told(code, "The security token included in the request is expired", profile)
    assert isinstance(error, TargetError)
    assert (error.where, error.what) == (WHERE, "the AWS credentials have expired.")
    assert str(error.try_).endswith(try_)


@pytest.mark.parametrize(
    "code", ["InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch"]
)
def test_credentials_that_aws_does_not_know(code: str) -> None:
    assert "does not know these credentials" in told(code).what


@pytest.mark.parametrize("code", ["Throttling", "ThrottlingException", "RequestLimitExceeded"])
def test_throttling_that_does_not_end(code: str) -> None:
    error = told(code, "Rate exceeded")
    assert "slow down" in error.what
    assert "goes on where it is" in str(error.try_)
    assert error.exit_code is ExitCode.REFUSED


def test_a_clock_that_is_wrong() -> None:
    assert "clock" in told("RequestTimeTooSkewed").what


DENIED = (
    "User: arn:aws:sts::123456789012:assumed-role/Dev/ann is not authorized to perform: "
    "cloudformation:CreateChangeSet on resource: arn:aws:cloudformation:eu-west-1:123456789012:stack/shop/*"
)


def test_a_missing_permission_says_which_on_what_and_what_would_allow_it() -> None:
    error = told(
        "AccessDenied",
        f"{DENIED} because no identity-based policy allows the cloudformation:CreateChangeSet action",
    )
    assert error.what == (
        "arn:aws:sts::123456789012:assumed-role/Dev/ann may not cloudformation:CreateChangeSet on "
        "arn:aws:cloudformation:eu-west-1:123456789012:stack/shop/*."
    )
    assert json.loads(str(error.try_).partition(": ")[2]) == {
        "Effect": "Allow",
        "Action": "cloudformation:CreateChangeSet",
        "Resource": "arn:aws:cloudformation:eu-west-1:123456789012:stack/shop/*",
    }


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (
            "with an explicit deny in a service control policy",
            "a service control policy of the organisation forbids it",
        ),
        (
            "with an explicit deny in an identity-based policy",
            "a policy forbids it, which no other policy outdoes",
        ),
        (
            "because no permissions boundary allows the x action",
            "the permissions boundary has to allow it too",
        ),
        (
            "because no service control policy allows the x action",
            "a service control policy of the organisation has to",
        ),
        ("because no identity-based policy allows the x action", None),
    ],
)
def test_what_stands_in_the_way_is_said_where_a_statement_is_not_enough(why: str, said: str | None) -> None:
    what = told("AccessDenied", f"{DENIED} {why}").what
    assert (said in what) if said else what.endswith("stack/shop/*.")


def test_a_refusal_without_words_names_what_was_asked() -> None:
    error = told("AccessDenied", "Access Denied")
    assert '"cloudformation:DescribeStacks"' in str(error.try_)


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "action"),
    [
        ("s3", "head_object", {"Bucket": "bucket", "Key": "a"}, "s3:GetObject"),
        ("s3", "list_object_versions", {"Bucket": "bucket"}, "s3:ListBucketVersions"),
        ("service-quotas", "list_service_quotas", {"ServiceCode": "vpc"}, "servicequotas:ListServiceQuotas"),
        ("elbv2", "describe_load_balancers", {}, "elasticloadbalancing:DescribeLoadBalancers"),
        ("ec2", "describe_vpcs", {}, "ec2:DescribeVpcs"),
    ],
)
@pytest.mark.parametrize(
    ("code", "message"),
    [("403", "Forbidden"), ("AccessDenied", ""), ("UnauthorizedOperation", "You may not.")],
)
def test_a_refusal_names_the_action_as_iam_does(
    service: str, operation: str, arguments: dict[str, Any], action: str, code: str, message: str
) -> None:
    boto = client(service)
    with Stubber(boto) as stub:
        stub.add_client_error(operation, code, message)
        with pytest.raises(TargetError) as caught:
            Asked(boto, f"{service} in eu-west-1").call(operation, **arguments)
    assert caught.value.what == f"you may not {action}."
    assert f'"Action": "{action}"' in str(caught.value.try_)


def test_an_answer_without_a_word_is_said_to_be_that() -> None:
    assert told("SomethingElse").what == "AWS refused DescribeStacks, without a word (SomethingElse)."


@pytest.mark.parametrize("url", ["nowhere", "http://"])
def test_an_endpoint_that_is_no_url_is_a_wrong_use(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    with pytest.raises(UsageError) as caught:
        Session().client("sts", REGION)
    assert caught.value.where == "AWS_ENDPOINT_URL"


@pytest.mark.parametrize(
    ("reason", "action", "resource"),
    [
        (
            'Resource handler returned message: "User: arn:aws:iam::1:user/a is not authorized to perform: '
            'kms:CreateKey on resource: * because no identity-based policy allows it (Service: Kms, Status Code: 400)"',
            "kms:CreateKey",
            "*",
        ),
        ("API: s3:CreateBucket Access Denied", "s3:CreateBucket", None),
        ("API: ec2:CreateVpc You are not authorized to perform this operation.", "ec2:CreateVpc", None),
        (
            "User: u is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/r because no",
            "iam:PassRole",
            "arn:aws:iam::1:role/r",
        ),
        ("The bucket you tried to delete is not empty", None, None),
        ("API: s3:CreateBucket The bucket exists", None, None),
    ],
)
def test_the_same_is_read_in_the_reason_of_an_event(
    reason: str, action: str | None, resource: str | None
) -> None:
    found = denial(reason)
    assert (found.action, found.resource) == (action, resource) if found else action is None


def test_anything_else_is_told_in_awss_own_words() -> None:
    error = told("ValidationError", "Parameters: [Image] must have values")
    assert error.what == "Parameters: [Image] must have values (ValidationError)"


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (theirs.NoCredentialsError(), UsageError, "no AWS credentials were found"),
        (theirs.PartialCredentialsError(provider="env", cred_var="x"), UsageError, "no AWS credentials"),
        (theirs.ProfileNotFound(profile="work"), UsageError, "there is no profile work"),
        (theirs.ConfigParseError(path="~/.aws/config"), UsageError, "the configuration of AWS can't be used"),
        (
            theirs.InvalidConfigError(error_msg="no source profile"),
            UsageError,
            "can't be used: no source profile.",
        ),
        (theirs.UnauthorizedSSOTokenError(), TargetError, "have expired"),
        (theirs.SSOTokenLoadError(error_msg="x"), TargetError, "have expired"),
        (theirs.TokenRetrievalError(provider="sso", error_msg="x"), TargetError, "have expired"),
        (theirs.CredentialRetrievalError(provider="p", error_msg="x"), TargetError, "could not be had"),
        (
            theirs.EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
            TargetError,
            "could not be reached",
        ),
        (theirs.ConnectTimeoutError(endpoint_url="http://127.0.0.1:1"), TargetError, "could not be reached"),
        (theirs.ReadTimeoutError(endpoint_url="http://127.0.0.1:1"), TargetError, "could not be reached"),
        (theirs.SSLError(endpoint_url="http://127.0.0.1:1", error="x"), TargetError, "could not be reached"),
    ],
)
def test_what_fails_before_aws_can_answer(error: Exception, kind: type[EvenlyError], said: str) -> None:
    found = refusal(error, WHERE, "work")
    assert type(found) is kind
    assert said in found.what


def test_a_defect_of_ours_stays_one() -> None:
    assert refusal(theirs.ParamValidationError(report="x"), WHERE) is None
    with pytest.raises(theirs.ParamValidationError):
        Formation(Asked(client(), WHERE)).stack(1)  # type: ignore[arg-type]


def test_a_profile_that_is_not_there_is_refused_by_its_name() -> None:
    with pytest.raises(UsageError, match="there is no profile no-such-profile"):
        Session("no-such-profile").client("sts", REGION)


def test_the_wrong_account_is_a_wrong_use() -> None:
    aws = FakeAws()
    aws.identity = FakeIdentity("999999999999")
    with pytest.raises(UsageError) as caught:
        aws.cloud.checked_identity(ACCOUNT, "staging")
    assert caught.value.exit_code is ExitCode.USAGE
    assert aws.cloud.checked_identity(None, "staging").account == "999999999999"
