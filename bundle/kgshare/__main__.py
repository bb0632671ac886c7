"""``python -m kgshare``."""

from kgshare.cli import main

main()
