"""Tests of the plug-in in a real Krita."""
