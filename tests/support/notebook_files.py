"""Small notebooks for the browser."""

from pathlib import Path

import nbformat

KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}}  # else the page asks which


def notebook_of(path: Path, *cells: str) -> Path:
    """Write a notebook with these code cells to `path`."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells], metadata=KERNEL)
    nbformat.write(made, path)
    return path
