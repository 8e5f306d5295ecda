"""Photos with masks: how people have them, made ready for training, and read again in windows."""
