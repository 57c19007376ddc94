"""The alarm of a certificate that is about to end. Pure."""

from typing import Any

from evenly.aws.stacks.alarms import DAY, Alarm, Metric

# By then ACM has renewed its own (it begins 60 days before the end, or 45 for those of half a year), and a deploy of
# Evenly's renews what it has imported. https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html
LEAST_DAYS = 30


def certificate_alarm(purpose: str, arn: Any, shown: str, *, issued: bool) -> Alarm:
    """`shown`: who shows it to whom. `issued`: by ACM, which renews it; else it was imported.
    https://docs.aws.amazon.com/acm/latest/userguide/cloudwatch-metrics.html"""
    renewed = (
        "ACM renews it by itself while the record that validates it is in the alias's zone: see in ACM why it did not, "
        "and put the record back."
        if issued
        else "run `evenly deploy`, which renews it in place."
    )
    return Alarm(
        title="CertificateEnds",
        purpose=purpose,
        says=f"The certificate that {shown} is good for less than {LEAST_DAYS} days.",
        to_do=renewed,
        metrics={
            "days": Metric("AWS/CertificateManager", "DaysToExpiry", (("CertificateArn", arn),), "Minimum")
        },
        over="<",
        threshold=LEAST_DAYS,
        periods=1,
        of=1,
        missing="ignore",
        period=DAY,
    )
