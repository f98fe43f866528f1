"""Keeps imported areas: one directory per area and version, immutable, checksummed."""
