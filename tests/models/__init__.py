"""Tests of networks, training and evaluation."""
