"""Of the target: its certificates live on for a while."""

from datetime import UTC, datetime, timedelta

from evenly.core.facts import CertificateLife
from evenly.verify.catalogue import FailError, Probe, check
from evenly.verify.results import Evidence

LEAST_SHARE = 1 / 3  # of its life, for one that a person has to renew
# One that the target renews by itself is renewed long before: less than this says that it is not.
OVERDUE_SHARE = 1 / 10
OVERDUE = timedelta(days=7)
DAY = timedelta(days=1)


@check(
    "target.certificates-live",
    "Every certificate has enough of its life left",
    advice="evenly logs supervisor; a certificate of your own (http.certificate) has to be renewed by you",
)
def certificates_live(probe: Probe) -> tuple[Evidence, ...]:
    now = datetime.now(UTC)
    found = [(it, _why(it, now)) for it in probe.needs_target().certificates()]
    bad = [(it, why) for it, why in found if why]
    if bad:
        raise FailError(" ".join(why for _, why in bad), *(_evidence(it, now) for it, _ in bad))
    if not found:
        raise FailError("The target tells of no certificate.")
    return tuple(_evidence(it, now) for it, _ in found)


def _why(life: CertificateLife, now: datetime) -> str | None:
    begins, ends = _times(life)
    if now < begins:
        return f"{_owner(life)} is not valid before {begins:%Y-%m-%d %H:%M} UTC."
    if now >= ends:
        return f"{_owner(life)} has ended on {ends:%Y-%m-%d}."
    least = _least(ends - begins, life.renews)
    if ends - now < least:
        return f"{_owner(life)} ends in {(ends - now) / DAY:.1f} days, less than {least / DAY:.1f}."
    return None


def _owner(life: CertificateLife) -> str:
    return (
        f"The {life.name}'s certificate" if not life.name.startswith("i-") else f"{life.name}'s certificate"
    )


def _least(whole: timedelta, renews: bool) -> timedelta:
    return min(whole * OVERDUE_SHARE, OVERDUE) if renews else whole * LEAST_SHARE


def _evidence(life: CertificateLife, now: datetime) -> Evidence:
    begins, ends = _times(life)
    figures = {"days_left": round((ends - now) / DAY, 1), "days_in_all": round((ends - begins) / DAY, 1)}
    renewed = "the target" if life.renews else "a person"
    return Evidence(f"certificate {life.name}", f"until {life.not_after}, renewed by {renewed}", figures)


def _times(life: CertificateLife) -> tuple[datetime, datetime]:
    return datetime.fromisoformat(life.not_before), datetime.fromisoformat(life.not_after)
