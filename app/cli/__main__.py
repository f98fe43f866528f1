"""``python -m app.cli``: the command line where no script `reach15` is installed."""

from app.cli.entry import main

main()
