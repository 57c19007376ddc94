"""The user's error pages: in place of what the balancer says itself and of an app's bare errors, of nothing else."""

import json
from urllib.parse import quote

import pytest
from msgspec.structs import replace

from evenly.manifest.errorpages import LARGEST_PAGE_BYTES

OWN_404 = (
    "<!doctype html><meta charset=utf-8><title>Lost</title><p style='width:100%'>Lost: 100 % \\ \"that\" é"
)
OWN_4XX = "<!doctype html><p>Yours: {{ status }}, reference {{request_id}}."
OWN_503 = "<!doctype html><title>Back soon</title>50 % of this page is long.".ljust(LARGEST_PAGE_BYTES)
PAGES = {"404": OWN_404, "4xx": OWN_4XX, "503": OWN_503}
BROWSER = {
    "Accept-Encoding": "identity",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
}
FETCH = {"Accept": "application/json, text/plain, */*"}
CURL = {"Accept": "*/*"}

TEXT = "content-type: text/plain; charset=utf-8\r\n"
HTML = "content-type: text/html; charset=utf-8\r\n"
JSON = "content-type: application/json\r\n"
DJANGO = "<!doctype html>\n<html lang='en'><head><title>Not Found</title></head><body><h1>Not Found</h1></body></html>"
RICH = "<!doctype html><html><body>" + "<p>Please correct the form.</p>" * 60


OWN = "the user's page"
APP = "the app's own answer"
PROBLEM = "problem JSON"

# status, the app's headers, its body, who asks, what comes
CASES = {
    "bare text": (404, TEXT, "Not Found", BROWSER, OWN),
    "no body": (404, "", "", BROWSER, OWN),
    "no type": (404, "", "nope", BROWSER, OWN),
    "a framework's page": (404, HTML, DJANGO, BROWSER, OWN),
    "of a class": (418, TEXT, "teapot", BROWSER, OWN),
    "the balancer's, said by an app": (503, TEXT, "maintenance", BROWSER, OWN),
    "a rich page": (422, HTML, RICH, BROWSER, APP),
    "a long text": (404, TEXT, "word " * 300, BROWSER, APP),
    "JSON": (404, JSON, '{"detail":"Not Found"}', BROWSER, APP),
    "a picture": (404, "content-type: image/png\r\n", "png", BROWSER, APP),
    "a status without a page": (500, TEXT, "oh", BROWSER, APP),
    "no error": (200, TEXT, "fine", BROWSER, APP),
    "kept": (404, TEXT + "x-evenly-error-page: keep\r\n", "really", BROWSER, APP),
    "replaced": (422, HTML + "x-evenly-error-page: replace\r\n", RICH, BROWSER, OWN),
    "replaced JSON": (404, JSON + "x-evenly-error-page: replace\r\n", "{}", BROWSER, OWN),
    "replaced, for a program": (404, JSON + "x-evenly-error-page: replace\r\n", "{}", FETCH, APP),
    "a program gets the text": (404, TEXT, "no such order", FETCH, APP),
    "a program gets no HTML": (404, HTML, DJANGO, FETCH, PROBLEM),
    "a program gets no nothing": (404, "", "", FETCH, PROBLEM),
    "who does not say gets the app's": (404, HTML, DJANGO, CURL, APP),
    "compressed": (404, HTML + "content-encoding: gzip\r\netag: x\r\n", "gz", BROWSER, OWN),
}


def says(world, status: int, headers: str, body: str) -> str:
    return f"{world.url}/says?{quote(json.dumps([status, headers, body]))}"


def filled(text: str, answer) -> str:
    reference = answer.text.partition("reference ")[2].partition(".")[0]
    return text.replace("{{ status }}", str(answer.status)).replace("{{request_id}}", reference)


def own_page(status: int) -> str:
    return PAGES.get(str(status), OWN_4XX)


@pytest.fixture
def world(world):
    world.settings = replace(world.settings, error_pages=PAGES)
    return world


async def test_an_apps_bare_error_becomes_the_users_page_and_nothing_else_does(world, client):
    instance = await world.instance(1)
    await world.start_balancer([instance.endpoint])
    await world.until_healthy(instance)
    for name, (status, headers, body, asking, expected) in CASES.items():
        answer = await client.get(says(world, status, headers, body), asking)
        assert answer.status == status, name
        assert not [it for it in answer.headers if it.lower().startswith("x-evenly")], name
        if expected is OWN:
            assert answer.text == filled(own_page(status), answer), name
            assert answer.headers["content-type"] == "text/html; charset=utf-8", name
            assert answer.headers["content-length"] == str(len(answer.text.encode())), name
            assert "script-src" not in answer.headers["content-security-policy"], name
            assert "etag" not in answer.headers, name
        elif expected is PROBLEM:
            assert answer.headers["content-type"] == "application/problem+json", name
            assert (answer.json()["title"], answer.json()["status"]) == ("Not Found", 404), name
        else:
            assert answer.text == body, name


async def test_the_reference_is_the_requests_own(world, client):
    instance = await world.instance(1)
    await world.start_balancer([instance.endpoint])
    await world.until_healthy(instance)
    page = await client.get(says(world, 418, TEXT, "teapot"), BROWSER)
    reference = page.text.partition("reference ")[2].partition(".")[0]
    await world.until(lambda: f'"request_id":"{reference}"' in world.settings.access_log.read_text())


async def test_what_an_answer_needs_stays_on_it(world, client):
    instance = await world.instance(1)
    await world.start_balancer([instance.endpoint])
    await world.until_healthy(instance)
    headers = "vary: Accept-Encoding\r\nwww-authenticate: Basic\r\nset-cookie: a=b\r\n"
    headers += "content-security-policy: default-src 'none'\r\n"
    answer = await client.get(says(world, 401, TEXT + headers, "who?"), BROWSER)
    assert answer.text == filled(OWN_4XX, answer)
    assert (answer.headers["www-authenticate"], answer.headers["set-cookie"]) == ("Basic", "a=b")
    assert "'unsafe-inline'" in answer.headers["content-security-policy"]
    assert answer.headers["vary"] == "Accept-Encoding,accept"


async def test_head_says_what_get_would(world, client):
    instance = await world.instance(1)
    await world.start_balancer([instance.endpoint])
    await world.until_healthy(instance)
    page = await client.get(says(world, 404, TEXT, "Not Found"), BROWSER)
    head = await client.ask("HEAD", says(world, 404, TEXT, "Not Found"), BROWSER)
    assert (head.status, head.text) == (404, "")
    for name in ("content-type", "content-length", "cache-control"):
        assert head.headers[name] == page.headers[name]


async def test_the_balancers_own_answers_wear_the_users_pages(world, client):
    await world.start_balancer([])
    nobody = await client.get(f"{world.url}/", BROWSER)
    assert (nobody.status, nobody.text) == (503, OWN_503)
    assert nobody.headers["retry-after"] == "2"
    elsewhere = await client.get(f"{world.plain_url}/", {**BROWSER, "Host": "evil.com"})
    assert (elsewhere.status, elsewhere.text) == (400, filled(OWN_4XX, elsewhere))
    program = await client.get(f"{world.url}/", FETCH)
    assert program.json()["title"] == "Service Unavailable"
    json_first = await client.get(f"{world.url}/", {"Accept": "application/json, text/html;q=0.5"})
    assert json_first.json()["status"] == 503


async def test_without_pages_the_apps_answer_is_untouched_but_for_its_word(world, client):
    world.settings = replace(world.settings, error_pages={})
    instance = await world.instance(1)
    await world.start_balancer([instance.endpoint])
    await world.until_healthy(instance)
    word = "x-evenly-error-page: replace\r\n"
    answer = await client.get(says(world, 404, TEXT + word, "Not Found"), BROWSER)
    assert answer.text == "Not Found"
    assert "x-evenly-error-page" not in answer.headers
