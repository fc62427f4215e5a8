"""Papers and answers written for elsewhere."""
