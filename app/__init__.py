"""reach15: which households cannot walk to which required service, why, and by how much."""
