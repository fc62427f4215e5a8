"""From the text of an answer to its checked sentences and the exact words they rest on."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from rag.answers.answer import Citation, Sentence, retraction_notes
from rag.answers.cited_sentences import CitedSentence, split_claims
from rag.models.reader import BUILT_IN
from rag.verification.claims import heading_makes_claim, makes_claim, row_makes_claim
from rag.verification.verdicts import RULES, Evidence, SentenceVerdict, Status
from rag.verification.verifier import Claim, Verifier

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from rag.papers import Paper

__all__ = [
    "Checked",
    "bare",
    "check_text",
    "fails",
    "left_out_note",
    "passes",
    "tidied",
    "without_failed",
]

_QUOTES = 2  # of one paper for one sentence
_AS_GOOD = 0.85  # a second quote must come this close to the best
_FAILS = frozenset({"doubtful", "unsupported", "misattributed", "uncited"})
_EMPTY_LINE = re.compile(r"[ \t>]*(?:(?:[-*+•]|\d{1,3}[.)]|#{1,6})[ \t]*|[|\s]*)?")
_EMPTY_FENCE = re.compile(
    r"^[ \t>]*(?P<fence>`{3,}|~{3,})[^`\n]*\n\s*(?:^[ \t>]*(?P=fence)[`~]*[ \t]*$|\Z)", re.MULTILINE
)
_CODE = SentenceVerdict(
    status=Status.UNCHECKED,
    reasons=("code can't be compared with an abstract",),
    score=0.5,
)


class Checked(NamedTuple):
    """The sentences of a text that make a claim, the quotes that they rest on, and notes."""

    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    notes: tuple[str, ...] = ()


def check_text(
    text: str, numbered: Mapping[int, Paper], pool: Sequence[Paper], verifier: Verifier
) -> Checked:
    """Check each sentence of a text against the papers that it cites.

    Args:
        text: With markers such as `[1]`; what makes a claim is checked wherever it stands.
        numbered: The paper behind each number that the text may cite.
        pool: All papers among which a better one may be found; those of `numbered` that are cited
            are added where they are missing.
        verifier: Judges the sentences.
    """
    papers = {paper.id: paper for paper in pool}
    titles = {bare(paper.title) for paper in (*papers.values(), *numbered.values())}
    claims = [one for one in split_claims(text, sources=numbered) if _is_claim(one, titles)]
    for claim in claims:
        papers.update({numbered[n].id: numbered[n] for n in claim.numbers if n in numbered})
    places = {paper_id: index for index, paper_id in enumerate(papers)}
    read = [claim for claim in claims if claim.kind != "code"]
    verdicts = verifier.check(
        [
            Claim(
                text=claim.text,
                cited=tuple(places[numbered[n].id] for n in claim.numbers if n in numbered),
                unknown=_unknown(claim, numbered),
            )
            for claim in read
        ],
        list(papers.values()),
    )
    found = iter(verdicts)
    listed = list(papers.values())
    citations = _Citations()
    sentences: list[Sentence] = []
    for claim in claims:
        verdict = _CODE if claim.kind == "code" else next(found)
        cited = tuple(n for n in claim.numbers if n in numbered)
        quotes = [
            citations.place(n, numbered[n], words)
            for n in cited
            for words in _words(places[numbered[n].id], verdict)
        ]
        sentences.append(
            Sentence(
                text=claim.text,
                status=verdict.status.value,
                citations=cited,
                unknown=_unknown(claim, numbered),
                reasons=verdict.reasons,
                quotes=tuple(quotes),
                better=None if verdict.better is None else listed[verdict.better],
                start=claim.start,
                end=claim.end,
                score=verdict.score,
                by=verdict.by,
                spans=tuple(_placed(text, claim, verdict.spans)),
            )
        )
    quotes_of = citations.all()
    notes = (*retraction_notes(quotes_of), *_notes(sentences))
    return Checked(tuple(sentences), quotes_of, notes)


def _notes(sentences: Sequence[Sentence]) -> Iterator[str]:
    """Say what could not be checked, and what another model than the built-in one judged."""
    unchecked = Counter(
        "; ".join(one.reasons) for one in sentences if one.status == Status.UNCHECKED.value
    )
    for reason, count in unchecked.items():
        yield f"Not checked: {count} {'passage' if count == 1 else 'passages'}, since {reason}."
    judges = Counter(one.by for one in sentences if one.by not in {RULES, BUILT_IN})
    for name, count in judges.items():
        yield f"{count} {'sentence was' if count == 1 else 'sentences were'} judged by {name}."


def _placed(
    text: str, claim: CitedSentence, spans: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """Find stretches of a sentence in the text that it was taken from, past markers and marks."""
    at = claim.start
    for start, end in spans:
        places = []
        for word in claim.text[start:end].split():
            found = text.find(word, at, claim.end)
            if found < 0:
                break
            places.append(found)
            at = found + len(word)
        if places:
            yield places[0], at


def fails(sentence: Sentence) -> bool:
    """Tell whether a sentence fails the check: wrong, believed to be, or without a source."""
    return sentence.status in _FAILS


def passes(sentence: Sentence) -> bool:
    """Tell whether a sentence was checked and doesn't fail."""
    return not fails(sentence) and sentence.status != Status.UNCHECKED.value


def without_failed(text: str, sentences: Sequence[Sentence]) -> str:
    """Return a text without what didn't pass the check, and without what that leaves."""
    for sentence in reversed(sentences):
        if not passes(sentence):
            before, after = text[: sentence.start], text[sentence.end :]
            joined = before and not before[-1].isspace()
            text = before + (after if joined else after.lstrip(" "))
    return tidied(text)


def tidied(text: str) -> str:
    """Return a text from which sentences were taken without the marks and blanks that they left."""
    text = _EMPTY_FENCE.sub("", text)
    lines = [re.sub(r"(?<=\S) {2,}", " ", line).rstrip() for line in text.split("\n")]
    kept = [line for line in lines if not _is_left_over(line)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def left_out_note(sentences: Sequence[Sentence]) -> str:
    """Say how much `without_failed` leaves out."""
    failed = sum(fails(one) for one in sentences)
    unchecked = sum(not passes(one) for one in sentences) - failed
    parts = [
        f"{failed} {'sentence' if failed == 1 else 'sentences'} that failed the check",
        f"{unchecked} {'passage' if unchecked == 1 else 'passages'} that could not be checked",
    ]
    counts = (failed, unchecked)
    listed = ", ".join(part for part, count in zip(parts, counts, strict=True) if count)
    return f"Left out: {listed}."


def _is_left_over(line: str) -> bool:
    return bool(line.strip()) and _EMPTY_LINE.fullmatch(line) is not None


def _is_claim(sentence: CitedSentence, titles: Container[str]) -> bool:
    if sentence.unknown or sentence.kind == "code":
        return True
    if bare(sentence.text) in titles:
        return False
    if sentence.numbers:
        return True
    states = {"heading": heading_makes_claim, "row": row_makes_claim}.get(
        sentence.kind, makes_claim
    )
    return states(sentence.text)


def bare(text: str) -> str:
    """Return a title or heading in a form to compare: its letters and digits alone."""
    return "".join(char for char in text.casefold() if char.isalnum())


def _unknown(claim: CitedSentence, numbered: Mapping[int, Paper]) -> tuple[int, ...]:
    strange = (n for n in claim.numbers if n not in numbered)
    return tuple(dict.fromkeys((*strange, *claim.unknown)))


def _words(place: int, verdict: SentenceVerdict) -> list[Evidence]:
    found = [one for one in verdict.evidence if one.paper == place]
    kept = [one for one in found if one.score >= _AS_GOOD * found[0].score][:_QUOTES]
    # Every cited paper is listed, also one that says nothing of the kind.
    return kept or [Evidence(paper=place, start=0, end=0, score=0.0)]


class _Citations:
    """The quotes of an answer, each once, in order of first use."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, int, int], Citation] = {}

    def place(self, n: int, paper: Paper, words: Evidence) -> int:
        """Return the position of a quote, adding it on first use."""
        key = (n, words.start, words.end)
        known = self._found.get(key)
        score = max(words.score, known.score if known else 0.0)
        quote = paper.abstract[words.start : words.end]
        self._found[key] = Citation(n, paper, quote, words.start, words.end, score)
        return list(self._found).index(key)

    def all(self) -> tuple[Citation, ...]:
        """Return them."""
        return tuple(self._found.values())
