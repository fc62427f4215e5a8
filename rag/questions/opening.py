"""How a question opens before it asks: "So, ...", "Well, could you tell me ...".

Every pattern that looks at the first words of a question begins with it, so that none of them reads
an opening that another doesn't.
"""

from __future__ import annotations

__all__ = ["OPENING"]

OPENING = (
    r"^(?:(?:so|and|but|ok|okay|also|please|then|now|well|hi|hello|hey)[ ,]+)*"
    r"(?:(?:(?:can|could|would|will) you (?:please )?(?:tell|explain to|show) me"
    r"|(?:please )?(?:tell|explain to) me|i(?:'d| would) like to know|i wonder|do you know)[ ,]+)?"
)
