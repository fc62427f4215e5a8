"""One spelling for words that are written in several: British and American, Greek letters, hyphens.

Plurals that only Latin, Greek or Old English explain become singulars too.

Nothing here is ever shown: texts are rewritten only to be compared.
"""

from __future__ import annotations

import re

__all__ = ["SINGULARS", "one_spelling"]

_GREEK = dict(
    zip(
        "αβγδεζηθικλμνξοπρστυφχψω",
        (
            "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron"
            " pi rho"
            " sigma tau upsilon phi chi psi omega"
        ).split(),
        strict=True,
    )
) | {"ς": "sigma", "ϵ": "epsilon", "ϕ": "phi", "ϑ": "theta", "µ": "mu"}
# A letter behind others is a word of its own: "TGFβ1" is "TGF beta1".
_GREEK_LETTER = re.compile(rf"([^\W\d_])?([{''.join(_GREEK)}])", re.IGNORECASE)
_MICRO = "μµ"
_UNIT = re.compile(r"(?:m|l|g|s|M|V|A|W|mol)(?![^\W_])")
_GREEK_WORD = re.compile("[\u0370-\u03ff]{3,}")  # Greek itself stays

# Words in "-ise" whose kin are written with an s everywhere: "precise" and "precision". What else
# is rewritten without need ("wise") is so in every text alike.
_ISE = (
    r"^(?!(?:adv|a?r|circumc|conc|exc|impr?ov|inc|prec|prov|re?v|superv|unsuperv|telev)is)"
    r"([^\W\d_]{2,}?)is(e[sdr]?|ers|ing|ation|ations|ational|able)$"
)
_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), spelling)
    for pattern, spelling in (
        (_ISE, r"\1iz\2"),
        (r"^((?:an|par|cat|di|electr|hydr)[^\W\d_]*?l)ys(e[sdr]?|ers|ing)$", r"\1yz\2"),
        (
            (
                r"^((?:un|mis|re|over|anti)?(?:behavi|col|fav|hum|lab|neighb|rum|tum|vap|hon|harb|vig"
                r"|od|arm|end?eav|sav|fl?av|splend|parl|rig|cand|clam|val))our(?=s|ed|ing|al|able|less|ful|hood"
                r"|ite|ism|ally|ably|er|$)"
            ),
            r"\1or",
        ),
        (
            r"^((?:milli|centi|kilo|micro|nano|epi)?(?:cent|lit|met|theat|spect))re(s|d)?$",
            r"\1er\2",
        ),
        (r"^((?:micro|nano)?(?:fib|calib))re(s|d)?$", r"\1er\2"),
        (
            (
                r"^((?:un|re|mis|pre|dis)?(?:label|model|travel|cancel|channel|level|signal|total|fuel|panel"
                r"|tunnel|marshal|dial|initial|equal|kernel|pencil|counsel|quarrel|rival|spiral|trial))l(?=ed|ing|er|ers)"
            ),
            r"\1",
        ),
        (r"^(an|leuk|ur|bacter|isch|[^\W\d_]*glyc|[^\W\d_]*lipid)aem", r"\1em"),
        (r"^haem", "hem"),
        (r"^(p|orthop|encyclop|an|arch|gyn|c|prim)ae", r"\1e"),
        (r"^ae(?=ti|st)", "e"),
        (r"^oe(?=d|s)", "e"),
        (r"^(f|diarrh|am|hom|man)oe(?=t|a|b|o|u)", r"\1e"),
        (r"^(defen|offen|licen|preten)ce$", r"\1se"),
        (r"^program(?:me)(s?)$", r"program\1"),
        (r"^(catal|dial|anal|monol|epil)ogue(s?)$", r"\1og\2"),
        (r"^artef(?=act)", "artif"),
        (r"^scept(?=ic)", "skept"),
        (r"^sulph", "sulf"),
        (r"^grey", "gray"),
        (r"^age(?=ing$)", "ag"),
        (r"^judge(?=ment)", "judg"),
    )
)
# Something British is rare: most texts need none of the rules.
_SUSPECT = re.compile(
    r"is(?:e|ing|ation|able)|ys(?:e|ing)|our|[tb]re|ll(?:ed|ing|er)|ae|oe|nce|amme|ogue|artef|scept"
    r"|sulph|grey|ageing|judgement",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+")
# Plurals whose singular the stemmer doesn't find.
SINGULARS = dict(
    pair.split(":")
    for pair in (
        "analyses:analysis automata:automaton axes:axis bacteria:bacterium children:child"
        " codices:codex corpora:corpus crises:crisis criteria:criterion diagnoses:diagnosis"
        " emphases:emphasis feet:foot fungi:fungus genera:genus hypotheses:hypothesis"
        " indices:index lemmata:lemma loci:locus matrices:matrix maxima:maximum"
        " men:man metastases:metastasis mice:mouse minima:minimum mitochondria:mitochondrion"
        " neuroses:neurosis nuclei:nucleus optima:optimum parentheses:parenthesis people:person"
        " phenomena:phenomenon polyhedra:polyhedron prognoses:prognosis prostheses:prosthesis"
        " quanta:quantum schemata:schema simplices:simplex spectra:spectrum stimuli:stimulus"
        " strata:stratum syntheses:synthesis taxa:taxon teeth:tooth theses:thesis"
        " vertebrae:vertebra vertices:vertex viscera:viscus vortices:vortex wolves:wolf women:woman"
    ).split()
)
_PLURAL = re.compile(
    rf"(?<![^\W\d_])(?:(hyper|micro|sub|super|meta|un|pseudo|endo|eigen)?"
    rf"({'|'.join(SINGULARS)}))(?![^\W\d_])",
    re.IGNORECASE,
)
# Parts that some writers join with a hyphen, some without, some with a space: the joined word is
# set behind them.
_JOINED = re.compile(
    r"(?<![^\W_-])((pre|re|non|un|multi|semi|self|co|sub|over|under|fine|cross|inter|intra|anti|auto"
    r"|meta|post|super|hyper|micro|macro|bi|de|mis|out|up|down|pseudo|hetero|homo|uni|mono|poly|ultra"
    r"|trans|off|on|data|work|time|bench|back|feed|look)-([^\W\d_]{3,}))(?![^\W_-])",
    re.IGNORECASE,
)


def one_spelling(text: str) -> str:
    """Rewrite a text so that words that are spelled in several ways compare as one.

    >>> one_spelling("Tumours were modelled and analysed; colour in the centre")
    'Tumors were modeled and analyzed; color in the center'
    >>> one_spelling("Two corpora of hypotheses")
    'Two corpus of hypothesis'
    >>> one_spelling("TGF-β1 in β-cells, pre-training")
    'TGF-beta1 in beta-cells, pre-training pretraining'
    """
    if not text.isascii() and not _GREEK_WORD.search(text):
        text = _GREEK_LETTER.sub(_spell_out, text)
    text = _PLURAL.sub(_singular, text)
    if _SUSPECT.search(text):
        text = _WORD.sub(_american, text)
    return _JOINED.sub(r"\1 \2\3", text) if "-" in text else text


def _spell_out(match: re.Match[str]) -> str:
    before, letter = match[1] or "", match[2]
    unit = letter in _MICRO and _UNIT.match(match.string, match.end())
    return f"{before}{' ' if before else ''}{'u' if unit else _GREEK[letter.lower()]}"


def _singular(match: re.Match[str]) -> str:
    return f"{match[1] or ''}{SINGULARS[match[2].lower()]}"


def _american(match: re.Match[str]) -> str:
    word = match[0]
    if not _SUSPECT.search(word):
        return word
    for pattern, spelling in _RULES:
        changed = pattern.sub(spelling, word)
        if changed != word:
            return changed
    return word
