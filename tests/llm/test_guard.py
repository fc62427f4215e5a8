"""What of a model's words is shown, whatever it was asked for."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.llm.guard import SENTINEL, Screen, quarantine

ANSWER = "It is fast [1]. It is small [2]."

# Everything around the answer is thought.
THOUGHTS = [
    "<think>Hm.</think>{}",
    "<think>\nHm.\n\nWait.\n</think>\n\n{}",
    "<think></think>{}",
    "<think>a</think> <think>b</think> {}",
    '<think duration="3">Hm.</think>{}',
    "<THINK>Hm.</THINK>{}",
    "Hm, let me look.\n</think>\n\n{}",
    "Hm, let me look.</think>{}",
    "Hm, let me look. </think> {}",
    "Okay so let me look </think> {}",
    "The user asks about speed. </think>\n{}",
    "</think>\n\n{}",
    "</think> {}",
    "</think>{}",
    "Sure. <think>Hm.</think> {}",
    "[THINK]Hm.[/THINK]{}",
    "[THINKING]Hm.[/THINKING]\n{}",
    "Hm, let me look.[/THINK]\n{}",
    "<thinking>Hm.</thinking>\n{}",
    "<thought>Hm.</thought>{}",
    "<thoughts>Hm.</thoughts>{}",
    "<thought_process>Hm.</thought_process>{}",
    "<thinking_process>Hm.</thinking_process>{}",
    "<antThinking>Hm.</antThinking>{}",
    "<reason>Hm.</reason>{}",
    "<reasoning>Hm.</reasoning>{}",
    "<REASONING_SCRATCHPAD>Hm.</REASONING_SCRATCHPAD>{}",
    "<reflection>Hm.</reflection>{}",
    "<scratchpad>Hm.</scratchpad>{}",
    "<inner_monologue>Hm.</inner_monologue>{}",
    "<internal_thoughts>Hm.</internal_thoughts>{}",
    "<chain_of_thought>Hm.</chain_of_thought>{}",
    "<cot>Hm.</cot>{}",
    "<seed:think>Hm.</seed:think>{}",
    "◁think▷Hm.◁/think▷{}",
    "<|think|>Hm.<|/think|>{}",
    "<unused94>thought\nHm.\n<unused95>{}",
    '<details type="reasoning" done="true">\n<summary>Thought</summary>\n> Hm.\n</details>\n{}',
    "<|begin_of_thought|>Hm.<|end_of_thought|>\n<|begin_of_solution|>{}<|end_of_solution|>",
    "<|START_THINKING|>Hm.<|END_THINKING|><|START_RESPONSE|>{}<|END_RESPONSE|>",
    "<think>Hm.</think><answer>{}</answer>",
    "<reasoning>Hm.</reasoning>\n<final_answer>\n{}\n</final_answer>",
    "<think>Say <|im_end|> or [1]?</think>{}",
    (
        "<|channel|>analysis<|message|>Hm.<|end|>"
        "<|start|>assistant<|channel|>final<|message|>{}<|return|>"
    ),
    (
        "<|start|>assistant<|channel|>analysis<|message|>Hm.<|end|>"
        "<|start|>assistant<|channel|>final<|message|>{}"
    ),
    (
        "<|channel|>commentary to=x <|constrain|>json<|message|>{{}}<|call|>"
        "<|start|>assistant<|channel|>final<|message|>{}"
    ),
    "analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>{}",
    "<|channel>thought\nHm.<channel|>{}",
    "analysisThe user asks. We answer.assistantfinal{}",
    "analysis\nThe user asks.\nassistantfinal\n{}",
    "assistantanalysisWe look.assistantcommentaryWe call.assistantfinal{}",
    "Thinking...\nHm.\n...done thinking.\n\n{}",
    "**Thinking:** Hm.\n\n**Answer:** {}",
    "Thinking Process:\n1. Look.\n2. Answer.\n\n### Final answer: {}",
    "Okay, the user asks about speed. Let me look.\n\nAnswer: {}",
    "**Reasoning**\nHm.\n\n**Answer**\n{}",
    "### Reasoning\nHm.\n### Answer\n{}",
    "## Analysis\nHm.\n\n## Final Answer\n\n{}",
    "analysis: Hm.\nfinal: {}",
    "[Reasoning]Hm.[/Reasoning]{}",
    "<|thought|>Hm.<|/thought|>{}",
    "&lt;think&gt;Hm.&lt;/think&gt;{}",
    "&lt;thinking&gt;\nHm.\n&lt;/thinking&gt;\n\n{}",
    "&#60;think&#62;Hm.&#60;/think&#62;\n{}",
    "\\<think\\>Hm.\\</think\\>\n{}",
    "Hm, let me look.\n&lt;/think&gt;\n\n{}",
    "```thinking\nHm.\n```\n{}",
    "```reasoning\nHm.\n\nWait.\n```\n\n{}",
    "```think\nHm.\n```\n```\n{}\n```",
    "````thoughts\nHm.\n````\n{}",
    "~~~thought\nHm.\n~~~\n{}",
    "<｜begin▁of▁thought｜>Hm.<｜end▁of▁thought｜>{}",
    "<details><summary>Thinking</summary>Hm, whales.</details>\n\n{}",
    "<details>\n<summary>Show reasoning</summary>\nHm.\n</details>\n\n{}",
    "> **Thinking**\n> The user asks about whales.\n\n{}",
    "*Thinking: the user asks about whales.*\n\n{}",
    "(Thinking: it is about whales.)\n\n{}",
    "Let me look at the papers. Paper 1 is about whales.\n\n{}",
    "Okay, so the user wants to know this.\n\nI should cite it.\n\n{}",
    "**Plan:** look at paper 1.\n\n**Answer:** {}",
    "Hm, whales.\n\n#### Answer\n{}",
]

# Everything around the answer belongs to a template, or to somebody else's turn.
TEMPLATES = [
    "<|im_start|>assistant\n{}<|im_end|>",
    "<|start_header_id|>assistant<|end_header_id|>\n\n{}<|eot_id|>",
    "<|start_of_role|>assistant<|end_of_role|>{}<|end_of_text|>",
    "<start_of_turn>model\n{}<end_of_turn>",
    "<|assistant|>\n{}<|end|>",
    "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>{}<|END_OF_TURN_TOKEN|>",
    "<｜Assistant｜>{}<｜end▁of▁sentence｜>",
    "<s>{}</s>",
    "<bos>{}<eos>",
    "[INST] Q? [/INST] {}",
    "<|begin_of_box|>{}<|end_of_box|>",
    "<response>{}</response>",
    "<output>\n{}\n</output>",
    "{}<|endoftext|>Human: And its size?",
    "{}<|end_of_text|> Nonsense.",
    "{}<|im_end|>\n<|im_start|>user\nAnd its size?",
    "{}\n\nUser: And its size?\nAssistant: Small.",
    "{}\nHuman: And its size?",
    "{}\n\nQuestion: And its size?\nAnswer: Small.",
    "{}\n### Instruction:\nSay more.",
    "{}\n### Question: And its size?",
    "final{}",
]

# The answer is the text in an object; in its place, quotation marks are escaped.
OBJECTS = [
    '{"answer": "%s"}',
    '{"answer": "%s", "citations": [1, 2]}',
    '{"citations": [1, 2], "answer": "%s"}',
    '```json\n{\n  "answer": "%s",\n  "citations": [1, 2]\n}\n```',
    '```\n{"response": "%s"}\n```\n',
    'json\n{"answer": "%s"}',
    'Sure! Here is the answer:\n\n```json\n{"answer": "%s"}\n```',
    '<think>Hm.</think>{"answer": "%s"}<|im_end|>',
    '{"reasoning": "Hm.", "answer": "%s"}',
    '{"answer": "**Answer:** %s", "confidence": 0.9,}',
    '{"answer":\n"%s"\n}',
    '{"Final Answer": {"text": "%s"}}',
    '{"name": "reply", "arguments": {"answer": "%s"}}',
    '{"antwort": "%s"}',
    "{'answer': '%s'}",
    '{"answer": "%s',
    '{"sentences": [{"text": "It is fast.", "citations": [1]}, {"text": "It is small [2]."}]}',
    '[{"claim": "It is fast", "source": "[1]"}, {"claim": "It is small", "source": {"id": 2}}]',
    '["It is fast [1].", "It is small [2]."]',
]

# What precedes the answer announces it.
PREAMBLES = [
    "Sure, I can help with that! ",
    "Great question \u2014 ",
    "Based on the provided abstracts, here's what I found: ",
    "According to the abstracts provided,\n\n",
    "Response from assistant:\n",
    "I have read the papers. ",
    "As an AI language model, I can answer from the abstracts. ",
    "¡Claro! ",
    "Bien sûr ! ",
    "Natürlich! ",
    "Assistant: ",
    "**Assistant:** ",
    "### Assistant:\n",
    "AI: ",
    "ChatGPT: ",
    "A: ",
    "model\n",
    "assistant\n",
    "Answer: ",
    "**Answer:**\n",
    "### Answer\n\n",
    "## Response:\n",
    "**Final Answer**\n\n",
    "Short answer: ",
    "Answer to your question: ",
    "Sure! ",
    "Certainly! ",
    "Of course. ",
    "Great question! ",
    "That's a great question! ",
    "Thank you for the question! ",
    "I'd be happy to help! ",
    "Happy to help. ",
    "Sure! Here is the answer:\n\n",
    "Sure, here's a summary based on the abstracts: ",
    "Sure — here is the answer:\n\n",
    "Sure thing! Here you go:\n\n",
    "Yes! Here is the answer: ",
    "Okay, here's the answer:\n\n",
    "Absolutely, here is the information you requested:\n\n",
    "Here is a concise answer to the question:\n\n",
    "Here's what the papers say:\n\n",
    "Here you go:\n\n",
    "Below is the answer based on the papers:\n\n",
    "Based on the provided papers, here is the answer:\n\n",
    "Based on the abstracts provided: ",
    "According to the given sources:\n",
    "The answer is:\n\n",
    "The answer to your question is as follows:\n\n",
    "Let me answer that for you.\n\n",
    "I'll answer based on the papers provided.\n\n",
    "As an AI language model, I can answer:\n",
    "Assistant: Sure! Here is the answer:\n\n",
    "Question: How fast is it?\nAnswer: ",
    "**Question:** How fast is it?\n\n**Answer:** ",
    "Q: How fast is it?\nA: ",
    "Human: How fast is it?\nAssistant: ",
]

SENTINELS = [
    *("NOT-IN-THE-PAPERS", "NOT_IN_THE_PAPERS", "NOT IN THE PAPERS", "NOTINTHEPAPERS"),
    *("not-in-the-papers", "Not-In-The-Papers", "NotInThePapers", "NOT\\_IN\\_THE\\_PAPERS"),
    *("NOT\u2011IN\u2011THE\u2011PAPERS", "NOT\uff0dIN\uff0dTHE\uff0dPAPERS"),
    *("NOT–IN–THE–PAPERS", "NOT—IN—THE—PAPERS"),
    *("NOT - IN - THE - PAPERS", "NOT-IN- THE-PAPERS", "NOT-IN-THE PAPERS"),
    *("NOT-FOUND-IN-THE-PAPERS", "NOT-IN-THE-PROVIDED-PAPERS"),
    *("NOT-IN-THE-PAPER", "NOT-IN-PAPERS", "NOT IN PAPERS", "NOT-IN-THE-ABSTRACTS"),
    *("Not in the papers.", "not in the paper", "Not in the abstracts.\n"),
    *("**NOT-IN-THE-PAPERS**", "`NOT-IN-THE-PAPERS`", '"NOT-IN-THE-PAPERS"', "“NOT-IN-THE-PAPERS”"),
    *("[NOT-IN-THE-PAPERS]", "<NOT-IN-THE-PAPERS>", "{NOT-IN-THE-PAPERS}", "«NOT-IN-THE-PAPERS»"),
    *("# NOT-IN-THE-PAPERS", "- NOT-IN-THE-PAPERS", "> NOT-IN-THE-PAPERS", "~~NOT-IN-THE-PAPERS~~"),
    *("$\\text{NOT-IN-THE-PAPERS}$", "\\boxed{NOT-IN-THE-PAPERS}", "```\nNOT-IN-THE-PAPERS\n```"),
    *("Answer: NOT-IN-THE-PAPERS", "Sure! NOT-IN-THE-PAPERS", "The answer is NOT-IN-THE-PAPERS."),
    *("NOT-IN-THE-PAPERS</s>", "<think>Hm.</think>\nNOT-IN-THE-PAPERS", "NOT-IN-THE-PAPERS."),
]

# What only resembles all of that is shown as it is.
PLAIN = [
    "The tag `</think>` ends a thought [1].",
    "They put reasoning between <think> and </think> tags [1].",
    "A model emits <think> before it answers [1].",
    "The token </think> ends it [1].",
    "It has two tags: <think> and </think>.",
    "<thin ice> is not a thought.",
    "<details>\nIt is fast [1].\n</details>\nIt is small [2].",
    "Let me-too drugs are rare [1].\n\nThey cost less [2].",
    "The plan: prune first [1].\n\nThen tune [2].",
    "The rate is a < b > c, and x</y [1].",
    "A page has &lt;b&gt; and &lt;think&gt, and a \\\\<b\\\\> [1].",
    "It is thought ```thinking``` helps [1].",
    "```python\nx = {1}\n```\nIt is fast [1].",
    "The analysis shows it is fast [1].",
    "Analysis shows it is fast [1].",
    "Finally, it is fast [1].",
    "Final results show that it is fast [1].",
    "Answers are short [1]. User: studies show it.",
    "We need less memory with LoRA [1].\n\nIt trains 0.1% of the weights [1].",
    "First, we see that depth helps [1]. Second, width does [2].",
    "Step 1: pretrain [1].\nStep 2: tune [2].",
    "Of course they differ [1].",
    "Sure loss is the main drawback [1].",
    "Okay-ish results are reported [1].",
    "The result is not in the papers of others [1].",
    "Here is how it works: the model halves memory [1].",
    "Here are two ways: LoRA [1] and QLoRA [2].",
    "Based on contrastive learning, CLIP is fast [1].",
    "According to the papers, it is fast [1].",
    "A model is fast [1].",
    "Questions: they are many [1].\nAnswers are few [2].",
    "Question answering: it is fast [1].\nA model is small [2].",
    "Analysis shows that it is fast [1].\n\n**Answering** it is small [2].",
    "AI systems are fast [1].",
    "It is fast [1]. trailing space",
    "Here is the answer:",
]
SAMPLES = [
    *(form.format(ANSWER) for form in (*THOUGHTS, *TEMPLATES)),
    *(form + ANSWER for form in PREAMBLES),
    *(form.replace("%s", ANSWER) for form in OBJECTS),
    *SENTINELS,
    *PLAIN,
    f"{SENTINEL}\nThe papers are about bread.",
    f"  <think>Is it {SENTINEL}?</think>\n\nIt is fast.",
    f"It is fast. {SENTINEL} It is small.",
    "NOT-IN-THE-PAPER, but nearly. NOT-IN",
    "Bell \x07 and \x1b[31mred\x1b[0m \u202eflipped.",
    "trailing space  \n\n",
    "```markdown\nIt is fast [1].\n```",
]


def screened(pieces, limit=10_000):
    """Return what a reader has in the end, who forgets what is withdrawn."""
    screen, shown = Screen(limit=limit), ""
    for piece in (*pieces, None):
        more = screen.finish() if piece is None else screen.feed(piece)
        shown = more if screen.withdrawn else shown + more
    assert shown == screen.text
    return shown, screen


@pytest.mark.parametrize("form", THOUGHTS)
def test_no_form_of_thought_is_part_of_the_answer(form):
    shown, screen = screened([form.format(ANSWER)])
    assert shown.strip() == ANSWER
    assert screen.thinks


@pytest.mark.parametrize("form", TEMPLATES)
def test_no_token_of_a_template_and_no_turn_of_others_is_shown(form):
    assert screened([form.format(ANSWER)])[0].strip() == ANSWER


@pytest.mark.parametrize("form", OBJECTS)
def test_the_text_in_an_object_is_the_answer(form):
    text = form.replace("%s", ANSWER)
    assert screened([text])[0].strip() == ANSWER
    assert screened(text)[0].strip() == ANSWER


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"answer": "It is fast", "citations": [1, 3]}', "It is fast [1, 3]"),
        ('{"answer": "It is \\"fast\\"\\nand small [1]."}', 'It is "fast"\nand small [1].'),
        ('{"answer": null, "reason": "none"}', ""),
        ('{"answer": "NOT-IN-THE-PAPERS"}', ""),
        ('{"speed": 1}', '{"speed": 1}'),
        ("[1] is fast.", "[1] is fast."),
        ("{x} is fast [1].", "{x} is fast [1]."),
    ],
)
def test_what_an_object_holds_and_what_is_none(text, shown):
    assert screened([text])[0] == screened(text)[0] == shown


@pytest.mark.parametrize("begins", ['{"a": "', "{'answer': '", '[{"a": 1}, '])
def test_an_object_without_end_is_cut(begins):
    screen = Screen(limit=1000)
    for _ in range(5000):
        screen.feed(begins if not screen.text else "It is fast [1]. ")
        screen.feed("It is fast [1], and small. ")
        if screen.cut:
            break
    assert screen.cut
    assert len(screen.text) == 1000


@pytest.mark.parametrize("form", PREAMBLES)
def test_no_preamble_is_shown(form):
    assert screened([form + ANSWER])[0].strip() == ANSWER


@pytest.mark.parametrize("text", SENTINELS)
def test_every_spelling_of_the_sentinel_is_read_and_none_is_shown(text):
    shown, screen = screened([text])
    assert (shown.strip(), screen.sentinel) == ("", True)
    shown, screen = screened([f"It is fast.\n{text}"])
    if "not in the" not in text.lower().split("\n")[0] or text.isupper():
        assert (shown.strip().startswith("It is fast."), screen.sentinel) == (True, True)


@pytest.mark.parametrize("text", PLAIN)
def test_what_only_resembles_it_is_shown_as_it_is(text):
    shown, screen = screened([text])
    assert (shown, screen.sentinel, screen.thinks) == (text, False, False)


@pytest.mark.parametrize("text", SAMPLES)
def test_how_the_text_is_cut_makes_no_difference(text):
    whole, first = screened([text])
    for size in (1, 2, 5):
        shown, screen = screened([text[at : at + size] for at in range(0, len(text), size)])
        assert (shown, screen.sentinel, screen.remark) == (whole, first.sentinel, first.remark)


PARTS = [
    *(
        "<think>",
        "</think>",
        "<",
        "think",
        "[/THINK]",
        "<|im_end|>",
        "<|im_start|>user",
        "analysis",
    ),
    *(
        "assistantfinal",
        "<|channel|>",
        "final",
        "<|message|>",
        "Sure",
        "! ",
        "Here is",
        " the answer",
    ),
    *(
        ":",
        "\n",
        "\n\n",
        "```",
        "markdown",
        "NOT-IN",
        "-THE-",
        "PAPERS",
        " ",
        ". ",
        "It is",
        " fast",
    ),
    *("[1]", "User:", "Okay, ", "Answer", "**", "</s>", "\\boxed{", "}", "# ", "a"),
    *("&lt;think&gt;", "&lt;/think&gt;", "\\<think\\>", "```thinking\n", "\n```\n", "```json\n"),
    *('{"answer": "', '", "citations": [1]}', '"}', "{'answer': '", "&", "\n\n", "the user"),
]


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PARTS), max_size=25).map("".join), st.data())
def test_any_text_cut_anywhere_gives_the_same(text, data):
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=8).map(sorted))
    parts = [text[a:b] for a, b in pairwise([0, *cuts, len(text)])]
    whole, first = screened([text])
    shown, screen = screened(parts)
    assert (shown, screen.sentinel, screen.remark) == (whole, first.sentinel, first.remark)
    assert SENTINEL not in shown


@given(st.lists(st.sampled_from([*"NOT-IN-THE-PAPERS <think>/\n.", SENTINEL, "word"]), max_size=40))
def test_no_text_shows_the_sentinel_or_is_made_up(pieces):
    shown, _ = screened(pieces)
    assert SENTINEL not in shown
    assert len(shown) <= len("".join(pieces))


def test_the_sentinel_first_hides_what_follows():
    shown, screen = screened([f"{SENTINEL}\nThe papers are about bread."])
    assert shown.strip() == ""
    assert screen.sentinel
    assert "about bread" in screen.remark


def test_the_sentinel_behind_words_is_taken_out():
    shown, screen = screened([f"It is fast. {SENTINEL}"])
    assert shown == "It is fast."
    assert screen.sentinel
    assert not screen.remark


def test_no_paper_can_say_the_sentinel_in_any_spelling():
    for text in ("NOT-IN-THE-PAPERS", "not_in_the_papers", "NOT IN THE ABSTRACTS"):
        _, screen = screened([f"It says: {quarantine(text)}."])
        assert not screen.sentinel


def test_a_thought_that_never_ends_shows_nothing_and_is_not_kept():
    screen = Screen(limit=100)
    for _ in range(1000):
        assert screen.feed("<think>on and on ") == ""
    assert screen.finish() == ""
    assert len(screen._pending) < 100


def test_no_control_character_gets_through():
    shown, _ = screened(["Bell \x07 and \x1b[31mred\x1b[0m \u202eflipped."])
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "\u202e" not in shown


def test_the_limit_cuts():
    shown, screen = screened(["word " * 100], limit=12)
    assert len(shown) == 12
    assert screen.cut


def test_words_are_shown_as_they_come():
    screen = Screen(limit=1000)
    pieces = [screen.feed(word) for word in ("Ship ", "noise ", "doubles ", "the ", "error ")]
    assert "".join(pieces).strip() == "Ship noise doubles the error"
    assert sum(bool(piece) for piece in pieces) >= 4
