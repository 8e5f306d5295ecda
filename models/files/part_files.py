"""The files of a weights folder, one a network."""

FOREGROUND = "foreground.safetensors"
ENCODER = "encoder.safetensors"
PARTS = "parts_encoder.safetensors"
MASKS = "mask_generator.safetensors"
LOOKS = "looks.safetensors"  # optional: the looks that seeds choose from
BACKGROUND = "background.safetensors"  # optional: scenes from nothing
LIGHT = "light.safetensors"  # optional: what an object lacks of its scene's light
QUALITY = "quality.safetensors"  # optional: which of several objects is the best
