"""What people write to ask a service, and what is said where it asks for nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.sources import Rejection, read_sources
from rag.sources.web import BadQueryError, all_services, parse_query

SHA = "204e3073870fae3d05bcbc2f6a8e263d9b72e776"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("arxiv:1706.03762v7", "arxiv:1706.03762"),
        ("arXiv: 1706.03762", "arxiv:1706.03762"),
        ("arxiv:hep-th/9901001", "arxiv:hep-th/9901001"),
        ("arxiv:math.GT/0309136v1", "arxiv:math/0309136"),
        ("arxiv:1706.03762,1810.04805v1,1706.03762", "arxiv:1706.03762,1810.04805"),
        ('arxiv:"graph transformers"', 'arxiv:"graph transformers"'),
        ("arxiv:graph transformers", 'arxiv:"graph transformers"'),  # as a shell leaves it
        ("arxiv:transformers", 'arxiv:"transformers"'),
        ("arxiv:'GPT-4'", 'arxiv:"GPT-4"'),
        ("arxiv:“GPT-4”", 'arxiv:"GPT-4"'),
        ('arxiv:"graph neural" networks', "arxiv:'\"graph neural\" networks'"),
        ('arxiv:"graph" o\'clock', 'arxiv:“"graph" o\'clock”'),
        ("doi:10.5555/AB.c", "doi:10.5555/ab.c"),
        ("doi:10.5555/a,b", "doi:10.5555/a,b"),
        ("crossref:olive oil", 'doi:"olive oil"'),
        ("pubmed:31452104", "pubmed:31452104"),
        ("pmid:31452104, 7", "pubmed:31452104,7"),
        ("pubmed:sleep apnea[tiab]", 'pubmed:"sleep apnea[tiab]"'),
        ("openalex:w2741809807", "openalex:W2741809807"),
        ("openalex:10.7717/peerj.4375", "openalex:doi:10.7717/peerj.4375"),
        (f"s2:{SHA}", f"s2:{SHA}"),
        ("s2:CorpusId:215416146", "s2:CorpusId:215416146"),
        ("s2:arXiv:1706.03762", "s2:ARXIV:1706.03762"),
        ("daily-papers:2026-06-12", "daily-papers:2026-06-12"),
        ("daily-papers:2026-06-08..2026-06-12", "daily-papers:2026-06-08..2026-06-12"),
        ("daily-papers:2026-06-08 to 2026-06-12", "daily-papers:2026-06-08..2026-06-12"),
        ("daily-papers:2026-06-08:2026-06-12", "daily-papers:2026-06-08..2026-06-12"),
        ("daily-papers:today", "daily-papers:today"),
        ("acl:P18-1001", "acl:P18-1001"),
        ("acl:2020.acl-main", "acl:2020.acl-main"),
        ("openreview:rygGQyrFvH", "openreview:rygGQyrFvH"),
        ("https://arxiv.org/abs/1706.03762v5", "arxiv:1706.03762"),
        ("http://www.arxiv.org/pdf/1706.03762v5.pdf#page=3", "arxiv:1706.03762"),
        ("arxiv.org/abs/1706.03762", "arxiv:1706.03762"),
        ("https://doi.org/10.5555/a%28b%29", "doi:10.5555/a(b)"),
        ("https://doi.org/10.48550/arXiv.1706.03762", "arxiv:1706.03762"),
        ("https://pubmed.ncbi.nlm.nih.gov/31452104/", "pubmed:31452104"),
        ("https://pubmed.ncbi.nlm.nih.gov/?term=sleep+apnea", 'pubmed:"sleep apnea"'),
        ("https://openalex.org/works/W27", "openalex:W27"),
        (f"https://www.semanticscholar.org/paper/Attention/{SHA}", f"s2:{SHA}"),
        ("https://api.semanticscholar.org/CorpusID:5", "s2:CorpusId:5"),
        ("https://aclanthology.org/2020.acl-main.463.pdf", "acl:2020.acl-main.463"),
        ("https://aclanthology.org/volumes/2020.acl-main/", "acl:2020.acl-main"),
        ("https://openreview.net/forum?id=rygGQyrFvH&noteId=x", "openreview:rygGQyrFvH"),
        ("https://huggingface.co/papers/1706.03762", "daily-papers:1706.03762"),
        ("https://huggingface.co/papers/date/2026-06-12", "daily-papers:2026-06-12"),
        ("https://huggingface.co/papers?date=2026-06-12", "daily-papers:2026-06-12"),
        ("https://huggingface.co/papers", "daily-papers:today"),
        ("https://huggingface.co/papers?q=agents", 'daily-papers:"agents"'),
    ],
)
def test_names_and_addresses_are_understood(written: str, text: str) -> None:
    query = parse_query(written)
    assert query is not None
    assert query.text == text
    again = parse_query(query.text)
    assert again == query, "what is written down is read again as the same"


@pytest.mark.parametrize("text", ["papers/a.bib", "C:\\papers", "title:bees", "a b", "", "x:1"])
def test_files_and_other_words_ask_nothing(text: str) -> None:
    assert parse_query(text) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("arxiv:1706.037", "arXiv has no such id: write arxiv:1706.03762"),
        ("pubmed:3145x", "PubMed has no such id"),
        ("openreview:a b", "OpenReview has no such id"),
        ('arxiv:" "', "nothing to search for"),
        (f'arxiv:"{"x " * 600}"', "longer than 1,000 characters"),
        ("daily-papers:2026-06-31", "no such day"),
        ("daily-papers:2026-06-12..2026-06-08", "the last day is before the first"),
        ("daily-papers:2000-01-01..2026-01-01", "more than 731 days"),
        ("https://arxiv.org/list/cs.CL/recent", "an address of arXiv, but of no paper"),
        ("https://example.org/1706.03762", "papers can be fetched by addresses of"),
        ("file:///etc/passwd", "papers can be fetched by addresses of"),
        ("http://[::1/", "no address of the web"),
    ],
)
def test_what_can_not_be_asked_is_said(text: str, why: str) -> None:
    with pytest.raises(BadQueryError, match=why.replace("(", r"\(")):
        parse_query(text)


def test_without_the_web_nothing_is_asked() -> None:
    (refused,) = read_sources(["arxiv:1706.03762"])
    assert refused == Rejection("arxiv:1706.03762", "", "nothing is fetched from the web here")


def test_a_bare_identifier_is_no_source_but_named() -> None:
    (refused,) = read_sources(["10.5555/AB"])
    assert isinstance(refused, Rejection)
    assert refused.reason == "no such file or folder; to fetch the paper: doi:10.5555/ab"


def test_a_path_is_never_an_address() -> None:
    (refused,) = read_sources([Path("arxiv:1706.03762")])
    assert isinstance(refused, Rejection)
    assert refused.reason == "no such file or folder"


def test_what_is_offered_can_be_asked() -> None:
    for service in all_services():
        for form in service.forms:
            query = parse_query(form)
            assert query is not None
            assert query.service == service.name
            assert query.kind in service.kinds
