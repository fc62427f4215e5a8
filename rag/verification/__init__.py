"""The gate: checking each sentence of an answer against the abstracts that it cites."""
