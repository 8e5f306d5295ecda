"""Faults on purpose: killed and stopped processes, full disks, bad weights, wrong clocks, dead devices."""
