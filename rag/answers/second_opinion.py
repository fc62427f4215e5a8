"""What a model makes of an answer that was checked: a second opinion, and repairs.

Both are one more request, and optional. As a judge the model says of each sentence whether what it
cites supports it, and copies the words that decide it: a judgement whose words don't stand in a
cited abstract is void, so that the judge is checked too. As a repairer it corrects or drops the
sentences that failed, and what it writes is checked like everything else. What rules have proven
stays proven.
"""

from __future__ import annotations

import json
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from rag.answers.answer import Answer, Sentence, Verification
from rag.answers.checking import check_text, fails, tidied
from rag.errors import LLMError
from rag.llm.budget import Usage, estimate_tokens
from rag.llm.guard import Screen, quarantine
from rag.llm.messages import Message
from rag.text.decoding import one_line
from rag.verification.quantities import holds_phrase
from rag.verification.verdicts import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rag.answers.draft import Tools
    from rag.answers.stream import Backend
    from rag.llm.budget import Budget
    from rag.papers import Paper

__all__ = ["judge", "repair"]

Checked = TypeVar("Checked", Answer, Verification)

_LEAST_WORDS = 3  # of the abstract, that a judgement must rest on
_REPLY = 16_000  # characters: some hundred judgements
_SURE = 0.75  # what a judge's word counts beside the score that a sentence has


@dataclass(frozen=True, slots=True)
class _Judgement:
    verdict: str
    words: str


class _Edit(NamedTuple):
    start: int
    end: int
    before: str
    after: str


async def judge(checked: Checked, tools: Tools, budget: Budget, backend: Backend) -> Checked:
    """Have the model judge every sentence that cites a paper, in one request.

    Args:
        checked: A text that was checked.
        tools: The model and its prompts.
        budget: What may be used of the model.
        backend: How to wait.

    Returns:
        The same with the model's verdicts, which name it; unchanged, with a note, where it can't
        be asked.
    """
    open_places = [
        place
        for place, one in enumerate(checked.sentences)
        if one.citations and not (one.by == RULES and fails(one))
    ]
    if not open_places:
        return checked
    sentences = [checked.sentences[place] for place in open_places]
    try:
        reply = await _ask("judge", sentences, checked.papers, tools, budget, backend)
    except LLMError as error:
        note = f"{tools.model.name} could not judge the sentences. {error.message}"
        return replace(checked, notes=(*checked.notes, note))
    found: dict[int, _Judgement] = {}
    for number, values in _numbered(reply, len(sentences)):
        verdict = one_line(str(values.get("verdict", ""))).casefold()
        found[number] = _Judgement(verdict, one_line(str(values.get("words", ""))))
    settled = list(checked.sentences)
    void = 0
    for number, place in enumerate(open_places):
        one = settled[place]
        judgement = found.get(number)
        cited = [checked.papers[n] for n in one.citations]
        if judgement is None or not _is_grounded(judgement, cited):
            void += 1
            continue
        settled[place] = _settled(one, judgement, tools.model.name)
    note = f"{len(open_places) - void} of {len(open_places)} sentences judged by {tools.model.name}"
    if void:
        note += f"; {void} of its judgements are void: their words stand in no cited abstract"
    return replace(checked, sentences=tuple(settled), notes=(*checked.notes, f"{note}."))


def _is_grounded(judgement: _Judgement, cited: Sequence[Paper]) -> bool:
    if len(judgement.words.split()) < _LEAST_WORDS:
        return False
    return any(holds_phrase(paper.abstract, judgement.words) for paper in cited)


def _settled(sentence: Sentence, judgement: _Judgement, name: str) -> Sentence:
    if judgement.verdict == "supported":
        score = _SURE + (1 - _SURE) * sentence.score
        return replace(sentence, status="supported", reasons=(), score=score, by=name, spans=())
    finds = (
        "finds that what it cites says otherwise"
        if "contra" in judgement.verdict
        else "doesn't find all of it in what it cites"
    )
    return replace(
        sentence,
        status="doubtful",
        reasons=(f"{name} {finds}: “{judgement.words}”",),
        score=(1 - _SURE) * sentence.score,
        by=name,
    )


async def repair(answer: Answer, tools: Tools, budget: Budget, backend: Backend) -> Answer:
    """Have the model correct or drop the sentences that failed, and check what it wrote.

    Args:
        answer: An answer that was checked.
        tools: The model, its prompts and the verifier.
        budget: What may be used of the model.
        backend: How to wait.

    Returns:
        The answer with the repaired text, and a note for each change; unchanged, with a note, where
        the model can't be asked.
    """
    failed = [one for one in answer.sentences if one.citations and fails(one)]
    if not failed:
        return answer
    try:
        reply = await _ask("repair", failed, answer.papers, tools, budget, backend)
    except LLMError as error:
        note = f"{tools.model.name} could not repair the answer. {error.message}"
        return replace(answer, notes=(*answer.notes, note))
    edits = [
        _Edit(failed[number].start, failed[number].end, failed[number].text, _line(values))
        for number, values in _numbered(reply, len(failed))
        if isinstance(values.get("text"), str)
    ]
    if not edits:
        return replace(answer, notes=(*answer.notes, "The model repaired nothing."))
    text = answer.text
    for edit in sorted(edits, key=lambda one: -one.start):
        text = text[: edit.start] + edit.after + text[edit.end :]
    text = tidied(text)
    papers = answer.papers
    checked = await backend.run(check_text, text, papers, list(papers.values()), tools.verifier)
    notes = [
        f"Corrected: “{edit.before}” became “{edit.after}”"
        if edit.after
        else f"Dropped: “{edit.before}”"
        for edit in edits
    ]
    return replace(
        answer,
        text=text,
        sentences=checked.sentences,
        citations=checked.citations,
        notes=(*answer.notes, *notes),
        usage=budget.as_dict(),
    )


def _line(values: Mapping[str, Any]) -> str:
    screen = Screen(limit=_REPLY)
    return one_line(screen.feed(str(values["text"])) + screen.finish())


async def _ask(
    prompt: str,
    sentences: Sequence[Sentence],
    papers: Mapping[int, Paper],
    tools: Tools,
    budget: Budget,
    backend: Backend,
) -> str:
    """Send sentences with the papers that they cite, and return what the model writes.

    Raises:
        LLMError: the model gave no answer, or there is no room to ask it.
    """
    cited = {n: papers[n] for one in sentences for n in one.citations}
    message = tools.prompts.fill(
        prompt,
        papers="\n\n".join(_paper_block(n, paper) for n, paper in sorted(cited.items())),
        sentences="\n".join(_sentence_block(n, one) for n, one in enumerate(sentences, start=1)),
        count="sentence" if len(sentences) == 1 else f"{len(sentences)} sentences",
    )
    room = budget.room()
    if estimate_tokens(message) > room.input:
        raise LLMError("The papers and sentences are more than the model takes.")
    screen, raw = Screen(limit=_REPLY, prose=False), ""
    usage: Usage | None = None
    deltas = backend.deltas(tools.model, [Message("user", message)], max_tokens=room.output)
    try:
        async with aclosing(deltas):
            async for delta in deltas:
                raw += delta.text
                usage = delta.usage or usage
                screen.feed(delta.text)
                if screen.cut:
                    break
    finally:
        if raw or usage:
            guess = Usage(estimate_tokens(message), estimate_tokens(raw), estimated=True)
            budget.record(usage or guess)
    screen.finish()
    return screen.text


def _paper_block(n: int, paper: Paper) -> str:
    return f'<paper n="{n}">\n{quarantine(paper.title)}\n{quarantine(paper.abstract)}\n</paper>'


def _sentence_block(n: int, sentence: Sentence) -> str:
    cites = ", ".join(map(str, sentence.citations))
    wrong = quarantine("; ".join(sentence.reasons))
    said = f' wrong="{wrong}"' if wrong else ""
    return f'<sentence n="{n}" cites="{cites}"{said}>{quarantine(sentence.text)}</sentence>'


def _numbered(reply: str, count: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the JSON objects of a reply with the places of their sentences, each place once."""
    decoder = json.JSONDecoder()
    seen: set[int] = set()
    at = reply.find("{")
    while at >= 0:
        try:
            values, end = decoder.raw_decode(reply, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            number = values.get("sentence") if isinstance(values, dict) else None
            if isinstance(number, int) and 1 <= number <= count and number not in seen:
                seen.add(number)
                yield number - 1, values
        at = reply.find("{", end)
