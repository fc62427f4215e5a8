"""Follow-ups made whole: "and its memory cost?" becomes a question that can be looked up.

With a language model, the model rewrites. Without one, a heuristic does, in three steps:

1. Does the question lean on what was said before? It does when it opens with a connective ("and",
   "so", "what about"), when it has a pronoun or a noun such as "the method" with nothing before it
   in the question to stand for, when it names a source ("[2]", "the second paper"), or when all
   that it asks about is general ("any weakness?") or, in a short question, is a word of the papers
   that were cited just now.
2. A named source is replaced by the title of its paper.
3. Otherwise the question that opened the subject is set before the follow-up. Evidence is then
   looked for with the follow-up alone, since the opening question has been answered already, and
   the papers cited last are read again whether or not they are found.

Setting the opening question in front found the right paper first for 14 of 14 follow-ups that were
written for the purpose; the title of the first cited paper in its place, for 11 (docs/chat.md).
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, NamedTuple

from rag.evidence.cues import is_question
from rag.llm.guard import Screen, quarantine
from rag.llm.messages import Message
from rag.text.citations import find_markers
from rag.text.decoding import one_line
from rag.text.terms import terms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rag.answers.answer import Answer
    from rag.llm.budget import Usage
    from rag.llm.client import Delta
    from rag.llm.prompts import Prompts
    from rag.papers import Paper

__all__ = ["FollowUp", "Rewrite", "join", "make_standalone", "meant_by", "stands_for_nothing"]

_LONGEST_TOPIC = 400  # characters
_LONGEST_REWRITE = 600
_TURNS = 3  # shown to the model
_CLIP = 700  # characters of an answer shown to the model

_CONNECTIVE = re.compile(
    r"^(?:and|but|so|also|or|then|ok(?:ay)?|what about|how about|in that case|why so|why not)\b",
    re.IGNORECASE,
)
_NOUNS = (
    r"(?:papers?|authors?|methods?|approach(?:es)?|models?|techniques?|stud(?:y|ies)|works?"
    r"|systems?|data ?sets?|benchmarks?|frameworks?|algorithms?|results?|findings?|experiments?"
    r"|evaluations?|one|ones|idea|others?)"
)
_PRONOUN = re.compile(
    r"\b(?:it|its|itself|they|them|their|theirs|themselves|he|she|his|her|these|those|both"
    rf"|this(?! year)|that(?= {_NOUNS}\b|[?.!,]|$)|the (?:same|former|latter|first|second|third"
    rf"|last)(?: {_NOUNS}\b|(?=[?.!,]|$))|the {_NOUNS}(?=[ ?.!,]|$)(?! (?:of|for|that|which|on"
    r"|about|by|in|from|with)\b))\b",
    re.IGNORECASE,
)
# "Is it possible to ...": this "it" stands for nothing.
_IDLE_IT = re.compile(
    r"\b(?:is|was|be|makes?|finds?) it (?:\w+ly )?(?:possible|true|better|best|useful|feasible"
    r"|known|safe|worth|necessary|important|hard|easy|difficult|common|cheap|cheaper)\b",
    re.IGNORECASE,
)
# A person names a source by a marker, as answers have them, or by these words.
_SPOKEN = re.compile(
    r"\b(?:papers?|sources?|references?|numbers?|no\.)\s*"
    r"(\d{1,3}(?:(?:\s*[,&]\s*|\s*,?\s+and\s+)\d{1,3})*)\b"
    r"|\bthe (first|second|third|fourth|fifth|last) (?:one|paper|source)\b",
    re.IGNORECASE,
)
_ORDER = ("first", "second", "third", "fourth", "fifth")
# What a model puts before the question that it was asked for, and what only a person can answer.
_LABEL = re.compile(
    r"^[\s>#*_-]*(?:(?:rewritten|standalone|stand-alone|self-contained|reformulated|revised|new|next"
    r"|final|full) )*(?:question|query)[\s*_]*:[\s*_]*",
    re.IGNORECASE,
)
_ASKS_BACK = re.compile(
    r"\b(?:clarify|do you mean|would you like|how (?:can|may) i|sorry|as an ai|(?:assist|help) you"
    r"|i (?:can(?:not|['\u2019]t)|do not|don['\u2019]t|am unable|need)"
    r"|please (?:provide|rephrase))\b",
    re.IGNORECASE,
)
_IMPERATIVE = re.compile(
    r"^(?:compare|contrast|define|describe|discuss|explain|find|give|list|name|outline|say|show"
    r"|summari[sz]e|tell)\b",
    re.IGNORECASE,
)
_DEFINES = re.compile(r"^(?:what (?:is|are|does)|define|explain|who)\b", re.IGNORECASE)
_NAME = re.compile(r"(?<!^)\b(?:[A-Z][\w-]*[A-Z0-9][\w-]*|[A-Z][a-z]+[\w-]*)")
# What may be asked of any paper.
_GENERAL = (
    "accuracy accurate accurately precise precision reliable robust quick quickly slowly advantage"
    " answer any apply architecture author available baseline benchmark benefit"
    " best better big bigger case change cheap cheaper claim code compare comparison compute"
    " conclusion contribution cost data dataset downside drawback easy efficient enough error"
    " evaluate evaluation evidence example expensive experiment explain fail failure fast faster"
    " few finding fix future gain good hardware help idea improve improvement inference insight"
    " intuition kind label language large latency less limit limitation long loss main many measure"
    " memory method metric model more name need number open other parameter performance problem"
    " real reason release remain require result say scale set setting show shortcoming size slow"
    " slower small solution speed step strength study summarise summarize support task test time"
    " train training try tune use weakness work worse wrong year"
)
_WORD = re.compile(r"\w+")


class FollowUp(NamedTuple):
    """A question as it is looked up.

    Attributes:
        question: Understood without what was said before.
        focus: The part of it that the evidence must answer.
        also: Ids of papers that are read whether or not they are found.
        depends: Whether the question leaned on what was said before.
    """

    question: str
    focus: str
    also: tuple[str, ...] = ()
    depends: bool = False


def make_standalone(
    question: str, *, topic: str, last: Answer, sources: Mapping[int, Paper]
) -> FollowUp:
    """Make a follow-up whole without a language model.

    Args:
        question: As it was asked.
        topic: The question that opened the subject.
        last: The answer before.
        sources: The papers cited in the conversation, by their numbers.
    """
    cited = meant_by(last)
    named = _named_sources(question, last, sources)
    if named:
        replaced = _with_titles(question, named)
        ids = dict.fromkeys(paper.id for one in named for paper in one.papers)
        return FollowUp(replaced, replaced, tuple(ids), depends=True)
    if not _depends(question, cited):
        return FollowUp(question, question)
    return join(question, topic, last)


def join(question: str, topic: str, last: Answer) -> FollowUp:
    """Set the question that opened the subject in front of one that follows on it."""
    opening = topic if len(topic) <= _LONGEST_TOPIC else topic[:_LONGEST_TOPIC].rsplit(" ", 1)[0]
    if opening and opening[-1] not in ".?!":
        opening += "?" if is_question(opening) else "."
    follow_up = question[:1].upper() + question[1:]
    also = tuple(paper.id for paper in meant_by(last))
    return FollowUp(f"{opening} {follow_up}", question, also, depends=True)


def _depends(question: str, cited: Sequence[Paper]) -> bool:
    if _CONNECTIVE.match(question):
        return True
    plain = _IDLE_IT.sub(" ", question)
    if any(not _stands_inside(match, plain) for match in _PRONOUN.finditer(plain)):
        return True
    specific = _specific(question)
    if _DEFINES.match(question) and specific:
        return False
    if _NAME.search(question) or len(terms(question, grammar=False)) > 4:
        return False
    return specific.issubset(one for p in cited for one in terms(f"{p.title}\n{p.abstract}"))


def _stands_inside(pronoun: re.Match[str], question: str) -> bool:
    """Tell whether a pronoun has something to stand for in the question itself."""
    before = question[: pronoun.start()]
    if pronoun[0].lower().startswith("the"):  # they, them, their, the method, these
        return any(word.endswith("s") and _specific(word) for word in _WORD.findall(before))
    if pronoun[0].lower() in {"it", "its", "itself"} and _NAME.search(before):
        return True
    return len(_specific(before)) > 1


def meant_by(last: Answer) -> list[Paper]:
    """Return the papers that a follow-up may mean: those cited, or else the closest ones."""
    return list(last.papers.values()) or list(last.closest)


def stands_for_nothing(question: str) -> bool:
    """Tell whether a question asks only what could be asked of any paper.

    >>> stands_for_nothing("And how accurate is it?"), stands_for_nothing("And how do bees dance?")
    (True, False)
    """
    return not _specific(question)


def _specific(text: str) -> set[str]:
    """Return the terms of the words that could not be asked of any paper."""
    return {*terms(text, grammar=False)} - _general()


@functools.cache
def _general() -> frozenset[str]:
    return frozenset(terms(_GENERAL))


class _Named(NamedTuple):
    """A place in a question that names papers: `question[start:end]`."""

    start: int
    end: int
    papers: tuple[Paper, ...]


def _named_sources(question: str, last: Answer, sources: Mapping[int, Paper]) -> list[_Named]:
    """Return the places that name papers, in order and apart."""
    places = [(one.start, one.end, one.piece.numbers) for one in find_markers(question)]
    for match in _SPOKEN.finditer(question):
        if not any(start < match.end() and match.start() < end for start, end, _ in places):
            places.append((*match.span(), _numbers(match, last)))
    named = [
        _Named(start, end, tuple(sources[n] for n in numbers if n in sources))
        for start, end, numbers in sorted(places)
    ]
    return [one for one in named if one.papers]


def _numbers(spoken: re.Match[str], last: Answer) -> tuple[int, ...]:
    if spoken[1]:
        return tuple(map(int, re.findall(r"\d+", spoken[1])))
    listed, word = list(last.papers), spoken[2].lower()
    place = -1 if word == "last" else _ORDER.index(word)
    return (listed[place],) if -len(listed) <= place < len(listed) else ()


def _with_titles(question: str, named: Sequence[_Named]) -> str:
    replaced, at = "", 0
    for one in named:
        titles = " and ".join(f"“{one_line(paper.title)}”" for paper in one.papers)
        replaced += question[at : one.start] + titles
        at = one.end
    return replaced + question[at:]


class Rewrite:
    """A follow-up that a language model makes whole.

    Args:
        question: As it was asked.
        answers: The answers before, in order.
        sources: The papers cited in the conversation, by their numbers.
        prompts: Holds the prompt.

    Attributes:
        messages: What is sent.
        usage: The tokens of the request, once the endpoint has told them.
        raw: What the model sent.
    """

    def __init__(
        self,
        question: str,
        *,
        answers: Sequence[Answer],
        sources: Mapping[int, Paper],
        prompts: Prompts,
    ) -> None:
        turns = [
            f"Question: {quarantine(answer.standalone_question)}\n"
            f"Answer: {quarantine(answer.text, markers=True)[:_CLIP]}"
            for answer in answers[-_TURNS:]
        ]
        recent = {n for answer in answers[-_TURNS:] for n in answer.papers}
        papers = [
            f"[{n}] {quarantine(sources[n].title)[:300]}" for n in sorted(recent & set(sources))
        ]
        prompt = prompts.fill(
            "standalone",
            conversation="\n\n".join(turns),
            papers="\n".join(papers) or "none",
            question=one_line(question),
        )
        self.messages = (Message("user", prompt),)
        self.usage: Usage | None = None
        self.raw = ""
        self._screen = Screen(limit=_LONGEST_REWRITE)
        self._question = question
        said = [f"{one.standalone_question} {one.text}" for one in answers]
        titles = [paper.title for paper in sources.values()]
        self._known = set(terms(" ".join([question, *said, *titles]), grammar=False))

    def take(self, delta: Delta) -> None:
        """Take the next piece from the model."""
        self.raw += delta.text
        self.usage = delta.usage or self.usage
        self._screen.feed(delta.text)

    def result(self) -> str | None:
        """Return the rewritten question, or None where the model gave nothing like one."""
        self._screen.finish()
        if self._screen.cut or self._screen.sentinel:
            return None
        lines = [_LABEL.sub("", line) for line in self._screen.text.split("\n")]
        lines = [line for line in (one_line(one).strip("\"'“”`* ") for one in lines) if line]
        asking = [line for line in lines if _asks(line)]
        line = (asking or lines or [""])[0]
        return line if line and self._is_ours(line, asks=bool(asking)) else None

    def _is_ours(self, line: str, *, asks: bool) -> bool:
        """Tell whether a line is the question made whole: no answer, no refusal, no other."""
        if not asks and (_asks(self._question) or line.endswith(".")):
            return False
        if _ASKS_BACK.search(line) and not _ASKS_BACK.search(self._question):
            return False
        if list(find_markers(line)) and not list(find_markers(self._question)):
            return False
        words = set(terms(line, grammar=False))
        return not words or not words.isdisjoint(self._known)


def _asks(line: str) -> bool:
    return is_question(line) or line.endswith("\uff1f") or _IMPERATIVE.match(line) is not None
