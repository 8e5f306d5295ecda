"""Tests of the installer and how editors are found."""
