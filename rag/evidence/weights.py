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

By meaning (the vector of a sentence is the direction of the sum of its tokens, in their context)
    cosine_z: cosine with the question, in standard deviations from the abstract's mean.
    cosine_rank: 1 / rank by cosine in the abstract: the nearest stands out.
    beyond_topic: product with the question, both without their part along the abstract's mean
        vector: near to what is asked beyond the topic.
    centrality: cosine with the abstract's mean vector: main statement or detail.
    paper_cosine, paper_best: of the question with that mean vector, and with the nearest sentence.
    match_z: how near the question's words come to those of the sentence (see `token_match`), in
        standard deviations from the abstract's mean.
    match_gap: the same, less that of the best sentence of all papers.
    paper_match: of the question with the whole paper, less that of the best paper.
    paper_match_rank: 1 / rank of the paper by that.
"""

from __future__ import annotations

__all__ = ["BIAS", "WEIGHTS"]

# Of claims, and of questions.
WEIGHTS: dict[str, tuple[float, float]] = {
    "covered_topic": (1.900, -4.770),
    "covered_new": (1.465, 2.031),
    "covered_gap": (1.958, -0.968),
    "covered_here": (0.380, 0.780),
    "position": (2.499, 1.413),
    "first": (0.113, -1.331),
    "last": (-0.671, -0.324),
    "length": (0.273, -0.255),
    "numbers": (0.427, -0.001),
    "results": (0.517, -0.045),
    "aim": (-1.358, -0.250),
    "proposal": (0.407, 0.213),
    "general": (-0.805, -0.427),
    "availability": (-0.612, -1.470),
    "pronoun": (-0.711, 0.146),
    "asked_kind": (0.000, 1.166),
    "paper_covered": (0.153, -0.840),
    "paper_rank": (1.331, 0.896),
    "paper_farther": (4.309, 2.207),
    "paper_fewer": (2.035, 0.341),
    "cosine_z": (-0.435, -0.276),
    "cosine_rank": (0.757, 0.933),
    "beyond_topic": (4.485, 4.741),
    "centrality": (5.581, 6.624),
    "paper_cosine": (0.792, 3.364),
    "paper_best": (-0.247, 0.476),
    "match_z": (0.376, 0.183),
    "match_gap": (0.792, 4.083),
    "paper_match": (5.165, 8.319),
    "paper_match_rank": (1.120, 1.246),
}
BIAS = (-11.308, -12.585)
