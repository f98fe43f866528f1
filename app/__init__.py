"""reach15: which households cannot walk to which required service, why, and by how much."""

__version__ = "0.1.0"
