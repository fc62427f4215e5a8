"""The marks by which models and their templates tell thought from answer, and turn from turn.

Reasoning comes between tags, with the opening one or (where the template wrote it) without; in
channels; in a fence that is named for it; under a heading; or with the tags stripped, so that
"analysis ... assistantfinal" is left. Angle brackets may be escaped. None of it is part of the
answer, and neither are a template's tokens or a turn that the model makes up for somebody else.
"""

from __future__ import annotations

import re

__all__ = ["Turns"]

_THINK = (
    r"(?:(?:seed:|ant)?think(?:ing)?(?:[_-]?process)?|thoughts?(?:[_-]?process)?"
    r"|(?:chain|train)[_-]of[_-]thoughts?|cot|reason(?:ing)?(?:[_-][a-z]{1,12})?|reflection"
    r"|analysis|scratch[_-]?pad|(?:inner|internal)[_-](?:monologue|thoughts?)|plan(?:ning)?)"
)
# A thought's tag is also a token between angle brackets: the order counts.
_MARK = re.compile(
    rf"(?P<open><{_THINK}(?: [^<>|\n]{{0,50}})?>|\[(?:THINK(?:ING)?|REASONING)\]|◁think▷"
    r"|<[|｜](?:begin[_▁]of[_▁]thought|START_THINKING|think(?:ing)?|thought)[|｜]>|<unused94>"
    r"|<details(?: type=\"reasoning\"[^<>|\n]{0,60}>"
    r"|(?: open)?>\s{0,3}<summary>[^<>\n]{0,20}(?:think|thought|reason)[^<>\n]{0,30}</summary>))"
    rf"|(?P<close></{_THINK}>|\[/(?:THINK(?:ING)?|REASONING)\]|◁/think▷|<channel\|>"
    r"|<[|｜](?:end[_▁]of[_▁]thought|END_THINKING|/think(?:ing)?|/thought)[|｜]>|<unused95>"
    r"|</details>)"
    r"|(?P<channel><\|channel\|?>[ \t]*(?P<name>[a-z]*)(?:[^<\n]|<\|constrain\|>){0,60}"
    r"(?:<\|message\|>|\n))"
    r"|(?P<turn>(?:<\|(?:im_start|start|start_header_id|start_of_role)\|>|<start_of_turn>)"
    r"(?:[ \t]*(?P<role>assistant|model|user|human|system|developer|tool)(?![a-z]))?"
    r"|<[|｜](?P<speaker>user|human|system|assistant|model)[|｜]>|\[INST\])"
    r"|(?P<end><\|(?:endoftext|end_of_text)\|>|<｜end▁of▁sentence｜>|<eos>)"
    r"|(?P<token><\|[\w ./:-]{1,40}\|>|<｜[^<>｜|\n]{1,40}｜>|</?s>|<(?:bos|pad|unk)>"
    r"|<end_of_turn>|\[/INST\]|<</?SYS>>|\[/?SYSTEM_PROMPT\]|</?(?:final[_-]?)?(?:answer|response|output)>|</?(?:final|result|solution)>)"
    r"|(?P<run_on>\n(?:user|human|question|\#\#\# (?:instruction|input|user|human|question)):)"
    r"|(?P<stripped>(?-i:assistant ?final(?=[^\sa-z]|\n)))"
    rf"|(?P<fenced>(?:`{{3,}}|~{{3,}})[ \t]*\{{?\.?{_THINK}\}}?[ \t]*\n)"
    r"|(?P<fence>\n[ \t>]*(?:`{3,}|~{3,})[ \t]*(?=\n|\Z))",
    re.IGNORECASE,
)
# A mark whose angle brackets are escaped, for HTML or for Markdown.
_ESCAPED = re.compile(
    r"(?:&(?:lt|\#60|\#x3c);|\\<)([/|｜]{0,2}[^<>&\\\n]{1,64})(?:&(?:gt|\#62|\#x3e);|\\>)",
    re.IGNORECASE,
)
_ESCAPED_START = re.compile(
    r"(?:&[a-z0-9#]{0,4}|(?:&(?:lt|\#60|\#x3c);|\\<?)[/|｜]{0,2}(?:[a-z][^<>&\\\n]{0,60})?"
    r"(?:&[a-z0-9#]{0,4}|\\)?)",
    re.IGNORECASE,
)
_FENCED_START = re.compile(r"(?:`{1,2}|`{3,}[^`\n]{0,40}|~{1,2}|~{3,}[^~\n]{0,40})")
_FENCE_START = re.compile(r"\n[ \t>]*(?:`+|~+)?[ \t]*")
_THOUGHTS = frozenset({"analysis", "commentary", "thought", "thoughts", "thinking", "reasoning"})
_FENCES = frozenset({"```", "~~~"})
_MODELS = frozenset({"assistant", "model"})
_LONGEST = 150  # characters of a mark
_WORDS = (
    *("[THINK]", "[THINKING]", "[/THINK]", "[/THINKING]", "[REASONING]", "[/REASONING]"),
    *("[INST]", "[/INST]", "[SYSTEM_PROMPT]"),
    *("[/SYSTEM_PROMPT]", "◁THINK▷", "◁/THINK▷", "\nUSER:", "\nHUMAN:", "\n### INSTRUCTION:"),
    *("\nQUESTION:", "\n### INPUT:", "\n### USER:", "\n### HUMAN:", "\n### QUESTION:"),
)
_STRIPPED_WORDS = ("assistantfinal", "assistant final")
_STARTS = re.compile(r"[<\[◁\na&\\`~]")
# The start of any mark that begins with an angle bracket, or a whole one that may grow.
_ANGLED = re.compile(
    r"<(?:[/|｜<]{1,2}|(?=[a-z]))[^<>\n｜|]{0,64}[|｜]?|<|<</?SYS>"
    r"|<details(?: open)?>\s{0,3}(?:<s?u?m?m?a?r?y?|<summary>[^<>\n]{0,60}(?:</?s?u?m?m?a?r?y?)?)?"
    r"|<\|channel\|?>[ \t]*[a-z]*(?:[^<\n]|<\|constrain\|>){0,60}(?:<[|a-z]{0,10})?"
    r"|(?:<\|(?:im_start|start|start_header_id|start_of_role)\|>|<start_of_turn>)[ \t]*[a-z]{0,9}",
    re.IGNORECASE,
)
# With its tags stripped, reasoning begins with the name of its channel, glued to its first word.
_STRIPPED = re.compile(r"\s*(?:assistant)?(?:analysis|commentary)(?=[ \n]?[A-Z\"“(])")
_FINAL = re.compile(r"\s*(?:assistant)?final(?=[A-Z\"“*\[(\n])")
_CHANNELS = tuple(a + b for a in ("", "assistant") for b in ("analysis", "commentary", "final"))
# How people begin who think aloud. Such a beginning is held back until it is known whether the end
# of a thought follows: whoever has read it can't be made to forget it.
_MUSES = (
    *("okay", "ok,", "alright", "all right", "hmm", "hm,", "hm.", "wait"),
    *("let me", "let's", "let us", "i need", "plan:", "plan**"),
    *("i should", "i have to", "i must", "i'll", "i will", "i think", "we need", "we have to"),
    *(
        "we are asked",
        "we are given",
        "we must",
        "we should",
        "first, i ",
        "first, we ",
        "first, let",
    ),
    *("the user", "user asks", "user wants", "so the user", "so, the user", "so i ", "so we "),
    *("the question is", "the question asks", "to answer th", "thinking", "thought:", "thoughts:"),
    *("thought process", "thoughts\n", "thought**", "thoughts**", "reasoning:", "reasoning\n"),
    *("reasoning**", "analysis:", "analysis\n", "analysis**", "here is my thought"),
    *("here's my thought", "step 1"),
)
# What stands before the answer of a text that began so.
_LABEL = re.compile(
    r"\n[ \t]*(?=(?:\*\*|\#{1,4} ?)?(?:(?:final |my )?answer|final|here is my response|response)"
    r"(?:\*\*)?:)"
    r"|\n[ \t]*(?=(?:\*\*|\#{1,4} ?)(?:final |my )?(?:answer|response)(?:\*\*)?[ \t]*\n)"
    r"|\.\.\.done thinking\.",
    re.IGNORECASE,
)
# How a paragraph speaks of the task, or says that it is a thought.
_ALOUD = re.compile(
    r"\A[\W_]*(?:thinking|thoughts?(?: process)?|reasoning|plan)\b[^\n\w]{0,4}(?:[:\n*_]|\Z)"
    r"|\bthe user\b|\b(?:i|we) (?:should|need to|have to|must|will) (?:cite|answer|look|check|find"
    r"|write|use|read|say|explain|respond|mention)\b"
    r"|\blet(?: me|'s|’s| us) (?:look|see|check|think|read|find|start|go through|analy[sz]e)\b",
    re.IGNORECASE,
)
_LONGEST_LABEL = 40
_QUOTES = frozenset("`\"'“”\u2018\u2019()")
_GOES_ON = frozenset(".,:;!?)")
_ENDS = frozenset("\n.!?:…。")
_LONGEST_GAP = 40  # white space behind the end of a thought that may matter


class Turns:
    """Takes a model's text in any pieces and returns what is neither thought nor token.

    Args:
        limit: How many characters of a beginning that may be a thought are held back at the most.

    Attributes:
        thinks: Whether there was a thought.
        withdrawn: Whether all that was returned before the last piece has turned out to be one.

    >>> turns = Turns(limit=1000)
    >>> turns.feed("<think>Hm.</think>It is fast"), turns.feed(".<|im_"), turns.feed("end|>")
    ('It is fast', '.', '')
    """

    def __init__(self, *, limit: int) -> None:
        self._opening = _Opening(limit)
        self._pending = ""
        self._shown: list[str] = []
        self._returned = False
        self._thought = ""  # the kind of thought that the text stands in
        self._over = False  # somebody else's turn has begun
        self._final = False  # the channel of the answer has begun
        self._named = 0  # opening tags that are spoken of, not used
        self._last = "\n"  # the last character of the answer
        self._closed = True  # whether its words so far end as a sentence or line does
        self._new_line = True  # whether its last line is blank
        self._begun = False  # whether it has any words
        self.thinks = False
        self.withdrawn = False

    def feed(self, text: str) -> str:
        """Take the next characters and return those that belong to the answer for certain."""
        self._pending = _ESCAPED.sub(_unescaped, self._pending + text)
        return self._scan(final=False)

    def finish(self) -> str:
        """End the text and return the rest."""
        shown = self._scan(final=True) + self._opening.finish()
        self.thinks = self.thinks or self._opening.thinks
        return shown

    def _scan(self, *, final: bool) -> str:
        self.withdrawn = False
        self._shown = []
        at = 0
        doubt = len(self._pending) if final else _doubtful(self._pending)
        for match in _MARK.finditer(self._pending):
            self._pass(self._pending[at : min(match.start(), doubt)])
            at = min(match.start(), doubt)
            used = self._take(match, final=final) if match.start() < doubt else None
            if used is None:
                doubt = at
                break
            self._pass("" if used else match[0])
            at = match.end()
        self._pass(self._pending[at:doubt])
        self._pending = self._pending[max(at, doubt) :]
        shown = "".join(self._shown)
        self._returned = self._returned or bool(shown)
        return shown

    def _pass(self, text: str) -> None:
        """Take text that holds no mark."""
        if not text or self._thought or self._over:
            return
        if self._opening.settled:
            self._shown.append(text)
        else:
            self._shown.append(self._opening.feed(text))
            if self._opening.is_thought:
                self._think("stripped")
                return
            self.thinks = self.thinks or self._opening.thinks
        _, line_end, line = text.rpartition("\n")
        self._new_line = (bool(line_end) or self._new_line) and not line.strip(" \t>")
        self._begun = self._begun or bool(text.strip())
        if words := text.rstrip(" \t\"'”’)*_"):
            self._closed = words[-1] in _ENDS
        self._last = text[-1]

    def _take(self, match: re.Match[str], *, final: bool) -> bool | None:
        """Act on a mark; return whether it was one, None when what follows has to tell."""
        kind = str(match.lastgroup)
        if self._over:
            return True
        if self._thought:
            if self._ends_thought(kind, match):
                self._thought = ""
            return True
        if kind in {"open", "close"}:
            act = self._open if kind == "open" else self._close
            return act(match, final=final)
        if kind == "channel":
            self._switch((match["name"] or "").lower())
        elif kind == "turn":
            self._begin_turn(_speaker(match))
        elif kind in {"run_on", "end"}:
            self._over = self._begun
            return self._begun or kind == "end"
        elif kind == "stripped":
            self._withdraw()
        elif kind in {"fenced", "fence"}:
            return self._open_fence(match[0], kind)
        return True

    def _ends_thought(self, kind: str, match: re.Match[str]) -> bool:
        if self._thought in _FENCES:
            return kind == "fence" and self._thought in match[0]
        if kind == "channel":
            return (match["name"] or "final").lower() not in _THOUGHTS
        if kind == "turn":
            return _speaker(match) in _MODELS and self._thought in {"channel", "turn"}
        if kind == "token":
            ends = {"channel": {"<|end|>", "<|return|>", "<|call|>"}, "turn": {"[/INST]"}}
            return match[0] in ends.get(self._thought, set())
        return kind in {"close", "stripped"}

    def _think(self, kind: str) -> None:
        self._shown.append(self._opening.finish())
        self._opening.settled = True
        self._begun = self._begun and kind != "stripped"
        self._last, self._new_line, self._closed = "\n", True, True
        self._thought = kind
        self.thinks = True

    def _open(self, match: re.Match[str], *, final: bool) -> bool | None:
        """Act on the beginning of a thought, unless the tag is only spoken of."""
        if not self._new_line:
            follows = self._pending[match.end() :]
            words = follows.lstrip(" \t")
            if not words and not final and len(follows) < _LONGEST_GAP:
                return None
            # "Sure. <think>Okay, ...", but not "It has two tags: <think> and </think>."
            if not self._closed or not (words[:1] in {"", "\n"} or words[0].isupper()):
                self._named += 1
                return False
        self._think("tags")
        return True

    def _open_fence(self, fence: str, kind: str) -> bool:
        """Act on a fence, which begins a thought where it names one."""
        opens = kind == "fenced" and self._new_line
        if opens:
            self._think(fence[:3])
        return opens

    def _close(self, match: re.Match[str], *, final: bool) -> bool | None:
        """Act on the end of a thought whose beginning was never marked."""
        if match[0].lower() == "</details>":  # which ends much else
            return False
        if self._named:
            self._named -= 1
            return False
        behind = self._pending[match.end() :]
        follows = behind.lstrip(" \t")
        if not follows and not final and len(behind) < _LONGEST_GAP:
            return None
        if self._last in _QUOTES or behind[:1] in _QUOTES:
            return False
        # "... so it helps.</think> It helps", but not "the tag </think> ends a thought".
        starts = follows[:1] in {"", "\n"} or not (follows[0].islower() or follows[0] in _GOES_ON)
        if not starts and not (self._closed and follows[0] not in _GOES_ON):
            return False
        self._withdraw()
        return True

    def _switch(self, channel: str) -> None:
        if channel in _THOUGHTS:
            self._think("channel")
            return
        if channel == "final" and self._begun and not self._final:
            self._withdraw()
        self._final = True

    def _begin_turn(self, speaker: str) -> None:
        if speaker in _MODELS:
            return
        if self._begun:
            self._over = True
        else:
            self._think("turn")

    def _withdraw(self) -> None:
        """Take back all that came so far: it was a thought."""
        self.withdrawn = self.withdrawn or self._returned
        self.thinks = True
        self._shown = []
        self._returned = self._begun = False
        self._opening = _Opening(0)
        self._opening.settled = True
        self._last, self._new_line, self._closed = "\n", True, True


def _speaker(match: re.Match[str]) -> str:
    """Return who speaks in a turn; a model where nobody is named."""
    if match[0].upper() == "[INST]":
        return "user"
    return (match["role"] or match["speaker"] or "assistant").lower()


def _doubtful(text: str) -> int:
    """Return the place of what may yet become a mark; the end of the text where there is none."""
    for match in _STARTS.finditer(text, max(0, len(text) - _LONGEST)):
        if _could_become(text[match.start() :]):
            return match.start()
    return len(text)


def _unescaped(match: re.Match[str]) -> str:
    mark = f"<{match[1]}>"
    return mark if _MARK.fullmatch(mark) else match[0]


def _could_become(rest: str) -> bool:
    if rest[0] in "&\\":
        return _ESCAPED_START.fullmatch(rest) is not None
    if rest[0] in "`~":
        return _FENCED_START.fullmatch(rest) is not None
    if rest[0] == "\n" and _FENCE_START.fullmatch(rest):
        return True
    if rest[0] == "<":
        return _ANGLED.fullmatch(rest) is not None
    if rest[0] == "a":
        return any(word.startswith(rest) for word in _STRIPPED_WORDS)
    return any(word.startswith(rest.upper()) for word in _WORDS)


class _Opening:
    """Holds back the beginning of an answer for as long as it may turn out to be a thought.

    Args:
        limit: How many characters are held back at the most.

    Attributes:
        settled: Whether all further text belongs to the answer.
        is_thought: Whether the text has begun as a channel whose tags were stripped.
        thinks: Whether a thought was dropped.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: list[str] = []
        self._size = 0
        self._muses = False
        self._tail = ""  # of what is held, where a label may begin
        self.settled = False
        self.is_thought = False
        self.thinks = False

    def feed(self, text: str) -> str:
        """Take the next characters of the beginning and return those that are let go."""
        if self._muses:
            return self._muse(text)
        beginning = ("".join(self._held) + text).lstrip()
        self._held = [beginning]
        if _STRIPPED.match(beginning):
            self._held = []
            self.settled = self.is_thought = True
        elif match := _FINAL.match(beginning):
            self._held = [beginning[match.end() :]]
            return self._let_go()
        elif not self._in_doubt(beginning):
            low = _unmarked(beginning)
            if not any(low.startswith(words) and not _goes_on(low, words) for words in _MUSES):
                return self._let_go()
            self._muses, self._held = True, []
            return self._muse(beginning)
        return ""

    @staticmethod
    def _in_doubt(beginning: str) -> bool:
        start, low = beginning.strip(), _unmarked(beginning)
        channel = any(name.startswith(start) for name in _CHANNELS)
        return not start or channel or any(words.startswith(low) for words in _MUSES)

    def finish(self) -> str:
        """End the text and return what is held back, without paragraphs of thought before it."""
        if self.settled:
            return ""
        held = self._let_go()
        while self._muses:
            first, _, rest = held.partition("\n\n")
            if not rest.strip() or not _ALOUD.search(first):
                break
            self.thinks, held = True, rest
        return held

    def _muse(self, text: str) -> str:
        window = self._tail + text
        if match := _LABEL.search(window):
            self.thinks = True
            self._held = [window[match.end() :]]
            return self._let_go()
        self._held.append(text)
        self._size += len(text)
        self._tail = window[-_LONGEST_LABEL:]
        return self._let_go() if self._size > self._limit else ""

    def _let_go(self) -> str:
        self.settled = True
        return "".join(self._held)


def _unmarked(text: str) -> str:
    """Return a beginning in lower case, without the marks of a heading or of bold words."""
    return text.lower().lstrip("#*_> (")


def _goes_on(text: str, words: str) -> bool:
    """Tell whether the last of the words at the start of a text is a longer word."""
    return words[-1].isalpha() and text[len(words) : len(words) + 1].isalpha()
