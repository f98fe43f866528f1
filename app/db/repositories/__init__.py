"""Reads and writes records, one module for each thing that is kept together."""
