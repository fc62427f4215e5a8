"""The weights of the evidence ranker, and what each feature is there for.

    log-odds of being evidence = bias + sum of weight x feature

Fitted by `python -m benchmarks.evidence --fit` on claims (SciFact train) and on questions of our
own. A claim and a question have a weight of their own for each feature. What is "covered" is a
share of the question's words, each counted by how rare it is in the library: 0 to 1.

By words
    covered_topic: of the words that the title has, times the share of the question that lies beyond
        the title: a sentence that only repeats the topic of a question is none of its answers.
    covered_new: of the words that the title lacks; of all words where the title has all.
    covered_gap: of all words, less the best in the abstract: the sentence that holds most is meant.
    covered_here: with the words that few sentences of this abstract hold counting most.
    position: 0 for the first sentence to 1 for the last; findings stand late.
    first, last: 1 for the first and the last; background, and remarks on code or outlook.
    length: logarithm of its number of words, less 3; a longer sentence says more.
    numbers: logarithm of 1 + its numbers in digits; findings come with figures.
    results, aim, proposal: 1 where it tells a result, states an aim, presents something new.
    general: 1 where it speaks of extensive experiments or of effectiveness, as every paper may.
    availability: 1 where it says where code or data are to be had.
    pronoun: 1 where it begins with "It", "These" or the like and so doesn't stand alone.
    asked_kind: how well it is of the kind that is asked for (see `cues`), less the mean of the
        abstract: numbers for "how many", causes for "why", faults for drawbacks.
    paper_covered: covered by the whole paper, title included: the right paper holds the words.
    paper_rank: 1 / rank of the paper by retrieval.
    paper_farther, paper_fewer: its cosine less the best paper's, and its keyword score as a share
        of the best paper's, less 1: how far it falls behind in each leg of the search.

By meaning
    cosine_z: cosine with the question, in standard deviations from the abstract's mean.
    cosine_rank: 1 / rank by cosine in the abstract: the nearest stands out.
    beyond_topic: product with the question, both without their part along the abstract's mean
        vector: near to what is asked beyond the topic.
    centrality: cosine with the abstract's mean vector: main statement or detail.
    paper_cosine, paper_best: of the question with that mean vector, and with the nearest sentence.
"""

from __future__ import annotations

__all__ = ["BIAS", "WEIGHTS"]

# Of claims, and of questions.
WEIGHTS: dict[str, tuple[float, float]] = {
    "covered_topic": (0.714, -5.260),
    "covered_new": (1.506, 1.908),
    "covered_gap": (2.181, 0.578),
    "covered_here": (0.496, 0.562),
    "position": (2.365, 1.249),
    "first": (0.108, -1.231),
    "last": (-0.710, -0.465),
    "length": (0.432, 0.323),
    "numbers": (0.343, -0.114),
    "results": (0.517, -0.053),
    "aim": (-1.367, -0.314),
    "proposal": (0.346, 0.298),
    "general": (-0.706, -0.498),
    "availability": (-0.649, -1.683),
    "pronoun": (-0.897, 0.148),
    "asked_kind": (-0.000, 1.178),
    "paper_covered": (0.800, -0.644),
    "paper_rank": (1.394, 0.727),
    "paper_farther": (7.883, 4.637),
    "paper_fewer": (2.979, 2.145),
    "cosine_z": (0.153, 0.217),
    "cosine_rank": (0.816, 0.377),
    "beyond_topic": (1.116, 2.346),
    "centrality": (2.032, -0.866),
    "paper_cosine": (-0.909, 3.399),
    "paper_best": (0.590, 2.348),
}
BIAS = (-6.974, -6.245)
