"""Use-cases: no HTTP and no storage format."""
