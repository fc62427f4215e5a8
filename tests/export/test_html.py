"""An answer as one HTML page: the words are marked, and nothing in it runs or loads."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

from rag import Answer, Citation, Paper, Sentence
from rag.export import export_conversation

BEES = Paper(
    id="arxiv:9902.00002",
    title="Bees <img src=x onerror=alert(1)>",
    abstract="Bees balance load. They dance <script>alert(1)</script> all day.",
    url='https://example.org/bees?a=1&b="2"',
)
OTHER = Paper(id="a:2", title="Not cited", abstract="Nothing.")
ANSWER = Answer(
    question="Do bees balance load?",
    standalone_question="Do honeybees balance load?",
    text="Bees balance load [1]. They sing <script>alert(2)</script> [1, 9].",
    sentences=(
        Sentence("Bees balance load.", "supported", (1,), quotes=(0,)),
        Sentence("They sing.", "unsupported", (1,), (9,), ("it cites [9]",), (1,), OTHER),
    ),
    citations=(
        Citation(1, BEES, "Bees balance load.", 0, 18, 0.9),
        Citation(1, BEES, "They dance", 19, 29, 0.2),
    ),
    confidence=0.9,
    mode="llm",
    model="test-model",
    notes=("From the answer cache.",),
)


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.marked: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "mark":
            self.marked.append("")

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.tags and self.tags[-1][0] == "mark" and not self.marked[-1]:
            self.marked[-1] = data


def _page(answer=ANSWER) -> _Page:
    return _Page(answer.export("html"))


def test_the_exact_words_are_marked_and_every_verdict_is_said():
    page = _page()
    assert page.marked == ["Bees balance load.", "They dance"]
    assert "Do bees balance load?" in page.text
    assert "Understood as: Do honeybees balance load?" in page.text
    assert "supported: Bees balance load. [1]" in page.text
    assert (
        "unsupported: They sing. [1] [9?] (it cites [9]) “Not cited” supports it better"
        in page.text
    )
    assert "Note: From the answer cache." in page.text


def test_quotes_that_overlap_are_marked_without_doubling_words():
    first = ANSWER.citations[0]
    longer = replace(first, quote="balance load. They", start=5, end=23)
    page = _page(replace(ANSWER, citations=(first, longer)))
    assert page.marked == ["Bees balance load.", " They"]
    assert page.text.count(BEES.abstract) == 1


def test_nothing_in_the_page_runs_or_loads():
    page = _page()
    loading = {"script", "img", "link", "iframe", "object", "embed", "form", "base"}
    assert not loading & {tag for tag, _ in page.tags}
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert BEES.title in page.text  # escaped, and so shown as it is
    policies = [attrs for _, attrs in page.tags if attrs.get("http-equiv")]
    assert (policies[0]["content"] or "").startswith("default-src 'none'")
    hrefs = [attrs["href"] or "" for tag, attrs in page.tags if tag == "a"]
    assert all(href.startswith(("#", "https://")) for href in hrefs)


def test_anchors_of_a_conversation_lead_to_the_papers_of_their_own_answer():
    page = _Page(str(export_conversation([ANSWER, ANSWER], "html")))
    ids = [attrs["id"] for tag, attrs in page.tags if tag == "article"]
    assert ids == ["a1-1", "a2-1"]
    targets = {attrs["href"] for _, attrs in page.tags if (attrs.get("href") or "").startswith("#")}
    assert targets == {"#a1-1", "#a2-1"}
