"""The editor plug-ins, and how they come into the editors."""
