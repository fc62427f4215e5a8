"""Whatever has weights: encoders, embedders, token vectors, cross-encoders, linear models."""
