"""The networks: mask generator, foreground generator, their training and their evaluation."""
