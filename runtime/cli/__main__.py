"""The `alir` command as a module: `python -m runtime.cli`."""

from runtime.cli import main

main()
