"""The committed notebooks: every gate, every stored output, every exercise with its solution."""

import re
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from notebook_gates import GATES, Notebook, shown_state, tagged_exercise
from notebook_runs import SECONDS_PER_CELL, compare_strictly, copy, execute, filled_in, seconds

from xaiwidgets.exercises.table import table

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])

if not NOTEBOOKS:

    def test_there_is_no_notebook_yet():
        assert not list(FOLDER.rglob("*.ipynb")), "notebooks belong directly into notebooks/"


@each_notebook
@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.__name__)
def test_gate(gate, path):
    problems = list(gate(Notebook(path)))
    assert not problems, f"{path.name} " + f"\n{path.name} ".join(problems)


@each_notebook
@pytest.mark.timeout(1500)
def test_every_stored_output_comes_again(path, tmp_path):
    run = compare_strictly(path, tmp_path)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    assert re.search(rf"\b{len(Notebook(path).code)} passed\b", run.stdout), run.stdout


@each_notebook
@pytest.mark.timeout(1500)
def test_runs_with_every_solution_filled_in(path, tmp_path, record_property):
    node = nbformat.read(copy(path, tmp_path), as_version=4)
    cells = [cell for cell in execute(filled_in(node), tmp_path).cells if cell.cell_type == "code"]
    slowest = max(map(seconds, cells))
    record_property("slowest cell (s)", round(slowest, 1))
    assert slowest < SECONDS_PER_CELL
    for stub, check in pairwise(cells):
        if id := tagged_exercise(stub):
            assert shown_state(check, id) == "correct", check.outputs


def test_the_table_of_claims_is_up_to_date():
    stored = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert stored == table(FOLDER), "run: python -m xaiwidgets.exercises.table notebooks"
