"""From what is needed and what there is, to which quotas are short, and in which words that is told. Pure."""

from collections.abc import Mapping

from msgspec import Struct

from evenly.aws.preflight.counting import Need

SUPPORT = "https://console.aws.amazon.com/support/home#/case/create?issueType=service-limit-increase"


class Use(Struct, frozen=True):
    """How much of a quota is in use. `most`: where it differs by what is not known yet: a zone, say. `limit`: where the
    service tells its quota itself."""

    used: float
    most: float | None = None
    limit: float | None = None


class Shortage(Struct, frozen=True):
    """A quota without enough room. `used`: of `limit`. `ifs`: on what it depends that this is so."""

    need: Need
    used: float
    limit: float
    wanted: float
    ifs: tuple[str, ...] = ()

    @property
    def is_certain(self) -> bool:
        """What is to be made will fail; otherwise it may."""
        return not self.ifs

    @property
    def over(self) -> float:
        return self.used + self.wanted - self.limit


GROWS = "when it scales to its most"
BY_ZONE = "in one of the zones"
BY_DEFAULT = "if the account has the default quota, for AWS does not tell another"


def shortage(need: Need, use: Use, applied: float | None) -> Shortage | None:
    """`applied`: the account's own quota, as Service Quotas tells it; `None`: it tells none, and the default is taken,
    by which nothing is certain."""
    told = use.limit if use.limit is not None else applied
    limit = need.quota.default if told is None else told
    by_default = () if told is not None else (BY_DEFAULT,)
    if use.used + need.count > limit:
        return Shortage(need, use.used, limit, need.count, by_default)
    if use.most is not None and use.most + need.count > limit:
        return Shortage(need, use.most, limit, need.count, (BY_ZONE, *by_default))
    if use.used + need.most > limit:
        return Shortage(need, use.used, limit, need.most, (GROWS, *by_default))
    return None


def told(it: Shortage, profile: str | None) -> str:
    """As sentences: how much too little, and what raises it."""
    quota = it.need.quota
    place = "" if quota.everywhere else f" in {it.need.region}"
    is_one = it.wanted == 1
    how = ("is" if is_one else "are") if it.is_certain else "may be"
    ifs = "".join(f", {each}" for each in it.ifs)
    return (
        f"{quota.name}{place}: {_number(it.used)} of {_number(it.limit)} {'is' if it.used == 1 else 'are'} in use, and "
        f"{_number(it.wanted)} more {how} needed{ifs}: {_number(it.over)} too many. {raising(it, profile)}"
    )


def raising(it: Shortage, profile: str | None) -> str:
    quota = it.need.quota
    code = quota.raised_by or quota.code
    if code is None:
        return f"Service Quotas does not have it; ask for more: {SUPPORT}"
    words = [
        "aws service-quotas request-service-quota-increase",
        f"--service-code {quota.service} --quota-code {code}",
        f"--desired-value {_number(it.used + it.wanted)} --region {it.need.region}",
        *([f"--profile {profile}"] if profile else []),
    ]
    return f"Free some, or ask for more: {' '.join(words)}"


def _number(value: float) -> str:
    return f"{value:.10g}"


def shortages(
    needs: tuple[Need, ...], uses: Mapping[Need, Use], limits: Mapping[Need, float]
) -> tuple[Shortage, ...]:
    """Of those whose use is known."""
    found = (shortage(it, uses[it], limits.get(it)) for it in needs if it in uses)
    return tuple(it for it in found if it is not None)
