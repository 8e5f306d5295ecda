"""Files in and out: formats, colour, metadata."""
