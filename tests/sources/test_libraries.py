"""Records of libraries and reference managers in XML, and PubMed's as text."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import Paper
from rag.sources import Document, Rejection, read_document
from rag.sources.readers.pubmed_text import READER as PUBMED_TEXT


def read(text: str) -> list[Paper | Rejection]:
    return list(read_document(Document(io.BytesIO(text.encode()), source="a", name="a")))


def paper(text: str) -> Paper:
    (item,) = read(text)
    assert isinstance(item, Paper), item
    return item


# --- PubMed -----------------------------------------------------------------------------------

ARTICLE = """<PubmedArticle><MedlineCitation Status="MEDLINE"><PMID Version="1">99000001</PMID>
<Article><Journal><JournalIssue><PubDate><Year>2019</Year><Month>Nov</Month></PubDate>
</JournalIssue><Title>Small marrow</Title></Journal>
<ArticleTitle>Uptake of <sup>99m</sup>Tc &lt; 3&#x2009;h.</ArticleTitle>
<ELocationID EIdType="doi" ValidYN="Y">10.5555/a.1</ELocationID>
<Abstract><AbstractText Label="BACKGROUND">Few have <i>seen</i> it (p &lt; 0.001).</AbstractText>
<AbstractText Label="RESULTS">It rose by 10<sup>3</sup>.</AbstractText>
<CopyrightInformation>&#xa9; 2019. The Authors.</CopyrightInformation></Abstract>
<AuthorList><Author ValidYN="Y"><LastName>van Ek</LastName><ForeName>Bo A</ForeName>
<Suffix>Jr</Suffix></Author><Author ValidYN="N"><LastName>Wrong</LastName></Author>
<Author><LastName>Fu</LastName><Initials>C
</Initials></Author><Author><CollectiveName>Small Study Group</CollectiveName></Author></AuthorList>
<PublicationTypeList><PublicationType>Journal Article</PublicationType>
<PublicationType>Retracted Publication</PublicationType></PublicationTypeList></Article>
</MedlineCitation>
<PubmedData><ArticleIdList><ArticleId IdType="pubmed">99000001</ArticleId>
<ArticleId IdType="pmc">PMC123</ArticleId></ArticleIdList><ReferenceList><Reference><ArticleIdList>
<ArticleId IdType="doi">10.5555/other</ArticleId></ArticleIdList></Reference></ReferenceList>
</PubmedData></PubmedArticle>"""
BOOK = """<PubmedBookArticle><BookDocument><PMID>99000002</PMID><Book>
<BookTitle>All Genes</BookTitle>
<PubDate><Year>2001</Year></PubDate></Book><ArticleTitle>One gene</ArticleTitle>
<AuthorList><Author><LastName>Ek</LastName><ForeName>Bo</ForeName></Author></AuthorList>
<Abstract><AbstractText>It is one.</AbstractText></Abstract></BookDocument></PubmedBookArticle>"""


def test_pubmed_xml() -> None:
    doctype = '<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD" "https://dtd.nlm.nih.gov/a.dtd">'
    article, book, rejected = read(
        f'<?xml version="1.0" ?>\n{doctype}\n<PubmedArticleSet>{ARTICLE}{BOOK}'
        "<PubmedArticle><MedlineCitation><PMID>3</PMID></MedlineCitation></PubmedArticle>"
        "</PubmedArticleSet>"
    )
    assert isinstance(article, Paper)
    assert article.id == "pmid:99000001"
    assert article.title == "Uptake of 99mTc < 3 h."
    assert article.abstract == (
        "BACKGROUND: Few have seen it (p < 0.001). RESULTS: It rose by 10^3."
    )
    assert article.authors == ("Bo A van Ek Jr", "C Fu", "Small Study Group")
    assert (article.date, article.venue, article.doi) == ("2019-11", "Small marrow", "10.5555/a.1")
    assert article.other_ids == ("pmcid:PMC123",)
    assert article.retracted
    assert isinstance(book, Paper)
    assert (book.title, book.venue, book.year) == ("One gene", "All Genes", 2001)
    assert book.authors == ("Bo Ek",)
    assert str(rejected) == "a, record 3: neither title nor abstract"


@pytest.mark.parametrize(
    ("inside", "date", "year"),
    [
        ("<Year>1990</Year><Season>Spring</Season>", "1990", 1990),
        ("<Year>2019</Year><Month>05</Month><Day>03</Day>", "2019-05-03", 2019),
        ("<MedlineDate>2000 Nov-Dec</MedlineDate>", "2000", 2000),
        ("<MedlineDate>no year</MedlineDate>", None, None),
    ],
)
def test_dates_of_pubmed(inside: str, date: str | None, year: int | None) -> None:
    found = paper(
        "<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>1</PMID><Article><Journal>"
        f"<JournalIssue><PubDate>{inside}</PubDate></JournalIssue></Journal><ArticleTitle>A"
        "</ArticleTitle></Article></MedlineCitation></PubmedArticle></PubmedArticleSet>"
    )
    assert (found.date, found.year) == (date, year)


def test_xml_that_breaks_off_gives_what_came_before() -> None:
    article, rejected = read(f"<PubmedArticleSet>{ARTICLE}\n<PubmedArticle></PubmedArticleSet>")
    assert isinstance(article, Paper)
    assert isinstance(rejected, Rejection)
    assert rejected.reason == "not well-formed XML (mismatched tag)"


def test_a_million_laughs_are_refused() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 9))
    (rejected,) = read(
        f'<!DOCTYPE PubmedArticleSet [<!ENTITY l0 "lol">{laughs}]>\n'
        f"<PubmedArticleSet>{ARTICLE.replace('Few', '&l8;')}</PubmedArticleSet>"
    )
    assert isinstance(rejected, Rejection)
    assert "entities of its own" in rejected.reason


TEXT = """1. Small Marrow. 2019 Nov 5;25(11):2186-2196. doi: 10.5555/a.1. Epub 2019 Jul
15.

Outcomes of cell transfer in patients with inborn
variants.

Ahmadi IA(1), Petit J(2)(3), van der Berg L Jr; Small Study Group.

Author information:
(1)Hospital of Somewhere.

BACKGROUND: Few have seen it.
RESULTS: 1. Of 12 patients, 9 lived.

2. A list within has numbers too.

Copyright (c) 2019.

DOI: 10.5555/a.1
PMCID: PMC123
PMID: 99000001 [Indexed for MEDLINE]

Conflict of interest statement: None.


2. JAMA. 2020 Mar;1(1):1-2.

A letter without an abstract.

Ek B.

PMID: 99000002


3. J Tests. 2021;3:4.

[A title that was translated].

[Article in French]

Whatever stands here is the abstract of a paper nobody signed.

PMID: 99000003
"""


def test_pubmed_text() -> None:
    first, letter, unsigned = read(TEXT)
    assert isinstance(first, Paper)
    assert first.title == "Outcomes of cell transfer in patients with inborn variants."
    assert first.authors == ("IA Ahmadi", "J Petit", "L van der Berg Jr", "Small Study Group")
    assert first.abstract == (
        "BACKGROUND: Few have seen it. RESULTS: 1. Of 12 patients, 9 lived."
        " 2. A list within has numbers too."
    )
    assert (first.id, first.doi) == ("pmid:99000001", "10.5555/a.1")
    assert (first.date, first.venue) == ("2019-11-05", "Small Marrow")
    assert first.other_ids == ("pmcid:PMC123",)
    assert isinstance(letter, Paper)
    assert (letter.abstract, letter.authors) == ("", ("B Ek",))
    assert isinstance(unsigned, Paper)
    assert unsigned.authors == ()
    assert unsigned.abstract.startswith("Whatever stands here")


@given(
    st.lists(
        st.sampled_from([*TEXT.split("\n\n"), "1. A. 2020;", "2. B. 2021;", "PMID: 1", "\n"])
        | st.text(max_size=20)
    )
)
def test_any_paragraphs_give_papers_or_rejections(paragraphs: list[str]) -> None:
    data = "\n\n".join(paragraphs).encode("utf-8", "replace")
    document = Document(io.BytesIO(data), source="a", name="a")
    found = read_document(document, PUBMED_TEXT)
    assert all(isinstance(item, Paper | Rejection) for item in found)


# --- EndNote, ACL Anthology ---------------------------------------------------------------------


def test_endnote_xml() -> None:
    found = paper(
        "<xml><records><record><ref-type name='Journal Article'>17</ref-type>"
        "<contributors><authors><author>Ek, Bo</author><author>Fu, Cy</author></authors>"
        "</contributors>"
        "<titles><title>A &amp; B</title><secondary-title>J</secondary-title></titles>"
        "<periodical><full-title>Journal</full-title></periodical>"
        "<dates><year>2016</year><pub-dates><date>May 3</date></pub-dates></dates>"
        "<accession-num>99000001</accession-num>"
        "<electronic-resource-num>10.5555/e.1</electronic-resource-num>"
        "<urls><related-urls><url>https://example.org/e</url></related-urls></urls>"
        "<remote-database-provider>NLM</remote-database-provider>"
        "<abstract>Text.</abstract></record></records></xml>"
    )
    assert (found.title, found.venue, found.date) == ("A & B", "Journal", "2016-05-03")
    assert found.authors == ("Bo Ek", "Cy Fu")
    assert (found.doi, found.other_ids) == ("10.5555/e.1", ("pmid:99000001",))
    assert found.url == "https://example.org/e"


def test_acl_anthology() -> None:
    first, second = read(
        """<?xml version='1.0' encoding='UTF-8'?>
<collection id="2020.x"><volume id="main"><meta><booktitle>Proceedings of the
<fixed-case>X</fixed-case> Meeting</booktitle><month>July</month><year>2020</year></meta>
<frontmatter><url>2020.x-main.0</url></frontmatter><paper id="1">
<title>Learning to <fixed-case>U</fixed-case>nderstand</title>
<author id="a"><first>Bo</first><last>Ek</last></author>
<author><first/><last>Madonna</last></author>
<abstract>We learn <tex-math>x_1</tex-math>, <i>a</i>&lt;b.</abstract>
<url hash="ab">2020.x-main.1</url>
<doi>10.18653/v1/2020.x-main.1</doi><retracted date="2021-01-01">Wrong.</retracted></paper>
<paper id="2"><title>Elsewhere</title><url>https://example.org/2</url></paper></volume></collection>"""
    )
    assert isinstance(first, Paper)
    assert first.id == "acl:2020.x-main.1"
    assert first.title == "Learning to Understand"
    assert first.abstract == "We learn $x_1$, a<b."
    assert first.authors == ("Bo Ek", "Madonna")
    assert (first.venue, first.date) == ("Proceedings of the X Meeting", "2020-07")
    assert (first.doi, first.retracted) == ("10.18653/v1/2020.x-main.1", True)
    assert first.url == "https://aclanthology.org/2020.x-main.1"
    assert isinstance(second, Paper)
    assert (second.title, second.url) == ("Elsewhere", "https://example.org/2")
    assert not second.retracted
