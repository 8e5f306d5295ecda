"""A fuzz campaign over whatever reads bytes from outside: ``python -m tests.fuzz.campaign``."""
