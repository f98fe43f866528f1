"""Keeps what areas, versions, jobs and answers are known: PostGIS for a team, SQLite for one machine."""
