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
    "covered_topic": (1.878, -4.727),
    "covered_new": (1.460, 2.028),
    "covered_gap": (1.994, -0.969),
    "covered_here": (0.368, 0.784),
    "position": (2.481, 1.400),
    "first": (0.148, -1.332),
    "last": (-0.610, -0.323),
    "length": (0.251, -0.257),
    "numbers": (0.441, 0.051),
    "results": (0.517, -0.057),
    "aim": (-1.353, -0.251),
    "proposal": (0.412, 0.218),
    "general": (-0.817, -0.439),
    "availability": (-0.608, -1.532),
    "pronoun": (-0.936, 0.114),
    "asked_kind": (-0.000, 1.145),
    "paper_covered": (0.107, -0.844),
    "paper_rank": (1.339, 0.897),
    "paper_farther": (4.393, 2.263),
    "paper_fewer": (2.047, 0.339),
    "cosine_z": (-0.407, -0.278),
    "cosine_rank": (0.746, 0.932),
    "beyond_topic": (4.528, 4.937),
    "centrality": (5.487, 6.839),
    "paper_cosine": (0.819, 3.362),
    "paper_best": (-0.269, 0.476),
    "match_z": (0.375, 0.167),
    "match_gap": (0.696, 4.084),
    "paper_match": (5.197, 8.319),
    "paper_match_rank": (1.119, 1.239),
}
BIAS = (-11.255, -12.750)
