"""Model packs: which there are, how one comes and goes, and what they can insert."""
