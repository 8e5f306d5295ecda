"""Training the foreground generator and writing the weights that are shipped."""
