"""Teaching the program a class of the user's own, from the shipped weights to a model pack."""
