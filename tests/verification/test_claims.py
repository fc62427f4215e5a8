"""Sentences that only hold an answer together, and short ones that state something."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.verification.claims import makes_claim

DATA = Path(__file__).parents[1] / "data"
LINKS, CLAIMS = (
    (DATA / name).read_text("utf-8").splitlines()
    for name in ("linking_sentences.txt", "short_claims.txt")
)


@pytest.mark.parametrize("text", CLAIMS)
def test_no_claim_passes_for_a_link(text: str) -> None:
    assert makes_claim(text)


def test_nearly_all_links_are_let_be() -> None:
    taken = [text for text in LINKS if makes_claim(text)]
    assert len(taken) <= len(LINKS) // 20, taken
