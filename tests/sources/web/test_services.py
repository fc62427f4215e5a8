"""Each service is asked in its own way, and its answers go to the readers of saved files."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import pytest
from servers.web_server import Sent
from web_payloads import (
    ATOM,
    SHA,
    XML,
    arxiv_error,
    arxiv_feed,
    as_json,
    crossref_page,
    crossref_work,
    daily,
    openalex_page,
    openalex_work,
    pubmed_articles,
    pubmed_found,
    s2_paper,
)

from rag import Paper
from rag.sources import Failure, Rejection

if TYPE_CHECKING:
    from collections.abc import Callable

    from servers.web_server import Got, WebServer

    from rag.sources import Item

Fetch: TypeAlias = "Callable[..., list[Item]]"
ARXIV, SEARCH, FETCH = "/api/query", "/entrez/eutils/esearch.fcgi", "/entrez/eutils/efetch.fcgi"
BIB = b"""@inproceedings{costa-2020-tides, title = "Tides of words", author = "Costa, Ana",
  url = "https://aclanthology.org/2020.acl-main.463/", year = "2020",
  abstract = "Words come and go." }"""


def ids(items: list[Item]) -> list[str]:
    assert all(isinstance(item, Paper) for item in items), items
    return [item.id for item in items if isinstance(item, Paper)]


def test_arxiv_papers_by_id_are_one_request(web: WebServer, fetch: Fetch) -> None:
    web.on(ARXIV, arxiv_feed(["2403.00001", "2403.00002"]), kind=ATOM)
    found = fetch("arxiv:2403.00001v3,2403.00002,2403.00009")
    assert ids(found[:2]) == ["arxiv:2403.00001", "arxiv:2403.00002"]
    assert found[2] == Rejection(
        "arxiv:2403.00001v3,2403.00002,2403.00009", "arxiv:2403.00009", "arXiv has no such paper"
    )
    (request,) = web.requests
    assert request.params == {"id_list": "2403.00001,2403.00002,2403.00009", "max_results": "3"}
    assert found[0].sources == ("arxiv",)
    assert found[0].authors == ("Ana Costa",)


def test_arxiv_searches_page_up_to_the_limit(web: WebServer, fetch: Fetch) -> None:
    def page(got: Got) -> Sent:
        start, size = int(got.params["start"]), int(got.params["max_results"])
        some = [f"2403.{number:05}" for number in range(start, min(start + size, 250))]
        return Sent(body=arxiv_feed(some, total=250), kind=ATOM)

    web.on(ARXIV, page)
    notes: list[str] = []
    found = ids(fetch('arxiv:"tidal waves, deep"', limit=130, notes=notes))
    assert len(found) == len(set(found)) == 130
    assert [one.params["start"] for one in web.requests] == ["0", "100"]
    assert [one.params["max_results"] for one in web.requests] == ["100", "30"]
    assert web.requests[0].params["search_query"] == "all:tidal AND all:waves AND all:deep"
    assert web.requests[0].params["sortBy"] == "submittedDate"
    assert notes == ['arxiv:"tidal waves, deep": the first 130 of 250 papers were read.']
    notes.clear()
    assert len(fetch('arxiv:"tidal waves, deep"', limit=1000, notes=notes)) == 250
    assert notes == []


def test_arxivs_own_language_is_left_as_it_is(web: WebServer, fetch: Fetch) -> None:
    web.on(ARXIV, arxiv_feed(["2403.00001"]), kind=ATOM)
    fetch('arxiv:au:costa AND ti:"deep tides"', "arxiv:'\"deep tides\" moon'")
    asked = [one.params["search_query"] for one in web.requests]
    assert asked == ['au:costa AND ti:"deep tides"', 'all:"deep tides" AND all:moon']


def test_arxivs_empty_pages_are_asked_for_again(
    web: WebServer, fetch: Fetch, waits: list[float]
) -> None:
    web.on(ARXIV, arxiv_feed([], total=2), arxiv_feed(["2403.00001", "2403.00002"]), kind=ATOM)
    assert len(ids(fetch("arxiv:tides"))) == 2
    assert len(web.requests) == 2


def test_arxivs_errors_are_told_in_its_words(web: WebServer, fetch: Fetch) -> None:
    web.on(ARXIV, arxiv_error("incorrect query syntax"), status=400, kind=ATOM)
    (failed,) = fetch("arxiv:ti: AND AND")
    assert isinstance(failed, Failure)
    assert "incorrect query syntax" in failed.reason


def test_nothing_found_is_no_error_of_a_file(web: WebServer, fetch: Fetch) -> None:
    web.on(ARXIV, arxiv_feed([]), kind=ATOM)
    (empty,) = fetch("arxiv:tides")
    assert empty == Rejection("arxiv:tides", "", "arXiv has no papers for it")
    (missing,) = fetch("arxiv:2403.00009")
    assert missing == Rejection("arxiv:2403.00009", "", "arXiv has no such paper")


def test_pubmed_finds_ids_and_fetches_them(web: WebServer, fetch: Fetch) -> None:
    every = [str(number) for number in range(1, 151)]
    web.on(
        SEARCH,
        lambda got: Sent(
            body=pubmed_found(
                every[int(got.params["retstart"]) :][: int(got.params["retmax"])], total=150
            )
        ),
    )
    web.on(FETCH, lambda got: Sent(body=pubmed_articles(got.params["id"].split(",")), kind=XML))
    found = ids(fetch('pubmed:"sleep"', limit=120, web_contact="ana@example.org"))
    assert found == [f"pmid:{number}" for number in range(1, 121)]
    assert [one.params["term"] for one in web.asked(SEARCH)] == ["sleep", "sleep"]
    assert [one.params["id"].count(",") for one in web.asked(FETCH)] == [99, 19]
    assert all(one.params["email"] == "ana@example.org" for one in web.requests)
    assert ids(fetch("pubmed:7,8")) == ["pmid:7", "pmid:8"]


def test_an_error_of_pubmeds_search_is_tried_again(web: WebServer, fetch: Fetch) -> None:
    busy = as_json({"error": "Search Backend failed"})
    web.on(SEARCH, busy, pubmed_found(["3"]))
    web.on(FETCH, pubmed_articles(["3"]), kind=XML)
    assert ids(fetch("pubmed:sleep")) == ["pmid:3"]
    web.on(SEARCH, busy)
    (failed,) = fetch("pubmed:apnea", web_retries=1)
    assert failed == Failure("pubmed:apnea", "", 'PubMed: it said "Search Backend failed"')


def test_openalex_follows_its_cursor(web: WebServer, fetch: Fetch) -> None:
    first = [openalex_work(number) for number in range(100)]
    last = [openalex_work(number, retracted=number == 101) for number in range(100, 110)]
    pages = {"*": openalex_page(first, 110, "next"), "next": openalex_page(last, 110, "end")}
    web.on("/works", lambda got: Sent(body=pages[got.params["cursor"]]))
    found = fetch('openalex:"lichen, growth|wall"', limit=500)
    assert len(ids(found)) == 110
    assert [item.retracted for item in found if isinstance(item, Paper)].count(True) == 1
    assert web.requests[0].params["filter"] == "title_and_abstract.search:lichen growth wall"


def test_openalex_papers_by_id(web: WebServer, fetch: Fetch) -> None:
    web.on("/works/W7", as_json(openalex_work(7)))
    web.on("/works/doi:10.5555/work.8", as_json(openalex_work(8)))
    found = fetch("openalex:W7,10.5555/work.8,W9")
    assert ids(found[:2]) == ["doi:10.5555/work.7", "doi:10.5555/work.8"]
    assert found[2].place == "W9"
    assert found[2].reason == "OpenAlex has no such paper"


def test_one_that_a_service_refuses_keeps_out_no_other(web: WebServer, fetch: Fetch) -> None:
    refused = as_json({"error": "Invalid request", "message": "no such id"})
    web.on("/works/W6", refused, status=400)
    web.on("/works/W7", as_json(openalex_work(7)))
    first, second = fetch("openalex:W6,W7")
    assert isinstance(first, Failure)
    assert first.place == "W6"
    assert "the service returned an error" in first.reason
    assert ids([second]) == ["doi:10.5555/work.7"]


def test_crossref_and_the_other_agencies(web: WebServer, fetch: Fetch) -> None:
    work = crossref_work("10.5555/oil.1", retracted=True)
    web.on("/works/10.5555/oil.1", as_json({"status": "ok", "message": work}))
    other = {
        "DOI": "10.5281/zenodo.5", "type": "dataset", "title": "Tide tables",
        "abstract": "Tables of tides.", "issued": {"date-parts": [[2022]]},
    }  # fmt: skip
    web.on("/10.5281/zenodo.5", as_json(other), kind="application/vnd.citationstyles.csl+json")
    first, second = fetch("doi:10.5555/OIL.1", "https://doi.org/10.5281/zenodo.5")
    assert isinstance(first, Paper)
    assert first.retracted
    assert first.heading == "RETRACTED: Olive oil and heart 1"
    assert isinstance(second, Paper)
    assert second.abstract == "Tables of tides."
    (asked,) = web.asked("/10.5281/zenodo.5")
    assert asked.headers["accept"] == "application/vnd.citationstyles.csl+json"
    (missing,) = fetch("doi:10.5555/none")
    assert missing == Rejection("doi:10.5555/none", "", "Crossref has no such paper")


def test_crossref_searches(web: WebServer, fetch: Fetch) -> None:
    pages = {
        "*": crossref_page([crossref_work(f"10.5555/a.{n}") for n in range(100)], 103, "n="),
        "n=": crossref_page([crossref_work(f"10.5555/b.{n}") for n in range(3)], 103, "m="),
    }
    web.on("/works", lambda got: Sent(body=pages[got.params["cursor"]]))
    assert len(ids(fetch("crossref:olive oil", limit=200))) == 103
    assert web.requests[0].params["query.bibliographic"] == "olive oil"


def test_semantic_scholar(web: WebServer, fetch: Fetch) -> None:
    pages = {
        "": {"total": 1500, "token": "T", "data": [s2_paper(n) for n in range(1, 1001)]},
        "T": {"total": 1500, "token": None, "data": [s2_paper(n) for n in range(1001, 1501)]},
    }
    bulk = "/graph/v1/paper/search/bulk"
    web.on(bulk, lambda got: Sent(body=as_json(pages[got.params.get("token", "")])))
    notes: list[str] = []
    assert len(fetch("s2:bridges", limit=1200, notes=notes)) == 1200
    assert notes == ['s2:"bridges": the first 1,200 of 1,500 papers were read.']
    assert [one.params.get("token") for one in web.asked(bulk)] == [None, "T"]
    web.on(f"/graph/v1/paper/{SHA}", as_json(s2_paper(5)))
    (paper,) = fetch(f"s2:{SHA}")
    assert isinstance(paper, Paper)
    assert paper.abstract == "Bridge 5 swayed."


def test_daily_papers_of_a_day_and_of_several(web: WebServer, fetch: Fetch) -> None:
    days = {"2026-06-12": ["2606.00001", "2606.00002"], "2026-06-10": ["2606.00003"]}
    web.on("/api/daily_papers", lambda got: Sent(body=daily(days.get(got.params["date"], []))))
    found = fetch("daily-papers:2026-06-10..2026-06-12")
    assert ids(found) == ["arxiv:2606.00001", "arxiv:2606.00002", "arxiv:2606.00003"]
    assert [one.params["date"] for one in web.requests] == [
        "2026-06-12",
        "2026-06-11",
        "2026-06-10",
    ]
    assert found[2].sources == ("daily-papers:2026-06-10",)
    (empty,) = fetch("daily-papers:2026-06-11")
    assert empty.reason == "Hugging Face has no papers for it"
    notes: list[str] = []
    assert len(fetch("daily-papers:2026-06-10..2026-06-12", limit=2, notes=notes)) == 2
    assert notes == ["daily-papers:2026-06-10..2026-06-12: the first 2 papers were read."]


def test_papers_and_searches_of_hugging_face(web: WebServer, fetch: Fetch) -> None:
    web.on("/api/papers/search", daily(["2606.00004"]))
    assert ids(fetch('daily-papers:"reading agents"')) == ["arxiv:2606.00004"]
    assert web.requests[0].params == {"q": "reading agents", "limit": "120"}
    web.on("/api/papers/2606.00005", daily(["2606.00005"])[1:-1])
    assert ids(fetch("https://huggingface.co/papers/2606.00005")) == ["arxiv:2606.00005"]


def test_the_anthology(web: WebServer, fetch: Fetch) -> None:
    web.on("/2020.acl-main.463.bib", BIB, kind="application/x-bibtex")
    web.on("/volumes/2020.acl-main.bib", BIB + BIB.replace(b"463", b"464"), kind="text/plain")
    (paper,) = fetch("https://aclanthology.org/2020.acl-main.463/")
    assert isinstance(paper, Paper)
    assert (paper.id, paper.abstract) == ("acl:2020.acl-main.463", "Words come and go.")
    assert len(ids(fetch("acl:2020.acl-main"))) == 2


def test_openreview_has_two_versions(web: WebServer, fetch: Fetch) -> None:
    def note(name: str) -> bytes:
        content = {"title": f"Tides of {name}"}
        return as_json({"notes": [{"id": name, "forum": name, "content": content}], "count": 1})

    addresses = {"openreview": f"{web.url}/2", "openreview-1": f"{web.url}/1"}
    web.on("/2/notes", note("newerPaper"), as_json({"notes": [], "count": 0}))
    web.on("/1/notes", note("olderPaper"))
    found = fetch("openreview:newerPaper", "openreview:olderPaper", web_addresses=addresses)
    assert [item.other_ids for item in found if isinstance(item, Paper)] == [
        ("openreview:newerPaper",),
        ("openreview:olderPaper",),
    ]
    assert len(web.asked("/1/notes")) == 1


def test_a_new_service_is_one_file(new_module: Callable[..., None], fetch: Fetch) -> None:
    from rag.sources.web import parse_query

    assert parse_query("bars:12") is None
    new_module("rag.sources.web.services", "bars", NEW_SERVICE)
    query = parse_query("https://bars.example/12")
    assert query is not None
    assert query.text == "bars:12"
    (failed,) = fetch("bars:12", web_retries=0)
    assert "the Bar is an address of this machine" in str(failed).replace("127.0.0.2", "the Bar")


NEW_SERVICE = '''
"""Papers of a bar."""

from rag.sources.web.service import Query, Request, Service


def read_id(text):
    return text if text.isdecimal() else None


def read_address(parts):
    return Query("bars", "ids", (parts.path.strip("/"),))


def pages(query, limit):
    yield Request(path=f"/{query.values[0]}")


SERVICE = Service(
    name="bars", label="Bars", forms=("bars:12",), addresses={"bars": "http://127.0.0.2:9"},
    hosts=("bars.example",), interval=1.0, about_rate="none", kinds=("ids",),
    read_id=read_id, read_address=read_address, pages=pages,
)
'''


@pytest.mark.parametrize("kind", ["", "APPLICATION/JSON; charset=utf-8", "application/json"])
def test_media_types_are_read_as_they_may_be_written(
    web: WebServer, fetch: Fetch, kind: str
) -> None:
    web.on("/works/W7", as_json(openalex_work(7)), kind=kind, zipped=True)
    assert ids(fetch("openalex:W7")) == ["doi:10.5555/work.7"]
