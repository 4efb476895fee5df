import subprocess
import sys

import nbformat.v4 as v4
import numpy as np
import pytest
import torch

from xaiwidgets.exercises import claim
from xaiwidgets.exercises.claims import MIME
from xaiwidgets.exercises.table import main, table

TEXT = {"text": "It sums | to <f>", "source": "Paper, sec. 2", "measured": "39 %", "holds": False}


def shown(**changes):
    fields = TEXT | changes
    return claim(fields.pop("text"), **fields)._repr_mimebundle_()


def test_a_row_in_three_forms():
    bundle = shown()
    assert bundle["text/plain"] == "does not hold here | It sums | to <f> | measured: 39 % | source: Paper, sec. 2"
    assert "It sums | to &lt;f&gt;" in bundle["text/html"]
    assert bundle[MIME] == TEXT


@pytest.mark.parametrize("holds", [True, np.True_, torch.tensor(True)])
def test_a_measured_truth_value_will_do(holds):
    assert shown(holds=holds)[MIME]["holds"] is True


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"measured": 0.39}, TypeError, "measured must be text; got a float"),
        ({"source": " "}, ValueError, "source must not be empty"),
        ({"holds": "yes"}, TypeError, "holds must be True or False; got a str"),
        ({"holds": torch.tensor([True, False])}, TypeError, "holds must be True or False; got a Tensor"),
    ],
)
def test_bad_arguments(changes, error, match):
    with pytest.raises(error, match=match):
        shown(**changes)


@pytest.fixture
def notebooks(tmp_path):
    cell = v4.new_code_cell("claim(...)", outputs=[v4.new_output("execute_result", data=shown(), execution_count=1)])
    title = v4.new_markdown_cell("# 05 Gradients\n\nAbout 30 to 60 minutes.")
    (tmp_path / "05_gradients.ipynb").write_text(v4.writes(v4.new_notebook(cells=[title, cell])))
    return tmp_path


def test_the_table_has_notebooks_minutes_and_claims(notebooks):
    text = table(notebooks)
    assert "| [05 Gradients](05_gradients.ipynb) | 30 to 60 |" in text
    assert "| 05 | It sums \\| to <f> | 39 % | does not hold here | Paper, sec. 2 |" in text


def test_check_sees_a_stale_table(notebooks, capsys):
    assert main([str(notebooks), "--check"]) == 1
    assert "out of date" in capsys.readouterr().out
    assert main([str(notebooks)]) == 0
    assert main([str(notebooks), "--check"]) == 0
    (notebooks / "README.md").write_text("old")
    assert main([str(notebooks), "--check"]) == 1


def test_the_command_runs_without_warnings(notebooks):
    command = [sys.executable, "-W", "error", "-m", "xaiwidgets.exercises.table", str(notebooks)]
    subprocess.run(command, check=True, timeout=120)
    assert (notebooks / "README.md").read_text() == table(notebooks)
