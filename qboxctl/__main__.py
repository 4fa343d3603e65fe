"""Run ``python -m qboxctl``."""

from qboxctl.cli import main

main()
