"""Whole scenes from nothing: a small generator of backgrounds for objects to be inserted into."""

from models.backgrounds.painter import BackgroundPainter, load_background_generator

__all__ = ["BackgroundPainter", "load_background_generator"]
