"""Run notebooks in a clean folder: as they are stored, strictly compared; with the solutions; or to store them anew.

``python tests/support/notebook_runs.py notebooks/05_gradients.ipynb`` executes a notebook and writes it back.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from notebook_gates import tagged_exercise

from xaiwidgets.exercises import EXERCISES
from xaiwidgets.exercises.answers import FILE

SECONDS_PER_CELL = 60
SANITIZE = Path(__file__).with_name("nbval_sanitize.cfg")


def copy(notebook: Path, folder: Path) -> Path:
    """A copy of the notebook's folder, without anybody's progress; returns the notebook in it."""
    left_out = shutil.ignore_patterns(FILE, ".*", "README.md", "*.ipynb")
    shutil.copytree(notebook.parent, folder, ignore=left_out, dirs_exist_ok=True)
    return Path(shutil.copy(notebook, folder))


def compare_strictly(notebook: Path, folder: Path) -> subprocess.CompletedProcess:
    """Execute a copy with ``pytest --nbval``: every stored output must come again."""
    options = [
        *("--nbval", "--nbval-current-env", f"--nbval-sanitize-with={SANITIZE}"),
        *(f"--nbval-cell-timeout={SECONDS_PER_CELL}", "--nbval-kernel-startup-timeout=60"),
        *("-p", "no:cacheprovider", "-q", "--color=no", f"--rootdir={folder}"),
    ]
    command = [sys.executable, "-m", "pytest", *options, copy(notebook, folder).name]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=1200)


def execute(node: nbformat.NotebookNode, folder: Path) -> nbformat.NotebookNode:
    """Execute ``node`` in ``folder``; raises if a cell does or takes too long."""
    client = NotebookClient(
        node,
        timeout=SECONDS_PER_CELL,
        startup_timeout=60,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        store_widget_state=False,
        coalesce_streams=True,
    )
    return client.execute()


def filled_in(node: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook with each exercise's stub replaced by its solution."""
    node = nbformat.from_dict(node)
    for cell in node.cells:
        if id := tagged_exercise(cell):
            cell.source = EXERCISES[id].source
    return node


def seconds(cell: nbformat.NotebookNode) -> float:
    """How long an executed cell took."""
    times = cell.metadata.get("execution", {})
    first, last = times.get("iopub.execute_input"), times.get("shell.execute_reply")
    return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds() if first and last else 0.0


def store(notebook: Path) -> None:
    """Execute a notebook in a clean folder and write it back, with its outputs and nothing of this machine."""
    with tempfile.TemporaryDirectory() as folder:
        node = execute(nbformat.read(copy(notebook, Path(folder)), as_version=4), Path(folder))
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    node.metadata = nbformat.from_dict({"kernelspec": kernel, "language_info": {"name": "python"}})
    for cell in node.cells:
        cell.metadata.pop("execution", None)
    nbformat.write(node, notebook)


def main() -> None:
    parser = argparse.ArgumentParser(description="Execute notebooks and write them back with their outputs.")
    parser.add_argument("notebooks", nargs="+", type=Path)
    for notebook in parser.parse_args().notebooks:
        store(notebook.resolve())
        print(f"stored {notebook}")


if __name__ == "__main__":
    main()
