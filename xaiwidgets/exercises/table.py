"""The table of all notebooks and their claims: notebooks/README.md, written from the executed notebooks.

``python -m xaiwidgets.exercises.table notebooks`` writes it; with ``--check`` it only says whether it is up to date.
"""

import argparse
import json
import re
import sys
from pathlib import Path

from .claims import MIME, Claim

HEAD = """# Notebooks

Open them with `make lab`. They are stored with their outputs, so they can also be read here.
This file is written by `python -m xaiwidgets.exercises.table notebooks`.
"""
CLAIMS = """
## Claims

What the lecture and the papers say, measured in the notebooks on the course's own models and data.
"""


def claims_in(notebook: dict) -> list[Claim]:
    """The claims shown in the outputs of an executed notebook."""
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    return [Claim(**output["data"][MIME]) for output in outputs if MIME in output.get("data", {})]


def table(folder: Path) -> str:
    """The text of ``folder``'s README: its notebooks with their minutes, and all their claims."""
    notebooks = {path: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.ipynb"))}
    titles = [_row(f"[{_title(book)}]({path.name})", _minutes(book)) for path, book in notebooks.items()]
    claims = [
        _row(path.stem.split("-")[0].split("_")[0], one.text, one.measured, one.verdict, one.source)
        for path, book in notebooks.items()
        for one in claims_in(book)
    ]
    index = ["| notebook | minutes |", "|---|---|", *titles]
    rows = ["| notebook | claim | measured | verdict | source |", "|---|---|---|---|---|", *claims]
    return HEAD + "\n" + "\n".join(index) + "\n" + CLAIMS + "\n" + "\n".join(rows) + "\n"


def _first(notebook: dict) -> str:
    return "".join(notebook["cells"][0]["source"]) if notebook["cells"] else ""


def _title(notebook: dict) -> str:
    return next((line.lstrip("# ") for line in _first(notebook).splitlines() if line.startswith("# ")), "untitled")


def _minutes(notebook: dict) -> str:
    found = re.search(r"(\d+(?: to \d+)?) minutes", _first(notebook))
    return found[1] if found else ""


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def main(arguments: list[str] | None = None) -> int:
    """Write, or with ``--check`` compare, the README of a folder of notebooks; 1 when it is out of date."""
    parser = argparse.ArgumentParser(prog="python -m xaiwidgets.exercises.table", description="table of the claims")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if the table is out of date")
    options = parser.parse_args(arguments)
    readme, text = options.folder / "README.md", table(options.folder)
    if options.check:
        fresh = readme.is_file() and readme.read_text(encoding="utf-8") == text
        print(f"{readme} is {'up to date' if fresh else 'out of date: run this without --check'}")
        return 0 if fresh else 1
    readme.write_text(text, encoding="utf-8")
    print(f"wrote {readme}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
