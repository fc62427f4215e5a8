"""Answers of services, of our own words: small, and in the forms that the services send."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ATOM = "application/atom+xml; charset=utf-8"
XML = "text/xml; charset=UTF-8"
SHA = "0123456789abcdef0123456789abcdef01234567"


def arxiv_feed(ids: Iterable[str], total: int | None = None) -> bytes:
    """Return an answer of arXiv's API with an entry for each id."""
    entries = [
        f"<entry><id>http://arxiv.org/abs/{one}v2</id>"
        f"<published>2024-03-0{1 + int(one[-1]) % 9}T00:00:00Z</published>"
        f"<title>Tides number {one} of the northern shore</title>"
        f"<summary>Gauges along shore {one} kept time with the moon.</summary>"
        "<author><name>Ana Costa</name></author></entry>"
        for one in ids
    ]
    count = len(entries) if total is None else total
    return (
        '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom" '
        'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">'
        "<link href='http://arxiv.org/api/query'/>"
        f"<opensearch:totalResults>{count}</opensearch:totalResults>{''.join(entries)}</feed>"
    ).encode()


def arxiv_error(said: str) -> bytes:
    """Return what arXiv's API answers to what it doesn't understand."""
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>arXiv Query</title><entry>'
        f"<id>https://arxiv.org/api/errors#x</id><title>Error</title><summary>{said}</summary>"
        "</entry></feed>"
    ).encode()


def pubmed_found(ids: Sequence[str], total: int | None = None) -> bytes:
    """Return what PubMed's `esearch` answers."""
    count = len(ids) if total is None else total
    return as_json({"header": {}, "esearchresult": {"count": str(count), "idlist": list(ids)}})


def pubmed_articles(ids: Iterable[str]) -> bytes:
    """Return what PubMed's `efetch` answers."""
    articles = [
        f"<PubmedArticle><MedlineCitation><PMID>{one}</PMID><Article><ArticleTitle>Sleep in case "
        f"{one} of the ward.</ArticleTitle><Abstract><AbstractText>Sleeper {one} slept well."
        "</AbstractText></Abstract></Article></MedlineCitation></PubmedArticle>"
        for one in ids
    ]
    return f"<?xml version='1.0'?><PubmedArticleSet>{''.join(articles)}</PubmedArticleSet>".encode()


def openalex_work(number: int, *, retracted: bool = False, doi: str = "") -> dict[str, Any]:
    """Return a work of OpenAlex."""
    return {
        "id": f"https://openalex.org/W{number}",
        "doi": f"https://doi.org/{doi or f'10.5555/work.{number}'}",
        "title": f"Lichen growth on wall number {number}",
        "abstract_inverted_index": {"Lichen": [0], "grew": [1], "on": [2], f"wall{number}.": [3]},
        "authorships": [{"author": {"display_name": "Ana Costa"}}],
        "publication_date": "2023-05-02",
        "is_retracted": retracted,
    }


def openalex_page(works: Sequence[dict[str, Any]], total: int, cursor: str | None) -> bytes:
    """Return a page of a search of OpenAlex."""
    return as_json({"meta": {"count": total, "next_cursor": cursor}, "results": works})


def crossref_work(doi: str, *, retracted: bool = False) -> dict[str, Any]:
    """Return a work of Crossref."""
    updates = [{"type": "retraction", "DOI": f"{doi}.r", "source": "publisher"}]
    return {
        "DOI": doi,
        "type": "journal-article",
        "title": [f"Olive oil and heart {doi[-1]}"],
        "abstract": "<jats:p>Oil cut events by 30%.</jats:p>",
        "author": [{"given": "Ana", "family": "Costa"}],
        "issued": {"date-parts": [[2021, 4]]},
        "container-title": ["Journal of Oils"],
        **({"updated-by": updates} if retracted else {}),
    }


def crossref_page(works: Sequence[dict[str, Any]], total: int, cursor: str) -> bytes:
    """Return a page of a search of Crossref."""
    message = {"total-results": total, "items": works, "next-cursor": cursor}
    return as_json({"status": "ok", "message-type": "work-list", "message": message})


def s2_paper(number: int) -> dict[str, Any]:
    """Return a paper of Semantic Scholar."""
    return {
        "paperId": f"{number:040x}",
        "externalIds": {"CorpusId": number},
        "title": f"A survey of bridges, part {number}",
        "abstract": f"Bridge {number} swayed.",
        "year": 2020,
        "authors": [{"authorId": "1", "name": "Ana Costa"}],
    }


def daily(ids: Iterable[str]) -> bytes:
    """Return the Daily Papers of a day, as the API lists them."""
    papers = [
        {
            "paper": {
                "id": one,
                "title": f"Agents that read paper {one}",
                "summary": f"The agent read {one} twice.",
                "authors": [{"name": "Ana Costa"}],
                "publishedAt": "2026-06-11T00:00:00.000Z",
                "upvotes": 7,
            },
            "publishedAt": "2026-06-12T02:00:00.000Z",
        }
        for one in ids
    ]
    return as_json(papers)


def as_json(value: object) -> bytes:
    """Return a value as JSON."""
    return json.dumps(value).encode()
