"""The gate's report in every format: each a pure function from the report and the proposal's file to text."""
