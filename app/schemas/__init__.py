"""Wire shapes: what leaves over HTTP and on the command line."""
