"""The runs themselves: what strict comparison sees, and what filling in the solutions does."""

import nbformat
import nbformat.v4 as v4
import notebook_runs as runs
import pytest
from nbclient.exceptions import CellTimeoutError
from notebook_gates import shown_state

from xaiwidgets.exercises import EXERCISES
from xaiwidgets.exercises.answers import FILE

pytestmark = pytest.mark.timeout(600)
PICTURE = """
from IPython.display import HTML
import os, base64
HTML(f'<img alt="three random bytes" src="data:image/png;base64,{base64.b64encode(os.urandom(30)).decode()}">')
"""


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A small notebook with an exercise, a hint, a claim and a picture that differs in each run."""
    stub = v4.new_code_cell(EXERCISES["05.1"].stub, metadata={"tags": ["exercise:05.1"]})
    sources = ["import torch\nfrom xaiwidgets.exercises import check, claim, hint", PICTURE.strip()]
    checks = ['check("05.1", gradient)', 'hint("05.1")', 'claim("a", source="b", measured="c", holds=False)']
    cells = [*map(v4.new_code_cell, sources), stub, *map(v4.new_code_cell, checks)]
    path = tmp_path_factory.mktemp("notebooks") / "05_small.ipynb"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
    (path.parent / FILE).write_text('{"exercises": {"05.1": {"hints": 2}}, "predictions": {}}')  # someone's progress
    runs.store(path)
    return path


def test_a_notebook_is_stored_clean(stored):
    node = nbformat.read(stored, as_version=4)
    assert [cell.execution_count for cell in node.cells] == [1, 2, 3, 4, 5, 6]
    assert shown_state(node.cells[3], "05.1") == "not attempted"
    assert "hint 1 of 3" in node.cells[4].outputs[0].data["text/plain"]
    assert set(node.metadata) == {"kernelspec", "language_info"}
    assert all("execution" not in cell.metadata for cell in node.cells)


def test_the_same_outputs_pass_and_pictures_may_differ(stored, tmp_path):
    run = runs.compare_strictly(stored, tmp_path)
    assert run.returncode == 0, run.stdout
    assert "6 passed" in run.stdout


@pytest.mark.parametrize("kind", ["text/plain", "application/vnd.xaiwidgets.claim+json"])
def test_another_output_fails(stored, tmp_path, kind):
    node = nbformat.read(stored, as_version=4)
    data = node.cells[5].outputs[0].data
    data[kind] = data[kind] | {"measured": "d"} if isinstance(data[kind], dict) else data[kind].replace("c", "d")
    node.cells[1:5] = []  # the comparison of the last cell is enough
    nbformat.write(node, tmp_path / stored.name)
    (tmp_path / "run").mkdir()
    run = runs.compare_strictly(tmp_path / stored.name, tmp_path / "run")
    assert run.returncode == 1
    assert "1 failed, 1 passed" in run.stdout


def test_solutions_are_filled_in(stored, tmp_path):
    node = nbformat.read(stored, as_version=4)
    done = runs.execute(runs.filled_in(node), tmp_path)
    assert shown_state(done.cells[3], "05.1") == "correct"
    assert node.cells[2].source == EXERCISES["05.1"].stub  # the notebook itself is left alone
    assert sum(map(runs.seconds, done.cells)) > 0


def test_a_slow_cell_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "SECONDS_PER_CELL", 1)
    node = v4.new_notebook(cells=[v4.new_code_cell("import time; time.sleep(30)")])
    with pytest.raises(CellTimeoutError):
        runs.execute(node, tmp_path)
