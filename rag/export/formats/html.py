"""HTML: an answer or a conversation as one page to audit, which needs nothing outside itself.

The page holds the questions, the answers, what checking each sentence gave, and the abstracts with
the exact words marked. It has no script and asks for nothing; its policy forbids both, should
escaping ever fail.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from rag.export.base import AnswerFormat, ConversationFormat
from rag.export.facts import facts
from rag.papers import way_out, way_out_label
from rag.text.safety import for_terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.export.protocols import ExportedAnswer, ExportedSentence
    from rag.papers import Paper

__all__ = ["ANSWER", "CONVERSATION"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = """
:root { color-scheme: light dark; background: #fff; color: #1a1a1a }
a { color: #0b4fa8 }
@media screen and (prefers-color-scheme: dark) {
  :root { background: #16181c; color: #ececec }
  a { color: #9cc4ff }
}
body { font: 1rem/1.55 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }
h1, h2, h3, h4 { line-height: 1.25; overflow-wrap: anywhere }
.answer { white-space: pre-wrap; overflow-wrap: anywhere }
.verdict { font-weight: 600 }
mark { background: #ffe08a; color: #1a1a1a }
li { margin: .4rem 0 }
@media print {
  body { max-width: none; margin: 0 }
  article { break-inside: avoid }
  mark { print-color-adjust: exact; -webkit-print-color-adjust: exact }
}
"""


def _write(answers: Sequence[ExportedAnswer]) -> str:
    title = _safe(answers[0].question) if len(answers) == 1 else "Conversation"
    head = "" if len(answers) == 1 else f"<h1>{title}</h1>\n"
    body = "\n".join(_section(answer, at) for at, answer in enumerate(answers, 1))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{head}{body}\n</main>\n</body>\n</html>\n"
    )


def _section(answer: ExportedAnswer, at: int) -> str:
    """Return one answer; its number keeps the anchors of a conversation apart."""
    parts = [f"<h2>{_safe(answer.question)}</h2>"]
    if answer.standalone_question != answer.question:
        parts.append(f"<p><em>Understood as: {_safe(answer.standalone_question)}</em></p>")
    parts.append(f'<div class="answer">{_safe(answer.text)}</div>')
    if answer.certainty:
        parts.append(f"<p>Confidence: {_safe(answer.certainty)}.</p>")
    if answer.model:
        parts.append(f"<p>Written by {_safe(answer.model)}.</p>")
    parts += [f"<p>Note: {_safe(note)}</p>" for note in answer.notes]
    if answer.sentences:
        rows = "\n".join(_sentence(one, answer, at) for one in answer.sentences)
        parts.append(f"<h3>Checked: {_safe(answer.summary)}</h3>\n<ol>\n{rows}\n</ol>")
    if answer.abstained and answer.closest:
        rows = "\n".join(
            f"<li>{_safe(paper.heading)} ({_safe(paper.id)}): {_safe(why)} {_link(paper)}</li>"
            for paper, why in zip(answer.closest, answer.shortfalls, strict=False)
        )
        parts.append(f"<h3>Closest papers</h3>\n<ul>\n{rows}\n</ul>")
    if answer.papers:
        parts.append("<h3>Papers</h3>")
        parts += [_paper(n, paper, answer, at) for n, paper in sorted(answer.papers.items())]
    return "<section>\n" + "\n".join(parts) + "\n</section>"


def _sentence(one: ExportedSentence, answer: ExportedAnswer, at: int) -> str:
    known = [
        f'<a href="#a{at}-{n}">[{n}]</a>' if n in answer.papers else f"[{n}?]"
        for n in one.citations
    ]
    known += [f"[{n}?]" for n in one.unknown]
    why = f" ({_safe('; '.join(one.reasons))})" if one.reasons else ""
    better = f" “{_safe(one.better.heading)}” supports it better." if one.better else ""
    return (
        f'<li><span class="verdict">{_safe(one.status)}</span>: '
        f"{_safe(one.text)} {' '.join(known)}{why}{better}</li>"
    )


def _paper(n: int, paper: Paper, answer: ExportedAnswer, at: int) -> str:
    known = "\n".join(f"<li>{name}: {_safe(value)}</li>" for name, value in facts(paper))
    spans = [(one.start, one.end) for one in answer.citations if one.n == n and one.quote]
    return (
        f'<article id="a{at}-{n}">\n<h4>[{n}] {_safe(paper.heading)}</h4>\n<ul>\n{known}\n</ul>\n'
        f"<p>{_marked(paper.abstract, spans)}</p>\n<p>{_link(paper)}</p>\n</article>"
    )


def _marked(abstract: str, spans: Sequence[tuple[int, int]]) -> str:
    """Return an abstract with the words at these offsets marked; quotes may overlap."""
    written, at = "", 0
    for start, end in sorted(spans):
        start = max(start, at)  # noqa: PLW2901 - what an earlier quote marked stays in that mark
        if end > start:
            written += _safe(abstract[at:start]) + f"<mark>{_safe(abstract[start:end])}</mark>"
            at = end
    return written + _safe(abstract[at:])


def _link(paper: Paper) -> str:
    return (
        f'<a href="{escape(way_out(paper))}" rel="noopener noreferrer">'
        f"{_safe(way_out_label(paper))}</a>"
    )


def _safe(text: str) -> str:
    return escape(for_terminal(text))


ANSWER = AnswerFormat(
    name="html",
    label="HTML",
    suffixes=(".html", ".htm"),
    media_type="text/html",
    write=lambda answer: _write([answer]),
)
CONVERSATION = ConversationFormat(
    name="html",
    label="HTML",
    suffixes=(".html", ".htm"),
    media_type="text/html",
    write=_write,
)
