"""``python -m benchmarks [NAME ...]``: print a table and write ``benchmarks/results.json``."""

import importlib
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.measure import Row

MODULES = (
    "importing",
    "searching",
    "coverage",
    "growth",
    "proposals",
    "isochrone",
    "loading",
    "bulk_loading",
    "siting",
    "links",
)
RESULTS = Path(__file__).parent / "results.json"
COLUMNS = ("work", "against", "ratio", "ours_s", "theirs_s", "peak_mb")


def main() -> None:
    """Run the named benchmarks, or all."""
    chosen = sys.argv[1:] or list(MODULES)
    unknown = [name for name in chosen if name not in MODULES]
    if unknown:
        sys.exit(f"benchmarks: {', '.join(unknown)} is unknown; there are {', '.join(MODULES)}")
    rows: list[Row] = []
    for name in chosen:
        sys.stderr.write(f"{name} ...\n")
        rows += importlib.import_module(f"benchmarks.{name}").rows()
    table = Table(*COLUMNS, title="medians of one run; ratio = theirs / ours")
    for item in rows:
        table.add_row(*("" if item[name] is None else str(item[name]) for name in COLUMNS))
    Console(width=140).print(table)
    RESULTS.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
