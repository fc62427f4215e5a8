"""Text of others as HTML: escaped, on one block, formulas where there are some."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.ui.markup import action, in_text, outward, plain, rich, tag, typed

PIECES = [*"<>&\"'`![]()\\$#*_|-~:/ \nax1\ue000\ue001", "<script>", "\n\n", "\\(", "![a](b)"]
HOSTILE = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.text = ""

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.add(name)
        assert not [key for key, _ in attributes if key.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: str) -> Elements:
    parser = Elements()
    parser.feed(page)
    parser.close()
    return parser


@given(HOSTILE)
def test_no_text_becomes_an_element_or_ends_the_block(text: str) -> None:
    for shown in (plain(text), in_text(text)):
        assert read(shown).found == set()
        assert "\n" not in shown
    shown = rich(text, markdown=False)
    assert read(shown).found <= {"div"}
    assert "\n" not in shown


@given(HOSTILE)
def test_markdown_gives_emphasis_and_no_links_images_or_html(text: str) -> None:
    shown = rich(text, markdown=True)
    allowed = "div strong em code pre ul ol li h1 h2 h3 h4 h5 h6 blockquote br hr table thead"
    allowed += " tbody tr th td"
    assert read(shown).found <= set(allowed.split())
    assert "\n" not in shown


@given(HOSTILE)
def test_backslashes_stand_for_formulas_only(text: str) -> None:
    for shown in (in_text(text), rich(text, markdown=False), rich(text, markdown=True)):
        assert shown.count("\\(") == shown.count("\\)")


@given(HOSTILE)
def test_what_was_typed_comes_back(text: str) -> None:
    shown = typed(text)
    assert not re.search(r"[<>*_`\[\]\\!]", shown)
    clean = text.replace("\n", " ")
    assert html.unescape(shown) == clean


def test_inserts_take_the_place_of_their_text() -> None:
    shown = rich("A **bold** claim [1].\n\nNext.", [(17, 20, "<a>1</a>")], markdown=True)
    assert shown == (
        '<div class="p">A <strong>bold</strong> claim <a>1</a>.</div>&#10;<div class="p">'
        "Next.</div>&#10;"
    )


def test_formulas_are_kept_and_prices_are_not() -> None:
    assert in_text("At $x<y$ for $5") == r"At \(x&lt;y\) for $5"
    assert rich("At $x_1$ and $x_2$", markdown=True) == (
        r'<div class="p">At \(x_1\) and \(x_2\)</div>&#10;'
    )


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "data:text/html,x", "//host/x", "file:///x", "http://[", None],
)
def test_only_the_web_can_be_linked(address: str | None) -> None:
    assert outward("x", address) == "x"


def test_links_and_attributes_are_escaped() -> None:
    assert 'href="https://example.org/?a=1&amp;b=&quot;"' in outward(
        "x", 'https://example.org/?a=1&b="'
    )
    assert action("x", "open", "a/b c%#") == '<a class="act" href="#rag/open/a%2Fb%20c%25%23">x</a>'
    assert tag("p", "x", title='"><script>') == '<p title="&quot;&gt;&lt;script&gt;">x</p>'
