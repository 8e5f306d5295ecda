"""Light: what an object lacks of its scene's light, judged by a small network and given to its own pixels."""
