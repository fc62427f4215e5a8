"""Tell whether a text is in English, which is all that the fitted models can check."""

from __future__ import annotations

import re

__all__ = ["is_checkable"]

_WORD = re.compile(r"[^\W\d_]+")
_ENOUGH = 6  # words: shorter texts say too little of their language
# The commonest words of languages in Latin script that English lacks. Two of them for every
# English one, and a text is taken for foreign.
_FOREIGN = frozenset(
    "der die das und ist nicht ein eine einen einem mit von zu den dem für auf auch sich werden"
    " wird wurde durch bei oder als dass sind im zur zum"
    " le la les des du et est une dans pour que qui sur avec pas ne au aux ce cette sont par plus"
    " el los las del y es un una en para con por no se su lo como más pero al"
    " il lo gli di che è per con non sono della delle nel"
    " het een van niet zijn op voor met aan dat wordt"
    " o os da do em um uma não na ao pelo são".split()
) - {"a", "an", "as", "at", "do", "in", "no", "on", "so", "is", "die", "me", "he", "plus", "per"}
_ENGLISH = frozenset(
    "the of and to in is that for with are as by on this was from be which an it we at or not can"
    " than has have these were their its a".split()
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
