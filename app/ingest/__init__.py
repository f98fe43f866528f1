"""Brings outside data in: OpenStreetMap files and servers, tables, standards."""
