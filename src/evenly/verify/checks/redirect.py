"""HTTP leads to HTTPS, to the same place, and nowhere else."""

from urllib.parse import urljoin, urlsplit

from evenly.verify.catalogue import FailError, Probe, SkipError, check
from evenly.verify.client import Answer, Service
from evenly.verify.results import Evidence

TARGET = "/a/b.html?x=1&y=%2F%20z&empty="
ELSEWHERE = "evil.example"
# What has been read as another host by some server, proxy or browser.
HOSTILE_TARGETS = (
    f"//{ELSEWHERE}/",
    f"///{ELSEWHERE}/",
    f"/\\{ELSEWHERE}/",
    f"\\\\{ELSEWHERE}/",
    f"/%5c{ELSEWHERE}/",
    f"/%2f{ELSEWHERE}/",
    f"/%09/{ELSEWHERE}/",
    f"/..//{ELSEWHERE}/",
    f"@{ELSEWHERE}/",
    f".{ELSEWHERE}/",
    f"https:{ELSEWHERE}/",
    f"http://{ELSEWHERE}/",
    f"/%0d%0alocation:%20https://{ELSEWHERE}/",
)
FORWARDING = ("x-forwarded-host", "x-host", "x-original-host", "forwarded")


@check(
    "redirect.kept",
    "HTTP is redirected to HTTPS for good, with path and query",
    advice="Set http.redirect_to_https to true, or see that nothing else listens on the HTTP port.",
)
def keeps_path_and_query(probe: Probe) -> Evidence:
    service = _with_plain(probe)
    answer = service.request("GET", TARGET, plain=True)
    if answer.status not in (301, 308):
        raise FailError(f"HTTP is answered with {answer.status}, not with 301 or 308.", answer.evidence)
    wanted = service.place.origin + TARGET
    found = answer.header("location") or ""
    if _without_default_port(found) != wanted:
        raise FailError(f"It leads to {found or 'nowhere'}, not to {wanted}.", answer.evidence)
    return answer.evidence


@check("redirect.safe", "The redirect leads nowhere else, whatever a path or a header says")
def leads_nowhere_else(probe: Probe) -> Evidence:
    service = _with_plain(probe)
    forwarded = {name: f"host={ELSEWHERE}" if name == "forwarded" else ELSEWHERE for name in FORWARDING}
    answers = [service.request("GET", target, plain=True) for target in HOSTILE_TARGETS]
    answers.append(service.request("GET", "/", forwarded, plain=True))
    return _all_stay(answers, service)


@check("redirect.hosts", "No other host's name is taken for this service's")
def knows_its_host(probe: Probe) -> Evidence:
    service = _with_plain(probe)
    own = service.place.host
    hosts = (
        ELSEWHERE,
        f"{own}@{ELSEWHERE}",
        f"{own}:1@{ELSEWHERE}",
        f"{own}.{ELSEWHERE}",
        f"{ELSEWHERE}#{own}",
    )
    answers = [service.request("GET", "/", {"host": host}, plain=True) for host in hosts]
    return _all_stay(answers, service)


def _with_plain(probe: Probe) -> Service:
    if probe.service.plain_place is None:
        raise SkipError("Where it answers by HTTP is not known.")
    return probe.service


def _all_stay(answers: list[Answer], service: Service) -> Evidence:
    """Raises FailError for the first that leads elsewhere, or is no answer to a client's mistake."""
    for answer in answers:
        if answer.status >= 500:
            raise FailError(f"It is answered with {answer.status}.", answer.evidence)
        for location in answer.all("location"):
            if _host(location, service) != service.place.host:
                raise FailError("The answer leads elsewhere.", answer.evidence)
    refused = sum(400 <= answer.status < 500 for answer in answers)
    kept = sum(answer.is_redirect for answer in answers)
    return Evidence(
        f"{len(answers)} requests, such as {answers[0].asked}",
        f"{refused} refused, {kept} kept on {service.place.host}",
        {"asked": len(answers), "refused": refused, "kept": kept},
    )


def _host(location: str, service: Service) -> str | None:
    """Where a browser would go: it takes a backslash for a slash, and reads no tabs or line ends (WHATWG URL)."""
    read = location.strip().replace("\\", "/").replace("\t", "").replace("\n", "").replace("\r", "")
    try:
        return urlsplit(urljoin(service.place.origin + "/", read)).hostname
    except ValueError:
        return None


def _without_default_port(location: str) -> str:
    found = urlsplit(location)
    host = found.netloc.removesuffix(":443") if found.scheme == "https" else found.netloc
    return location.replace(found.netloc, host, 1)
