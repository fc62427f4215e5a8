"""Hybrid search: dense and keyword retrievers, fusion, feedback and reranking."""
