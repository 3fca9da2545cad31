"""`python -m backend`: commands for whoever looks after an installation."""

from backend.cli import main

main()
