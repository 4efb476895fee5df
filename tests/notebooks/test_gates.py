"""Each gate lets a good notebook pass and refuses each kind of bad one."""

import nbformat
import nbformat.v4 as v4
import notebook_gates as gates
import pytest

from xaiwidgets.exercises import EXERCISES, claim

FIRST = "# 05 Gradients\n\n45 minutes. Prerequisites: none.\n\n## What you will be able to do\n\nSee."
PICTURE = '<figure><img alt="a boat with a caption" src="data:image/png;base64,/tmp/AAAA"></figure>'


def shown(**data):
    data = {kind.replace("_", "/"): value for kind, value in data.items()}
    return v4.new_output("display_data", data=data)


def good():
    """Notebook 05 in miniature: every exercise with its stub and its check, a claim, a picture."""
    row = claim("It sums.", source="Paper", measured="1.0", holds=True)._repr_mimebundle_()
    cells = [
        v4.new_markdown_cell(FIRST),
        v4.new_code_cell("import xaiwidgets"),
        *(v4.new_code_cell("explorer", outputs=[shown(text_html=PICTURE)]) for _ in range(12)),
        v4.new_markdown_cell("## Things to try\n\n## Exercises"),
    ]
    for id, exercise in EXERCISES.items():
        if id.startswith("05."):
            state = shown(text_plain=f"{id} {exercise.title}: not attempted\n  Write it.")
            name = exercise.solution.__name__
            cells.append(v4.new_code_cell(exercise.stub, metadata={"tags": [f"exercise:{id}"]}))
            cells.append(v4.new_code_cell(f'# hint("{id}")\ncheck("{id}", {name})', outputs=[state]))
    cells += [
        v4.new_markdown_cell("## Claims"),
        v4.new_code_cell("claim(...)", outputs=[v4.new_output("display_data", data=row)]),
        v4.new_markdown_cell("## Summary and references"),
    ]
    for count, cell in enumerate((cell for cell in cells if cell.cell_type == "code"), 1):
        cell.execution_count = count
    return v4.new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})


def saved(node, folder, name="05_gradients.ipynb"):
    nbformat.write(node, folder / name)
    return gates.Notebook(folder / name)


@pytest.mark.parametrize("gate", gates.GATES, ids=lambda gate: gate.__name__)
def test_a_good_notebook_passes(gate, tmp_path):
    assert list(gate(saved(good(), tmp_path))) == []


def change(**attributes):
    """A change of the first code cell."""

    def apply(node):
        node.cells[1].update({name: nbformat.from_dict(value) for name, value in attributes.items()})

    return apply


def output(**data):
    return change(outputs=[shown(**data)])


def first(text):
    return lambda node: node.cells[0].update(source=text)


def without(heading):
    def apply(node):
        for cell in node.cells:
            cell.source = cell.source.replace(heading, "Other")

    return apply


def long_cells(node):
    for cell in node.cells:
        if cell.cell_type == "code":
            cell.source = "\n".join(["a = 1"] * 7)


def swapped(node):
    node.cells[-1], node.cells[-3] = node.cells[-3], node.cells[-1]


def stub(**attributes):
    def apply(node):
        cell = next(cell for cell in node.cells if gates.tagged_exercise(cell) == "05.3")
        cell.update({name: nbformat.from_dict(value) for name, value in attributes.items()})

    return apply


def checks(**attributes):
    def apply(node):
        place = next(n for n, cell in enumerate(node.cells) if gates.tagged_exercise(cell) == "05.3")
        node.cells[place + 1].update({name: nbformat.from_dict(value) for name, value in attributes.items()})

    return apply


ERROR = v4.new_output("error", ename="ValueError", evalue="", traceback=[])
WARNING = v4.new_output("stream", name="stderr", text="UserWarning")
CORRECT = shown(text_plain="05.3 Integrated gradients: correct")
BAD = {
    "another kernel": (gates.is_valid, lambda node: node.metadata.kernelspec.update(name="x"), "python3"),
    "a damaged cell": (gates.is_valid, change(execution_count="x"), "not a valid notebook"),
    "too large": (gates.is_small, output(text_html="x" * gates.MAX_BYTES), "at most 1,500,000"),
    "not run": (gates.was_run_in_order, change(execution_count=None), "code cell 1 has the count None"),
    "run twice": (gates.was_run_in_order, change(execution_count=7), "code cell 1 has the count 7"),
    "an empty cell": (gates.was_run_in_order, change(source=" "), "code cell 1 is empty"),
    "an error": (gates.has_no_errors, change(outputs=[ERROR]), "ValueError"),
    "a warning": (gates.has_no_errors, change(outputs=[WARNING]), "stderr"),
    "no alt": (gates.describes_its_pictures, output(text_html="<img src='a'>"), "alt text"),
    "a poor alt": (gates.describes_its_pictures, output(text_html="<img alt='image'>"), "alt text"),
    "an unnamed svg": (gates.describes_its_pictures, output(text_html="<svg></svg>"), "alt text"),
    "a bare png": (gates.describes_its_pictures, output(image_png="AAAA", text_plain="<Figure>"), "without text/html"),
    "a bare widget": (
        gates.describes_its_pictures,
        change(outputs=[v4.new_output("display_data", data={"application/vnd.jupyter.widget-view+json": {}})]),
        "without text/html",
    ),
    "a poor markdown alt": (gates.describes_its_pictures, first("![](a.png)"), "markdown picture"),
    "a long cell": (gates.is_short_in_its_cells, change(source="a\n" * 21), "has 21 lines"),
    "long cells": (gates.is_short_in_its_cells, long_cells, "median code cell has 7"),
    "another title": (gates.has_the_rhythm, first(FIRST.replace("05", "06")), "# 05 Title"),
    "no time": (gates.has_the_rhythm, first(FIRST.replace("minutes", "min")), "minutes"),
    "no prerequisites": (gates.has_the_rhythm, first(FIRST.replace("Pre", "")), "Prerequisites"),
    "no claims": (gates.has_the_rhythm, without("## Claims"), "'Claims'"),
    "no objectives": (gates.has_the_rhythm, without("What you will be able to do"), "What you will be able"),
    "another order": (gates.has_the_rhythm, swapped, "in this order"),
    "widget state": (gates.stores_no_widget_state, lambda node: node.metadata.update(widgets={}), "widget state"),
    "a path in a cell": (gates.stays_on_this_machine, change(source="open('/home/me/a')"), "/home/me"),
    "a path in an output": (gates.stays_on_this_machine, output(text_plain="/tmp/x"), "absolute path: /tmp/x"),
    "a Windows path": (gates.stays_on_this_machine, change(source="'C:\\\\me'"), "absolute path"),
    "pip": (gates.stays_on_this_machine, change(source="%pip install x"), "wants the network"),
    "an address": (gates.stays_on_this_machine, change(source="load('https://x.org')"), "wants the network"),
    "a remote script": (gates.stays_on_this_machine, output(text_html="<script src='a'>"), "wants the network"),
    "a remote picture": (gates.stays_on_this_machine, output(text_html="<img src='//a.b/c'>"), "wants the network"),
    "no claim": (gates.measures_claims, lambda node: node.cells[-2].update(outputs=[]), "no claim"),
    "a missing exercise": (gates.holds_its_exercises, stub(metadata={"tags": []}), "expected ['05.1'"),
    "an unknown exercise": (gates.holds_its_exercises, stub(metadata={"tags": ["exercise:05.9"]}), "'05.9'"),
    "another stub": (gates.holds_its_exercises, stub(source="def f(x):\n    ..."), "the stub of 05.3 is not"),
    "no check": (gates.holds_its_exercises, checks(source="integrated_gradients"), "should end in check"),
    "another check": (gates.holds_its_exercises, checks(source='check("05.2", f)'), "should end in check"),
    "a solved check": (gates.holds_its_exercises, checks(outputs=[CORRECT]), "should say: not attempted"),
    "an unrun check": (gates.holds_its_exercises, checks(outputs=[]), "should say: not attempted"),
}


@pytest.mark.parametrize(("gate", "spoil", "problem"), BAD.values(), ids=BAD)
def test_a_bad_notebook_is_refused(gate, spoil, problem, tmp_path):
    node = good()
    spoil(node)
    (tmp_path / "05_gradients.ipynb").write_text(v4.writes_json(node))
    problems = list(gate(gates.Notebook(tmp_path / "05_gradients.ipynb")))
    assert any(problem in text for text in problems), problems


def test_a_bad_name_is_refused(tmp_path):
    notebook = saved(good(), tmp_path, "Gradients (1).ipynb")
    assert "its name should be NN_topic.ipynb" in list(gates.is_valid(notebook))


def test_every_gate_has_a_bad_notebook():
    assert {gate for gate, _, _ in BAD.values()} == set(gates.GATES)
