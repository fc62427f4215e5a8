"""Tell which language a text is in: the fitted models, and the default search, know English."""

from __future__ import annotations

import re

__all__ = ["is_checkable", "language_of"]

_WORD = re.compile(r"[^\W\d_]+")
_ENOUGH = 6  # words: shorter texts say too little of their language
# Words of each language that English lacks, with those by which its questions are told.
_WORDS = {
    "German": "der das und ist sind nicht ein eine einen einem eines mit von zu den dem des für auf"
    " auch sich werden wird wurde wurden durch bei oder als dass im zur zum wie was warum weshalb"
    " welche welcher welches welchen wer wo wann wieviel wieso kann können gibt es man"
    " haben hat zwischen gegen ohne über unter nach aus sie wir mehr verbessert funktioniert",
    "French": "le la les des du et est une dans pour que qui sur avec pas ne au aux ce cette ces"
    " sont par plus un de en comment pourquoi quel quelle quels quelles combien où quoi qu quand"
    " peut peuvent il elle ils elles y leur leurs nous vous entre sans être fait sont-ils ont",
    "Spanish": "el los las del y es un una en para con por se su lo como más pero al cómo qué"
    " cuál cuáles cuántos cuántas cuánto dónde cuándo quién quiénes porqué son hay puede pueden"
    " entre sin sobre la de que los esta este",
    "Italian": "il lo gli di che è per con non sono della delle dei degli nel nella come perché"
    " quale quali quanto quanti quante dove quando chi cosa può possono tra senza un una la le si",
    "Portuguese": "o os da do das dos em um uma não na no ao pelo pela são com por para que como"
    " porquê qual quais quanto quantos onde quando quem pode podem entre sem mais é e de se",
    "Dutch": "het een van niet zijn op voor met aan dat wordt worden de en hoe wat waarom welke"
    " wie waar wanneer hoeveel kan kunnen er bij tussen zonder uit naar ook",
}
_COMMON_NAMES = frozenset({"de", "la", "van", "der", "den", "el", "le", "di", "da", "du"})
_AMBIGUOUS = frozenset(
    "a an as at do in no on so is die me he plus per was man war also not we here who an en es"
    " hat where op aan y o e al se come chi dove".split()
)
_FOREIGN = frozenset(word for words in _WORDS.values() for word in words.split()) - _AMBIGUOUS
_ENGLISH = frozenset(
    "the of and to in is that for with are as by on this was from be which an it we at or not can"
    " than has have these were their its a".split()
)
# Of a question, so that few words are enough.
_ASKED_IN_ENGLISH = _ENGLISH | frozenset(
    "what how why who when where does do did there between about use used any more without if"
    " would should could been but they you i my me them so no all also into over".split()
)
# Scripts by the range of their letters; kana and hangul tell Japanese and Korean from Chinese.
_SCRIPTS = (
    ("Japanese", "\u3040", "\u30ff"),
    ("Korean", "\uac00", "\ud7af"),
    ("Chinese", "\u3400", "\u9fff"),
    ("a language in Cyrillic script", "\u0400", "\u04ff"),
    ("Arabic or Persian", "\u0600", "\u06ff"),
    ("Hebrew", "\u0590", "\u05ff"),
    ("Hindi or a related language", "\u0900", "\u097f"),
    ("Thai", "\u0e00", "\u0e7f"),
)


def is_checkable(text: str) -> bool:
    """Tell whether a text reads as English, or is too short to tell.

    >>> is_checkable("Das Modell ist nicht schneller als die Vorgänger und braucht mehr Speicher.")
    False
    >>> is_checkable("The model is no faster than those before it."), is_checkable("模型并不更快。")
    (True, False)
    """
    letters = [char for char in text if char.isalpha()]
    if not letters:
        return True
    latin = sum(char.isascii() or "À" <= char <= "ɏ" for char in letters)
    greek = sum("Ͱ" <= char <= "Ͽ" for char in letters)
    if latin + greek < 0.7 * len(letters):
        return False
    words = [word.lower() for word in _WORD.findall(text)]
    if len(words) < _ENOUGH:
        return True
    foreign = sum(word in _FOREIGN for word in words)
    english = sum(word in _ENGLISH for word in words)
    return foreign < 2 or foreign <= 2 * english


def language_of(question: str) -> str | None:
    """Name the language that a question is asked in; None for English, and where it can't be told.

    A question is short, so two words of grammar are enough where English has fewer, and one where
    the question opens with it and nothing in it is English.

    >>> language_of("Wie funktioniert Dropout?"), language_of("什么是对比学习?")
    ('German', 'Chinese')
    >>> language_of("What does van der Berg say of la Cruz?") is None
    True
    """
    letters = [char for char in question if char.isalpha()]
    for name, first, last in _SCRIPTS:
        share = sum(first <= char <= last for char in letters)
        # Japanese has Chinese characters too; some kana are enough.
        if share > (0.1 if name == "Japanese" else 0.4) * len(letters) > 0:
            return name
    words = [word.lower() for word in _WORD.findall(question)]
    counts = {name: sum(one in listed for one in words) for name, listed in _LISTED.items()}
    best = max(counts, key=lambda name: counts[name])
    english = sum(word in _ASKED_IN_ENGLISH - _LISTED[best] for word in words)
    telling = _LISTED[best] - _COMMON_NAMES - _AMBIGUOUS - _ASKED_IN_ENGLISH
    if counts[best] >= 2 and counts[best] > english and not telling.isdisjoint(words):
        return best
    opens = len(words) > 1 and words[0] in telling
    return best if opens and not english else None


_LISTED = {name: frozenset(words.split()) for name, words in _WORDS.items()}
