"""A folder of weights on disk: its manifest, its files and what they may hold."""
