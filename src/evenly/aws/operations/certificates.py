"""The balancer's own certificate, where there is no domain that AWS could issue one for: made here, imported into ACM,
its key nowhere else. One of the two things that Evenly does to AWS without a change set.
"""

from datetime import UTC, datetime, timedelta

from evenly.aws.operations.clock import Clock
from evenly.aws.operations.cloud import Cloud
from evenly.aws.operations.lookups import certificate_of
from evenly.aws.selfsigned import new_pair
from evenly.aws.topology import AwsTopology

RENEWED_BEFORE = timedelta(days=30)


def certificate(cloud: Cloud, topology: AwsTopology, tags: dict[str, str], clock: Clock) -> str:
    """The ARN of the one that is there, or of a new one. One that ends soon is renewed, under the same ARN."""
    asked = cloud.session.client("acm", topology.region)
    now = datetime.fromtimestamp(clock.now(), UTC)
    known = certificate_of(cloud, topology)
    if known is not None:
        ends = asked.call("describe_certificate", CertificateArn=known)["Certificate"]["NotAfter"]
        if ends - now > RENEWED_BEFORE:
            return known
    chain, key = new_pair(f"{topology.names.prefix}.internal", now)
    said = asked.call(
        "import_certificate",
        CertificateArn=known,
        Certificate=chain,
        PrivateKey=key,
        Tags=None if known else [{"Key": name, "Value": it} for name, it in tags.items()],
    )
    return str(said["CertificateArn"])


def shown_certificate(cloud: Cloud, topology: AwsTopology) -> str | None:
    """The certificate that the balancer shows where it is of our making, in PEM: whoever verifies it has to be told
    it. `None` where there is none."""
    known = certificate_of(cloud, topology)
    if known is None:
        return None
    said = cloud.session.client("acm", topology.region).call("get_certificate", CertificateArn=known)
    return str(said["Certificate"])
