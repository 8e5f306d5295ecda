"""A user's own photos with masks, in the shapes that people have them in, made ready for training."""
