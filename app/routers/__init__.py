"""HTTP in, HTTP out: parse, call one service method, shape the answer."""
