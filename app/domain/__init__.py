"""Frozen records and typed errors of the domain."""
