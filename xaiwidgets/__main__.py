"""`python -m xaiwidgets doctor`: look at the installation."""

import argparse
import sys

from .doctor import run


def main(arguments: list[str] | None = None) -> int:
    """Run a command of the command line and return its exit code; without one, print the help."""
    parser = argparse.ArgumentParser(prog="python -m xaiwidgets", description="Interpretable deep learning to touch.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("doctor", help="look at the installation and say what to mend")
    if parser.parse_args(arguments).command == "doctor":
        return run()
    parser.print_help()
    return 0


if __name__ == "__main__":
    sys.exit(main())
