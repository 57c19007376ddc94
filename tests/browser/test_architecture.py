"""The picture of an environment as a browser draws it: every word lies within its box, and none over another."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from scripts.architecture import IMAGES
from tests.aws_topologies import topology

from evenly.aws.topology import AwsTopology
from evenly.cli.architecture.picture import drawn
from evenly.manifest.types import Compute, Count, Edge, Http, Job, Network, Observability, Worker

LONG = f"{'w' * 30}.{'o' * 30}.example.com"
ENVIRONMENTS = {
    "small": topology(database=None),
    "internal": topology(
        http=Http(alias="shop.example.com"), network=Network(internal=True), edge=Edge(firewall=True)
    ),
    "six zones": topology(
        zones=6, count=Count(minimum=200, maximum=200), http=Http(alias="shop.example.com")
    ),
    "fargate": topology(
        compute=Compute(type="fargate"), edge=Edge(default_domain=True), network=Network(egress="endpoints")
    ),
    "long words": topology(
        http=Http(alias=LONG),
        network=Network(egress="nat-per-zone", cidr="192.168.0.0/16"),
        compute=Compute(instance="u7in-32tb.224xlarge"),
        edge=Edge(firewall=True),
        workers={"w" * 40: Worker(command=("true",), count=3)},
        jobs={
            "j" * 40: Job(command=("true",), schedule="@daily"),
            "k" * 40: Job(command=("true",), schedule="@daily"),
        },
        observability=Observability(
            alarms=f"{'a' * 60}@{LONG}", budget=1000000, retention=3653, tracing=True
        ),
    ),
}
# Of each text, what it stands in: the frame or the box of its group, else the whole picture.
MEASURED = """
() => [...document.querySelectorAll('text')].map(it => {
  const own = it.getBoundingClientRect()
  const rect = it.parentElement.querySelector(':scope > rect') || document.querySelector('svg')
  const room = rect.getBoundingClientRect()
  return {said: it.textContent, place: [own.left, own.top, own.right, own.bottom],
          room: [room.left, room.top, room.right, room.bottom]}
})
"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page()
    yield opened
    opened.close()


@pytest.mark.parametrize("environment", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_every_word_lies_within_its_box_and_none_over_another(page: Page, environment: AwsTopology) -> None:
    page.set_content(drawn(environment))
    texts = page.evaluate(MEASURED)
    assert len(texts) > 20
    for it in texts:
        left, top, right, bottom = it["place"]
        assert it["room"][0] <= left and right <= it["room"][2], it
        assert it["room"][1] <= top and bottom <= it["room"][3], it
    for number, one in enumerate(texts):
        for other in texts[number + 1 :]:
            assert not over(one["place"], other["place"]), (one["said"], other["said"])


def over(one: list[float], other: list[float]) -> bool:
    """By more than the lines' own spacing."""
    return (
        min(one[2], other[2]) - max(one[0], other[0]) > 0.5
        and min(one[3], other[3]) - max(one[1], other[1]) > 2.5
    )


@pytest.mark.parametrize("file", sorted(IMAGES.glob("architecture*.svg")), ids=lambda it: it.name)
@pytest.mark.parametrize(("scheme", "paper"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(21, 21, 19)")])
def test_it_is_drawn_for_day_and_night(browser: Browser, file, scheme: str, paper: str) -> None:
    page = browser.new_page(color_scheme=scheme)
    page.goto(file.as_uri())
    assert page.evaluate("getComputedStyle(document.querySelector('.paper')).fill") == paper
    page.close()
