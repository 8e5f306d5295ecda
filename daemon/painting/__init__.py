"""A request in, object layers out: geometry, the networks, light, shadow and grain. Knows no sockets."""
