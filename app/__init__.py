"""reach15: which households cannot walk to which required service, why, and by how much."""

import os

__version__ = "0.1.0"

# Arrow's own allocators keep memory beside what is free: 30 MB more at the peak of an import. Arrow reads this when it
# is first used; whoever sets it differently has their way.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
