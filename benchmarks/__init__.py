"""Measurements, not part of the package: run the modules from a checkout (LOG.md tells how)."""
