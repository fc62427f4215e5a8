"""What an answer is made of."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rag.papers import Paper
    from rag.search.query import Filters

__all__ = [
    "ANSWER_MODES",
    "Answer",
    "AnswerKind",
    "AnswerMode",
    "Citation",
    "Retrieved",
    "Sentence",
    "Status",
    "Verification",
    "retraction_notes",
]

AnswerMode: TypeAlias = Literal["extractive", "llm"]
ANSWER_MODES: tuple[AnswerMode, ...] = ("extractive", "llm")
AnswerKind: TypeAlias = Literal["papers", "list", "library", "talk"]
Status = Literal[
    "supported", "weak", "doubtful", "unsupported", "misattributed", "uncited", "unchecked"
]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an answer that makes a claim.

    Attributes:
        text: Without its citation markers.
        status: What checking it against the papers it cites gave.
        citations: The numbers that it cites.
        unknown: Numbers that it cites and no paper has.
        reasons: What is wrong with it, in short sentences; empty when all is well.
        quotes: The words that it rests on, as positions in the citations; where it fails the
            check, the words that come closest.
        better: The paper that supports it better, when it is misattributed.
        start: Where it begins in the answer's text, with its markers.
        end: Where it ends there.
        score: How likely it is that what it cites supports it, 0 to 1.
        by: Who judged it: `rules`, `reader` (the model of the package), or another model's name.
        spans: The stretches of it that are not supported, as offsets `(start, end)` in the text.
    """

    text: str
    status: Status
    citations: tuple[int, ...]
    unknown: tuple[int, ...] = ()
    reasons: tuple[str, ...] = ()
    quotes: tuple[int, ...] = ()
    better: Paper | None = None
    start: int = 0
    end: int = 0
    score: float = 1.0
    by: str = "rules"
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Citation:
    """The exact words that an answer rests on: `paper.abstract[start:end] == quote`.

    A paper that is cited for something it says nothing of has an empty quote.

    Attributes:
        n: The number of the paper in the answer; the quotes of one paper share it.
        paper: The paper.
        quote: The words.
        start: Offset of their first character in the abstract.
        end: Offset behind their last character.
        score: How well they answer the question, 0 to 1.
    """

    n: int
    paper: Paper
    quote: str
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Retrieved:
    """A paper that was found for a question, cited or not.

    Attributes:
        id: The paper's id.
        score: Higher is better; comparable within one search.
    """

    id: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checked:
    """A text whose sentences were checked against what they cite."""

    text: str
    sentences: tuple[Sentence, ...] = ()
    citations: tuple[Citation, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def papers(self) -> dict[int, Paper]:
        """The cited papers by their number."""
        return {citation.n: citation.paper for citation in self.citations}

    @property
    def summary(self) -> str:
        """The outcome of the check on one line."""
        return _summary(self.sentences)

    def unsupported_words(self, sentence: Sentence) -> list[str]:
        """Return the stretches of one of its sentences that are not supported."""
        return [self.text[start:end] for start, end in sentence.spans]

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, ready for JSON."""
        return {**asdict(self), "summary": self.summary}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification(_Checked):
    """What checking a text against the papers it cites gave.

    Attributes:
        text: The text, as it was given.
        sentences: Those that make a claim, in order.
        citations: The quotes that they rest on.
        notes: What a reader should know.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(_Checked):
    """An answer and all that shows where it comes from.

    Attributes:
        question: As it was asked.
        standalone_question: As it was searched: a follow-up made whole.
        text: The answer, with markers such as `[1]`.
        sentences: Its sentences that make a claim, in order, each with what checking it gave.
        citations: The quotes that it rests on, in order of first use.
        kind: `papers` where they answer; `list` where all papers that fit are listed; `library`
            where the catalogue answers; `talk` for small talk.
        abstained: True when the papers don't hold the answer.
        confidence: How sure it is that the papers hold the answer, 0 to 1.
        filters: Which papers were used, whoever said so; None for all.
        filters_read: What of it the question states in words; None where it states nothing.
        fitting: How many papers fit, where they are listed; else None.
        listed: How many of them have been listed, here and before.
        closest: The papers nearest to the question, when it abstains.
        shortfalls: For each of them, why it doesn't answer.
        mode: `extractive` when it quotes, `llm` when a model wrote it.
        model: The name of the model that wrote it.
        declined_by: The name of the model that was to write it and found no answer in the papers.
        usage: `input_tokens`, `output_tokens`, `requests`, and `cost` where prices are known.
        parameters: How the model was asked.
        prompt_hash: SHA-256 of all that the model was sent.
        retrieved: The papers that were found, best first.
        timings: Seconds by step.
        notes: What a reader should know, such as papers that a filter left out.
    """

    question: str
    standalone_question: str
    kind: AnswerKind = "papers"
    abstained: bool = False
    confidence: float = 0.0
    filters: Filters | None = None
    filters_read: Filters | None = None
    fitting: int | None = None
    listed: int = 0
    closest: tuple[Paper, ...] = ()
    shortfalls: tuple[str, ...] = ()
    mode: AnswerMode = "extractive"
    model: str | None = None
    declined_by: str | None = None
    usage: dict[str, float] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    prompt_hash: str | None = None
    retrieved: tuple[Retrieved, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)

    @property
    def certainty(self) -> str:
        """How sure the answer is, in words: what was found, and what checking it gave.

        The papers may well hold the answer, and the model may still have written something else:
        a written answer is no surer than the share of its sentences that are supported. Empty
        where the papers gave no answer, or weren't asked.
        """
        from rag.answers.abstention import in_words

        if self.abstained or self.kind not in {"papers", "list"}:
            return ""
        if self.mode != "llm" or not self.sentences:
            return in_words(self.confidence)
        worth = {"supported": 1.0, "weak": 0.6, "unchecked": 0.5}
        share = sum(worth.get(one.status, 0.0) for one in self.sentences) / len(self.sentences)
        return in_words(min(self.confidence, share))

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, ready for JSON."""
        return {**_Checked.as_dict(self), "certainty": self.certainty}

    def export(self, format: str) -> str | bytes:  # noqa: A002 - as the command line calls it
        """Write the answer, or exactly the papers that it cites, for elsewhere.

        Args:
            format: The name of a format of an answer, such as `markdown` or `provenance` (JSON),
                or of papers, such as `bibtex`.

        Returns:
            Text; bytes where the format is none of text, as Word's is.

        Raises:
            LibraryError: there is no such format; the hint lists those that there are.
        """
        from rag.export import export_answer

        return export_answer(self, format)


def _summary(sentences: Sequence[Sentence]) -> str:
    if not sentences:
        return "no sentence to check"
    counts = Counter(sentence.status for sentence in sentences)
    supported = counts.pop("supported", 0)
    kinds: tuple[Status, ...] = get_args(Status)[1:]
    rest = [f"{counts[kind]} {kind}" for kind in kinds if counts[kind]]
    noun = "sentence" if len(sentences) == 1 else "sentences"
    return ", ".join([f"{supported} of {len(sentences)} {noun} supported", *rest])


def retraction_notes(citations: Iterable[Citation]) -> tuple[str, ...]:
    """Say which of the cited papers were retracted."""
    cited = {one.n: one.paper for one in citations if one.paper.retracted}
    return tuple(
        f"[{n}] was retracted: “{paper.title or paper.id}”." for n, paper in sorted(cited.items())
    )
