"""Tests of the plug-in in a real GIMP 3."""
