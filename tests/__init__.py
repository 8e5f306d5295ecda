"""The tests of Insert Object; run them with tests/run.py."""
