"""Tests of what both plug-ins share: wire, session and jobs."""
