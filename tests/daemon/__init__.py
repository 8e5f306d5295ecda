"""Tests of the service, its life and its security."""
