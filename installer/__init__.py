"""What install.py and tests/run.py are made of; standard library only, run from a checkout."""
