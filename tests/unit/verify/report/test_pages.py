"""Whole pages: what they say of a run, and that nothing that is put in gets out."""

import json
import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests import report_data as data

from evenly.core.facts import Happening
from evenly.verify._outcomes import Latency
from evenly.verify._schedule import Stage
from evenly.verify.drillresult import DrillVerdict, Kind, Moment, SkippedDrill
from evenly.verify.limits import Broken
from evenly.verify.report import drills_html, load_html, verification_html
from evenly.verify.report.headlines import Headline, Tone, of_drills, of_load, of_verification
from evenly.verify.report.index import Entry, index_html
from evenly.verify.results import CheckResult, Evidence, Verdict, Verification

NASTY = st.text() | st.sampled_from(
    ["</script><script>x()</script>", '"onload="x()', "<svg onload=x()>", "<!--", "\ud800"]
)
ALLOWED = frozenset(
    re.findall(
        r"\w+",
        """html head meta title link style body header svg rect circle path line text g desc span b main h1 h2 h3
        section p dl div dt dd small a figure figcaption details summary table caption thead tbody tr th td code time
        ul ol li script""",
    )
)


class Page(HTMLParser):
    """What a parser finds in a page."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        self.close()
        self.source = page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    @property
    def heading(self) -> str:
        found = re.search(r"<h1>.*?<span>(.*?)</span></h1>", self.source)
        assert found
        return unescape(found[1])

    @property
    def data(self) -> Any:
        found = re.search(r'<script type="application/json" id="data">(.*?)</script>', self.source)
        assert found
        return json.loads(found[1])

    def are(self, tag: str, **attributes: str) -> int:
        return sum(name == tag and attributes.items() <= found.items() for name, found in self.tags)


PAGES = {
    "verification": lambda: verification_html(data.verification()),
    "drill": lambda: drills_html(data.drills(data.drill())),
    "drills": lambda: drills_html(data.drills(data.drill(), data.failed_drill())),
    "load": lambda: load_html(data.load_report()),
    "index": lambda: index_html(
        [Entry("load", data.STARTED, "local", Headline(Tone.DONE, "It went."), "x.html")]
    ),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_for_nothing_and_runs_nothing(name: str) -> None:
    page = Page(PAGES[name]())
    assert {tag for tag, _ in page.tags} <= ALLOWED
    for tag, attributes in page.tags:
        assert not {"src", "srcset", "style", "action"} & attributes.keys()
        assert not any(it.startswith("on") for it in attributes)
        assert tag != "script" or attributes["type"] == "application/json"
        assert tag != "link" or (attributes["href"] or "").startswith("data:")
    policy = next(it["content"] for _, it in page.tags if it.get("http-equiv") == "Content-Security-Policy")
    assert policy and policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "url(" not in page.source and "@import" not in page.source


@pytest.mark.parametrize("name", PAGES)
def test_ids_are_unique_and_what_refers_to_them_finds_them(name: str) -> None:
    page = Page(PAGES[name]())
    ids = [it["id"] for _, it in page.tags if "id" in it]
    assert len(ids) == len(set(ids))
    wanted = {word for _, it in page.tags for word in (it.get("aria-labelledby") or "").split()}
    wanted |= {it["href"][1:] for tag, it in page.tags if tag == "a" and (it["href"] or "").startswith("#")}  # type: ignore[index]
    assert wanted <= set(ids)


def test_the_data_in_the_page_is_the_data() -> None:
    result = data.drills(data.failed_drill())
    assert Page(drills_html(result)).data == msgspec.json.decode(msgspec.json.encode(result))


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ("pp", Headline(Tone.PASS, "All 2 checks passed.")),
        ("p", Headline(Tone.PASS, "The check passed.")),
        ("pps", Headline(Tone.PASS, "2 checks passed, 1 skipped.")),
        ("pfs", Headline(Tone.FAIL, "1 of 2 checks failed, 1 skipped.")),
        ("f", Headline(Tone.FAIL, "1 of 1 check failed.")),
        ("s", Headline(Tone.SKIPPED, "No check was made, 1 skipped.")),
        ("", Headline(Tone.SKIPPED, "No check was made.")),
    ],
)
def test_the_headline_of_a_verification(verdicts: str, expected: Headline) -> None:
    kinds = {"p": Verdict.PASS, "f": Verdict.FAIL, "s": Verdict.SKIPPED}
    results = tuple(
        CheckResult(f"a.{at}", "It holds", kinds[it], (), "", 0.1) for at, it in enumerate(verdicts)
    )
    verification = Verification(data.URL, None, None, data.STARTED, 1.0, results)
    assert of_verification(verification) == expected
    assert Page(verification_html(verification)).heading == expected.text


VOID = "The sender was 80 ms late; up to 50 ms counts."


def test_the_headline_of_drills() -> None:
    good, bad = data.drill(), data.failed_drill()
    void = data.drill(verdict=DrillVerdict.VOID, void=VOID)
    left_out = (SkippedDrill(Kind.DATABASE, "This environment has no database."),)
    for results, tone, text in (
        ([good], Tone.PASS, "Drill zone passed: none of 1,040 requests failed, full capacity after 4.21 s."),
        ([bad], Tone.FAIL, "Drill zone failed: 12 of 1040 requests failed; 0 may."),
        ([void], Tone.VOID, f"Drill zone is void: {VOID}"),
        ([good, good], Tone.PASS, "2 drills passed."),
        ([good, bad, void], Tone.FAIL, "1 drill passed, 1 failed and 1 void."),
    ):
        assert of_drills(data.drills(*results)) == Headline(tone, text)
    assert of_drills(data.drills(good, skipped=left_out)) == Headline(
        Tone.PASS, "1 drill passed and 1 skipped."
    )
    assert of_drills(data.drills(skipped=left_out)) == Headline(
        Tone.SKIPPED, "0 drills passed and 1 skipped."
    )
    broken_off = replace(data.drills(good), broken_off="The environment did not settle.")
    assert of_drills(broken_off) == Headline(Tone.VOID, "1 drill passed, and the rest was not begun.")


def test_the_headline_of_a_load() -> None:
    short = (Stage(100.0, 2.0),)
    calm = data.load_report(short, limits=())
    p99 = calm.result.latency.p99_ms
    assert of_load(calm) == Headline(Tone.DONE, f"None of 200 requests failed, p99 {p99:.2f} ms.")
    kept = data.load_report(short, limits=("p99 > 250ms",))
    assert of_load(kept) == Headline(
        Tone.PASS, f"None of 200 requests failed, p99 {p99:.2f} ms; the limit is kept."
    )
    broken = data.load_report(short, broken=(Broken("p99 > 1ms", "6.2 ms"),))
    assert of_load(broken) == Headline(Tone.FAIL, "Failed by p99 > 1ms (it was 6.2 ms).")
    assert of_load(replace(broken, void=VOID)) == Headline(Tone.VOID, f"This load proves nothing: {VOID}")
    lost = data.load_report(short, answer=lambda due_s, _: data.failed(due_s), limits=())
    assert of_load(lost) == Headline(Tone.DONE, "200 of 200 requests failed.")


def test_each_check_is_shown_once_with_its_evidence_and_those_that_failed_first() -> None:
    page = verification_html(data.verification())
    for it in data.verification().results:
        assert page.count(f"<code>{it.id}</code>") == 1
    assert page.index("tls.expiry") < page.index("redirect.https")
    assert "The certificate ends in 2 days; 7 are asked for." in page and "Try: evenly up" in page
    assert "days left: 2" in page and "p value: 0.77" in page


def test_a_drill_with_nothing_in_it_is_a_page_too() -> None:
    nothing = replace(data.load((Stage(1.0, 1.0),), ()), timeline=())
    empty = replace(data.drill(happened=()), load=nothing, full_s=None, detected_s=None)
    page = drills_html(data.drills(empty))
    assert "not seen" in page and "Failed requests: none" in page


def test_a_latency_of_nothing_that_succeeded_is_a_dash() -> None:
    lost = data.load_report((Stage(100.0, 2.0),), answer=lambda due_s, _: data.failed(due_s))
    assert lost.result.latency == Latency()
    page = load_html(lost)
    assert "0.00 ms" not in page
    assert re.findall(r"<dt>(p50|p99|Slowest)</dt><dd>(.*?)</dd>", page) == [
        (it, "\u2013") for it in ("p50", "p99", "Slowest")
    ]


@settings(max_examples=30)
@given(NASTY, NASTY)
def test_no_text_breaks_out_of_a_verification(one: str, other: str) -> None:
    evidence = Evidence(one, other, {one: other})
    result = CheckResult(f"{one}.{other}", other, Verdict.FAIL, (evidence,), one, 0.1, other)
    is_sound(verification_html(Verification(one, other, one, other, 1.0, (result,))))


DRILL, LOAD = data.drill(for_s=2.0), data.load_report((Stage(20.0, 2.0), Stage(20.0, 1.0)))


@settings(max_examples=30)
@given(NASTY, NASTY)
def test_no_text_breaks_out_of_a_drill(one: str, other: str) -> None:
    moments = tuple(Moment(1.0 + at, it.cause, one, other, one) for at, it in enumerate(data.moments()))
    load = replace(DRILL.load, by_zone={one: 3, other: 4}, by_instance={other: 7})
    seconds = tuple(replace(it, by_zone={one: 3}) for it in load.timeline)
    drill = replace(
        DRILL, sentence=one, missed=(other,), moments=moments, load=replace(load, timeline=seconds)
    )
    is_sound(drills_html(replace(data.drills(drill), url=one, environment=other, broken_off=one)))


@settings(max_examples=30)
@given(NASTY, NASTY)
def test_no_text_breaks_out_of_a_load(one: str, other: str) -> None:
    events = (Happening(1, data.STARTED, one, other, one, other),)
    load = replace(LOAD.result, complaints={one: 1, other: 2}, by_instance={one: 3})
    plan = replace(LOAD.plan, url=one, method=other, scenario=one)
    is_sound(
        load_html(
            replace(LOAD, events=events, result=load, plan=plan, limits=(one, other), environment=other)
        )
    )


def is_sound(page: str) -> None:
    assert page.encode()
    seen = Page(page)
    assert {tag for tag, _ in seen.tags} <= ALLOWED
    assert not any(it.startswith("on") or it == "src" for _, attributes in seen.tags for it in attributes)
    assert seen.are("script") == 1 and seen.are("style") == 1
    assert page.count("</html>") == 1
