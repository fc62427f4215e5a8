"""The language model: the client, its failures, prompts, budget, cache, and the guard around it."""
