"""What a question asks for, and how sentences that hold such a thing are written.

A question that begins "How many" wants a number, one that begins "Why" a cause, one that speaks of
drawbacks a sentence that admits one. Each kind of question is told by a few words, and so is each
kind of sentence; a sentence of the kind that is asked for gains. Words of a kind are listed once
here, for all questions: nothing depends on a field of research or on a known question.
"""

from __future__ import annotations

import re
from types import MappingProxyType

__all__ = [
    "ASKED",
    "CUES",
    "FITTING",
    "asks_for_a_number",
    "asks_for_several",
    "count_numbers",
    "is_question",
    "lacks_measure",
    "speaks_a_number",
]


def _any_of(words: str) -> re.Pattern[str]:
    """Compile words, separated by spaces, into one pattern: `x*` stands for any ending."""
    forms = (word.replace("_", " ").replace("*", r"\w*") for word in words.split())
    return re.compile(rf"\b(?:{'|'.join(forms)})\b", re.IGNORECASE)


_INTERROGATIVE = re.compile(
    r"\?\s*$|^(?:and |so |but )?(?:what|which|how|why|who|whose|when|where|is|are|was|were|do|does"
    r"|did|can|could|has|have|should|will|would)\b",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"(?<![\w.-])\d+(?:[.,]\d+)*")
_SPOKEN = _any_of(
    "two three four five six seven eight nine ten eleven twelve twenty thirty fifty hundred*"
    " thousand* million* billion* half halv* twice doubl* tripl* third quarter* dozen* single one"
    " few order_of_magnitude orders_of_magnitude"
)

_SEVERAL = re.compile(
    r"^(?:so |and |but )?(?:what|which)(?: \w+){0,2}? (?:approaches|methods|techniques|ways|papers"
    r"|works|studies|strategies|algorithms|systems|schemes|tools|frameworks|solutions|remedies"
    r"|resources|attempts|lines of work)\b"
    r"|\bhas (?:anyone|anybody|there been)\b|\b(?:are|is) there (?:any )?(?:work|papers|studies"
    r"|methods|ways|approaches)\b|\b(?:survey|overview|compare)\b"
    r"|\bwhat (?:is|do we) kno(?:wn|w) (?:about|of)\b"
    r"|\b(?:what|which)\b.*\b(?:exist|have been (?:proposed|tried|suggested|studied))\b",
    re.IGNORECASE,
)

# What a question asks for.
ASKED = MappingProxyType(
    {
        "count": _any_of(
            "how_many how_few how_large how_big how_small how_tiny how_often how_much_data"
            " number_of size"
        ),
        "amount": re.compile(
            r"\bhow (?:much|well|good|far|accurate\w*|precise\w*|high|low|close|reliabl\w+"
            r"|strong\w*|likely|many (?:points|times|percent)"
            r"|does .* (?:do|fare|perform|compare))\b"
            r"|\b(?:what|which) (?:\w+ )?(?:share|fraction|percentage|proportion|score|rate"
            r"|accuracy|gain)\b|\bby how\b",
            re.IGNORECASE,
        ),
        "time": re.compile(
            r"\bhow (?:long|fast|quick\w*|soon|slow\w*)\b|\b(?:quick\w*|fast\w*|slow\w*|speed"
            r"|latency)\b",
            re.IGNORECASE,
        ),
        "how": re.compile(
            r"^(?:and |so |but )?(?:how (?:do|does|did|can|could|is|are|was|were|to|should|would)"
            r"|in what (?:form|way)|(?:by |with )?what (?:techniques?|methods?|approach\w*"
            r"|mechanism|trick\w*|ways?|means))\b",
            re.IGNORECASE,
        ),
        "why": _any_of("why reason* cause* because what_makes what_explains what_drives"),
        "contrast": _any_of(
            "compar* versus vs better worse best against next_to than differ* as_opposed beat*"
            " rather or overtake* unlike gain* outperform* improve*"
        ),
        "fault": _any_of(
            "weak* limit* downside* drawback* fail* can't cannot give_up gives_up given_up suffer*"
            " shortcoming* problem* risk* wrong trouble fault* overlook* leave_out leaves_out miss*"
            " lack* hold_back holds_back hard difficult* danger* not unable bad harm* poor*"
            " bottleneck* disadvantage* challeng* isn't aren't doesn't don't"
        ),
        "prior": _any_of(
            "earlier older old existing usual* previous* prior traditional* conventional* standard"
            " past ordinary so_far current most other"
        ),
        "data": _any_of(
            "dataset* data_set* data corpus corpora benchmark* resource* evaluat* test* tried"
            " training trained_on collect* where hardware place* material language*"
        ),
        "overview": re.compile(
            r"^(?:so )?what(?:'s| is| are| does) (?:an? |the )?[\w-]+(?: [\w-]+){0,3}\W*$"
            r"|\b(?:which|what) (?:paper|work|study|article|publication)s?\b|\bwho\b|\bidea\b"
            r"|\b(?:define|definition|tell me about)\b",
            re.IGNORECASE,
        ),
        "code": _any_of("code github download* available open_source open-source* release*"),
        "condition": _any_of("when most which_setting* which_condition* which_case* under_what"),
    }
)

# How a sentence of a kind is told.
CUES = MappingProxyType(
    {
        "means": _any_of(
            r"by_\w+ing via using through with_the_help based_on leverag* employ* apply applies"
            " applied utili* use used uses first then specifically consist* in_which where combin*"
            " incorporat* integrat* adopt* instead"
        ),
        "cause": _any_of(
            "because due_to caus* since lead_to leads_to led_to results_in results_from resulting"
            " explain* reason* stem stems attribut* owing hence thus therefore allow* enabl*"
            " so_that driven arise* as_a_result insight* intuiti* makes making in_order_to"
            " to_address to_overcome to_avoid to_tackle to_mitigate to_prevent"
        ),
        "contrast": _any_of(
            "than compar* versus vs unlike whereas while in_contrast outperform* surpass* better"
            " worse higher lower superior relative_to respectively as_opposed rather differ*"
            " instead beyond competitive comparable state-of-the-art"
        ),
        "fault": _any_of(
            "however limit* fail* cannot can't drawback* struggl* suffer* lack* ignor* neglect*"
            " unable inab* degrad* difficult* costly expensive problem* issue* poor* only unclear"
            " unknown bias* inefficien* insufficien* vulnerab* still but not at_the_expense"
            " downside* prone artifact* bottleneck* instabilit* unstable although"
        ),
        "prior": _any_of(
            "existing previous* prior traditional* conventional* current recent standard most"
            " earlier past commonly typical* usual* state-of-the-art other unlike while"
        ),
        "data": _any_of(
            "dataset* benchmark* corpus corpora collect* annotat* participant* survey* trained_on"
            " evaluat* experiment* test* perform performed conduct* validat* applied_to task tasks"
            " construct* releas* creat*"
        ),
        "condition": _any_of(
            "especially particularly when if under only setting* case cases most where whenever"
            " in_the_presence scarce small large"
        ),
        "results": _any_of(
            "result results show shows showed shown showing found find finds finding findings"
            " demonstrat* achiev* outperform* reveal* observ* improv* increas* reduc* decreas*"
            " significant* higher lower associated surpass* exceed* experiment* evaluat*"
        ),
        "aim": _any_of(
            "aim aims aimed objective* purpose* goal* investigat* examin* to_determine to_assess"
            " to_evaluate to_test to_study study whether hypothes*"
        ),
        "proposal": _any_of("propos* introduc* present* develop* design*"),
        # "Extensive experiments demonstrate the effectiveness of ...": true of every paper.
        "general": re.compile(
            r"\b(?:extensive|comprehensive|thorough|numerous|various|numerical) (?:\w+ )?"
            r"(?:experiments?|evaluations?|simulations?|results)\b|\b(?:effectiveness|superiority|efficacy"
            r"|versatility) (?:and \w+ )?of\b|\bpaves? the way\b|\boutperforms? (?:the )?(?:state"
            r"|existing|previous|prior|other|all|several)\b",
            re.IGNORECASE,
        ),
        "availability": re.compile(
            r"https?:|\bgithub\b|\bproject (?:page|website)\b"
            r"|\b(?:code|models?|data|weights|videos|demo)\b.*\b(?:available|released?|found at)\b",
            re.IGNORECASE,
        ),
        "pronoun": re.compile(
            r"^(?:(?:however|moreover|furthermore|besides|also|thus|hence|therefore|consequently"
            r"|in addition|additionally|nevertheless|instead|similarly|but|yet|and|so),? )?"
            r"(?:it|its|this|these|they|their|such|those|he|she|that)\b",
            re.IGNORECASE,
        ),
    }
)

# Which kind of sentence answers which kind of question; a why is often answered by a fault.
FITTING = (
    ("how", "means"),
    ("why", "cause"),
    ("why", "fault"),
    ("contrast", "contrast"),
    ("fault", "fault"),
    ("prior", "prior"),
    ("data", "data"),
    ("overview", "proposal"),
    ("code", "availability"),
    ("condition", "condition"),
)

# What can be said in few words only, so that a text without them doesn't say it: how a question
# asks for it, and how a text gives it.
_MEASURES = MappingProxyType(
    {
        "time": (
            re.compile(
                r"\bhow (?:many|much) (?:\w+[ -])?(?:(?:milli|micro)?seconds?|minutes?|hours?|days?"
                r"|weeks?|months?|years?)\b|\bhow long\b.*\b(?:takes?|lasts?|needs?|runs?|took"
                r"|lasted|needed|ran)\b",
                re.IGNORECASE,
            ),
            re.compile(
                r"\d ?-?(?:ms|s|h|hrs?|mins?|secs?)\b"
                r"|(?:seconds?|minutes?|hours?|\bdays?|\bweeks?|\bmonths?|\byears?)\b",
                re.IGNORECASE,
            ),
        ),
        "money": (
            _any_of("dollar dollars euro euros usd paid salary salaries wage wages price"),
            re.compile(
                r"[$€£]|\b(?:dollars?|euros?|usd|paid|pay|salar\w+|wages?|cost|price|budget)",
                re.IGNORECASE,
            ),
        ),
        "energy": (
            _any_of("(?:kilo)?watts? joules? kwh carbon co2 energy"),
            re.compile(
                r"\d ?[km]?[wj]\b|watts?\b|joules?\b|\b(?:kwh|energ|power\b|carbon|co_?2|emission)",
                re.IGNORECASE,
            ),
        ),
        "storage": (
            _any_of("(?:kilo|mega|giga|tera)?bytes? [kmgt]b disk_space"),
            re.compile(
                r"\d ?[kmgt]i?b\b|bytes?\b|\b(?:storage|memory|disk|footprint)\b", re.IGNORECASE
            ),
        ),
        "rate": (
            _any_of("per_(?:second|minute|hour) fps"),
            re.compile(
                r"\bper (?:second|minute|hour)\b|/ ?s(?:ec)?\b|\bfps\b|\bthroughput|\breal[- ]time",
                re.IGNORECASE,
            ),
        ),
        "hardware": (
            _any_of("gpus? tpus? hardware accelerators?"),
            _any_of(
                "gpu* tpu* cpu* nvidia hardware accelerator* device* chip* card* rtx\\w* a100*"
                " h100* v100*"
            ),
        ),
        "licence": (
            _any_of("licen[cs]e*"),
            _any_of("licen[cs]* open_source* open-source* creative_commons public_domain"),
        ),
    }
)


def is_question(text: str) -> bool:
    """Tell a question from a claim.

    >>> is_question("Does it scale?"), is_question("It scales to a million rows.")
    (True, False)
    """
    return bool(_INTERROGATIVE.search(text.strip()))


def count_numbers(sentence: str) -> int:
    """Count the numbers written in digits that aren't part of a name.

    >>> count_numbers("GPT-4 gains 3.5 points on 12 tasks"), count_numbers("WRN-28-8, ResNet-32")
    (2, 0)
    """
    return len(_FIGURE.findall(sentence))


def speaks_a_number(sentence: str) -> bool:
    """Tell whether a number or a share is spelled out."""
    return bool(_SPOKEN.search(sentence))


def asks_for_a_number(question: str) -> bool:
    """Tell whether a number or a measure of time is what a question asks for.

    >>> asks_for_a_number("How many bees are there?"), asks_for_a_number("Why do bees hum?")
    (True, False)
    """
    return any(ASKED[kind].search(question.strip()) for kind in ("count", "amount", "time"))


def asks_for_several(question: str) -> bool:
    """Tell whether several papers are asked for rather than one fact.

    >>> asks_for_several("Which methods count bees?"), asks_for_several("Which method wins?")
    (True, False)
    >>> asks_for_several("What is known about bees?"), asks_for_several("Which data sets exist?")
    (True, True)
    """
    return bool(_SEVERAL.search(question.strip()))


def lacks_measure(question: str, text: str) -> bool:
    """Tell whether a question asks for a measure, such as a time or a price, that a text lacks.

    >>> lacks_measure("How many seconds does a dance last?", "Bees dance in 3 figures.")
    True
    >>> lacks_measure("How many seconds does a dance last?", "A dance takes a minute.")
    False
    """
    return any(
        asked.search(question) and not given.search(text) for asked, given in _MEASURES.values()
    )
