"""Training of the small models: the corpus they learn from and its checks."""
