"""Tests of the insert-object command."""
