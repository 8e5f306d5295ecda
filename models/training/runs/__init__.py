"""A training run of any of the networks, from its data to its checkpoint."""
