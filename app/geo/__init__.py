"""The engine: walk networks, access links, walks to the nearest facility, verdicts.

Plain functions over arrays. No HTTP, no database, no files, no clock, no settings.
"""
