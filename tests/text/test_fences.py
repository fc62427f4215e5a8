"""Fences: which hold code, which only wrap prose, and that streaming changes neither."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.fences import Unfencer, classify

PROSE = "It is fast [1]. It is small [2]."
CODE = "x = a[1]"

WRAPPED = [
    "```\n{}\n```",
    "```markdown\n{}\n```",
    "```md\n{}\n```",
    "```text\n{}\n```",
    "``` Markdown\n{}\n```",
    "~~~\n{}\n~~~",
    "````markdown\n{}\n````",
    "```\n\n{}\n```",
    "```\n# Answer\n\n{}\n```",
    "```markdown\n{}",
    "```\n{}",
    "> ```\n> {}\n> ```",
    "  ```\n  {}\n  ```",
    "```python\n{}\n```",
    "````markdown\n```\n{}\n```\n````",
]
BLOCKS = [
    "```\n{}\n```",
    "```python\n{}\n```",
    "```python\n# sum up\n{}\n```",
    "~~~\n{}\n~~~",
    "```\n{}",
    "- ```\n  {}\n  ```",
    "````\n{}\n```\n````",
]


def kinds(text):
    return [(line.kind, line.text.strip(" >\n-")) for line in classify(text)]


@pytest.mark.parametrize("form", WRAPPED)
def test_prose_between_fences_is_prose(form):
    text = form.format(PROSE)
    assert ("text", PROSE) in kinds(text)
    assert "code" not in {kind for kind, _ in kinds(text)}
    assert "".join(line.text for line in classify(text)) == text
    unfencer = Unfencer()
    shown = unfencer.feed(text) + unfencer.finish()
    assert PROSE in shown
    assert "`" not in shown
    assert "~" not in shown


@pytest.mark.parametrize("form", BLOCKS)
@pytest.mark.parametrize("code", [CODE, "import this", "def f(x):", '{"a": 1}', "SELECT * FROM t;"])
def test_code_between_fences_is_code(form, code):
    text = form.format(code)
    assert ("code", code) in kinds(text)
    unfencer = Unfencer()
    assert unfencer.feed(text) + unfencer.finish() == text


def test_what_follows_a_fence_is_text_again():
    text = f"{PROSE}\n```\n{CODE}\n```\n{PROSE}\n```markdown\n{PROSE}\n```\n{PROSE}"
    found = [kind for kind, _ in kinds(text)]
    assert found == ["text", "fence", "code", "fence", "text", "mark", "text", "mark", "text"]


PARTS = [
    "```",
    "~~~",
    "````",
    "markdown",
    "python",
    "\n",
    "\n\n",
    PROSE,
    CODE,
    "> ",
    "- ",
    "# ",
    " ",
]


@given(st.lists(st.sampled_from(PARTS), max_size=15).map("".join), st.data())
def test_any_text_cut_anywhere_gives_the_same(text, data):
    assert "".join(line.text for line in classify(text)) == text
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=6).map(sorted))
    unfencer, whole = Unfencer(), Unfencer()
    pieces = [unfencer.feed(text[a:b]) for a, b in pairwise([0, *cuts, len(text)])]
    assert "".join([*pieces, unfencer.finish()]) == whole.feed(text) + whole.finish()
