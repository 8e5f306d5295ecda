"""The mask generator: from a class and a box to an outline."""
