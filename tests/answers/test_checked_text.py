"""What stands anywhere in a text is checked, or counted as not checked."""

from __future__ import annotations

import pytest
from written_answers import WHALES

from rag import Paper
from rag.verification.claims import heading_makes_claim

TEA = Paper(
    id="own:1",
    title="Black Tea and the Sleep of Adults",
    abstract="We asked 240 adults about tea. Drinkers of black tea slept 22 minutes less a night. "
    "Accuracy rose to 93.2%.",
)
COFFEE = Paper(
    id="own:2",
    title="Coffee makes people wake up early",
    abstract="Coffee drinkers woke up earlier. In offices, coffee shortened meetings noticeably.",
)
TEA_CLAIM = "Drinkers of black tea slept 22 minutes less a night."
COFFEE_CLAIM = "Coffee drinkers woke up earlier."
GOOD = f"{TEA_CLAIM[:-1]} [1]."
BAD = "Tea doubles the height of adults."
BARE = "Tea doubles the height of adults"

# Each holds the good sentence, cited, and the bad one.
HIDDEN = {
    "a fence left open": f"{GOOD}\n```\n{BAD}",
    "a fence": f"{GOOD}\n\n```\n{BAD}\n```",
    "a fence of waves": f"{GOOD}\n~~~\n{BAD}\n~~~",
    "a fence of text": f"{GOOD}\n```text\n{BAD}\n```",
    "a fence that claims to be code": f"{GOOD}\n```python\n{BAD}\n```",
    "all in a fence": f"```markdown\n{GOOD} {BAD}\n```",
    "all in a fence without a name": f"```\n{GOOD}\n{BAD}\n```",
    "a fence in a fence": f"````markdown\n{GOOD}\n```\n{BAD}\n```\n````",
    "indented": f"{GOOD}\n\n    {BAD}",
    "code within a line": f"{GOOD} `{BAD}`",
    "a heading": f"# {BAD}\n\n{GOOD}",
    "a heading without a stop": f"## {BARE}\n\n{GOOD}",
    "an underlined heading": f"{BARE}\n===\n{GOOD}",
    "a bold line": f"**{BAD}**\n\n{GOOD}",
    "a bold line without a stop": f"__{BARE}__\n\n{GOOD}",
    "a cell": f"{GOOD}\n\n| What | Effect |\n|---|---|\n| Tea | doubles the height of adults |\n",
    "a cell without borders": f"{GOOD}\n\nWhat | Effect\n---|---\nTea | doubles height of adults\n",
    "a number in a cell": f"{GOOD}\n\n| What | Height |\n|---|---|\n| Tea | +55% |\n",
    "the head of a table": f"{GOOD}\n\n| {BARE} | n |\n|---|---|\n",
    "a quotation": f"> {BAD}\n\n{GOOD}",
    "an item": f"- {GOOD}\n- {BAD}\n",
    "a box to tick": f"{GOOD}\n\n- [x] {BAD}",
    "the words of a link": f"{GOOD} [{BAD}](https://example.org)",
    "the words of an image": f"{GOOD} ![{BAD}](https://example.org/a.png)",
    "struck out": f"{GOOD} ~~{BAD}~~",
    "a comment": f"{GOOD}\n<!-- {BAD} -->",
    "HTML": f"{GOOD}\n<details><summary>More</summary>{BAD}</details>",
    "paragraphs of HTML": f"<p>{GOOD}</p><p>{BAD}</p>",
    "items of HTML": f"<ul><li>{GOOD}</li><li>{BAD}</li></ul>",
    "behind a line end of HTML": f"{GOOD}<br>{BAD}",
    "a question that tells": f"{GOOD} Did you know that {BAD.rstrip('.')}?",
    "a formula": f"{GOOD} $\\text{{{BAD}}}$",
    "a note": f"{GOOD}\n\nNote: {BAD}",
    "behind a line": f"{GOOD}\n\n***\n\n{BAD}",
    "another script": f"{GOOD} 茶让成年人的身高翻倍。",
    "behind the references": f"{GOOD}\n\nReferences\n[1] arXiv:9905.00005\n\n{BAD}",
    "glued to the references": f"{GOOD}\n\nReferences\n[1] arXiv:9905.00005.\n{BAD}",
    "between the references": f"{GOOD}\n\nSources:\n{BAD}\n\n[1] arXiv:9905.00005",
    "a footnote": f"{GOOD}\n\n[^1]: {BAD}",
}


@pytest.mark.parametrize("text", HIDDEN.values(), ids=HIDDEN.keys())
def test_nothing_hides_from_the_check(library, text):
    checked = library.verify(text, [TEA, COFFEE])
    statuses = [sentence.status for sentence in checked.sentences]
    assert sorted(statuses).count("supported") == 1
    assert len(statuses) == 2
    assert not statuses.count("unchecked")
    for sentence in checked.sentences:
        assert checked.text[sentence.start : sentence.end].strip()


@pytest.mark.parametrize(
    "code", ["x = f(3)", '{"claim": "It is so."}', "import tea", "SELECT * FROM tea;"]
)
@pytest.mark.parametrize("end", ["\n```", ""])
def test_code_is_counted_as_not_checked(library, code, end):
    checked = library.verify(f"{GOOD}\n\n```\n{code}{end}", [TEA])
    assert [one.status for one in checked.sentences] == ["supported", "unchecked"]
    assert checked.summary == "1 of 2 sentences supported, 1 unchecked"
    (note,) = checked.notes
    assert "Not checked: 1 passage" in note
    assert checked.as_dict()["sentences"][1]["status"] == "unchecked"


@pytest.mark.parametrize(
    "markers", ["[1][9]", "[1] [9]", "[1, 9]", "[1]【9】", "[1][^9]", "[1](#9) [9]"]
)
def test_an_invented_reference_beside_a_good_one_fails(library, markers):
    (sentence,) = library.verify(GOOD.replace("[1]", markers), [TEA, COFFEE]).sentences
    assert (sentence.status, sentence.citations, sentence.unknown) == ("unsupported", (1,), (9,))


@pytest.mark.parametrize(
    "text",
    [
        f"[1] {TEA_CLAIM} [2] {COFFEE_CLAIM}",
        f"[1]: {TEA_CLAIM}\n\n[2]: {COFFEE_CLAIM}",
        f"- [1] {TEA_CLAIM}\n- [2] {COFFEE_CLAIM}",
        f"{TEA_CLAIM[:-1]} (1). {COFFEE_CLAIM[:-1]} (2).",
        f"{TEA_CLAIM} [citation:1] {COFFEE_CLAIM} [citation:2]",
    ],
)
def test_each_marker_is_of_its_own_sentence_wherever_it_stands(library, text):
    checked = library.verify(text, [TEA, COFFEE])
    found = [(one.status, one.citations) for one in checked.sentences]
    assert found == [("supported", (1,)), ("supported", (2,))]


@pytest.mark.parametrize(
    ("number", "status"),
    [
        ("$93.2\\%$", "supported"),
        ("\\(93.2\\%\\)", "supported"),
        ("$95.2\\%$", "unsupported"),
        ("\\(95.2\\%\\)", "unsupported"),
        ("$\\mathbf{95.2}\\%$", "unsupported"),
    ],
)
def test_numbers_within_formulas_are_numbers(library, number, status):
    (sentence,) = library.verify(f"Accuracy rose to {number} [1].", [TEA]).sentences
    assert sentence.status == status


@pytest.mark.parametrize(
    "heading",
    [
        *(
            "Effects on sleep",
            "Results and limits",
            "What does tea do",
            "Is it fast",
            "Does it scale",
        ),
        *("How LoRA reduces the memory", "Papers that have code", "Models which are small"),
        *(
            "Results for 5 datasets",
            "From 2 to 4 layers",
            "Findings by 2023",
            "Results with GPT-3.5",
        ),
        *("Llama 3.1 and Qwen 2.5", "Attention Is All You Need", "Key findings", "Limitations:"),
    ],
)
def test_a_heading_that_names_its_subject_is_no_claim(heading):
    assert not heading_makes_claim(heading)


@pytest.mark.parametrize(
    "heading",
    [
        *(
            "Dropout lowers the error",
            "LoRA is faster than tuning",
            "Tea doubles the height of adults",
        ),
        *(
            "An accuracy of 99%",
            "Error reduced by 7",
            "A speedup of accuracy 2.5",
            "It never fails.",
        ),
    ],
)
def test_a_heading_that_states_something_is_one(heading):
    assert heading_makes_claim(heading)


def test_the_title_of_a_paper_is_no_claim_as_a_heading(library):
    for heading in (f"## {COFFEE.title}", f"**{COFFEE.title}**"):
        checked = library.verify(f"{heading}\n\n{GOOD}", [TEA, COFFEE])
        assert checked.summary == "1 of 1 sentence supported"


SHIPS = "Ship noise below 60 hertz doubles the error [1]."
WHALE_CLAIM = "Whales vote for three parties."


@pytest.mark.parametrize(
    "text",
    [
        f"{SHIPS}\n\n```\n{WHALE_CLAIM}\n```",
        f"{SHIPS}\n\n```python\nx = whales(3)\n```",
        f"{SHIPS}\n```\nx = whales(3)",
        f"# {WHALE_CLAIM}\n\n{SHIPS}",
        f"**{WHALE_CLAIM}**\n\n{SHIPS}",
        f"{SHIPS}\n\n| What | Number |\n|---|---|\n| Whales vote | 3 |\n",
        f"{SHIPS}\n\nReferences\n[1] Whales.\n\n{WHALE_CLAIM}",
        f"```markdown\n{SHIPS} {WHALE_CLAIM}\n```",
    ],
)
def test_an_answer_counts_it_and_strict_drops_it(server, open_library, text):
    server.reply(text, text)
    answer = open_library().ask(WHALES)
    assert answer.sentences[0].status == "supported" or answer.sentences[-1].status == "supported"
    assert any(one.status in {"uncited", "unchecked"} for one in answer.sentences)
    assert "unc" in answer.summary  # uncited, unchecked
    assert answer.summary in answer.export("markdown")
    strict = open_library(strict=True).ask(WHALES)
    assert SHIPS in strict.text
    assert "hales v" not in strict.text
    assert "whales(3)" not in strict.text
    assert all(one.status == "supported" for one in strict.sentences)
    assert any(note.startswith("Left out") for note in strict.notes)
