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
    "covered_topic": (0.625, -5.242),
    "covered_new": (1.449, 1.903),
    "covered_gap": (2.308, 0.539),
    "covered_here": (0.437, 0.546),
    "position": (2.365, 1.215),
    "first": (0.123, -1.248),
    "last": (-0.717, -0.495),
    "length": (0.433, 0.344),
    "numbers": (0.347, -0.104),
    "results": (0.513, -0.092),
    "aim": (-1.374, -0.324),
    "proposal": (0.344, 0.317),
    "availability": (-0.633, -1.622),
    "pronoun": (-0.892, 0.146),
    "asked_kind": (0.000, 1.174),
    "paper_covered": (0.762, -0.613),
    "paper_rank": (1.227, 0.622),
    "paper_farther": (8.620, 5.152),
    "paper_fewer": (2.921, 2.072),
    "cosine_z": (0.151, 0.231),
    "cosine_rank": (0.825, 0.390),
    "beyond_topic": (1.124, 2.322),
    "centrality": (2.014, -0.882),
    "paper_cosine": (-0.877, 3.312),
    "paper_best": (0.857, 2.419),
}
BIAS = (-6.930, -6.161)
