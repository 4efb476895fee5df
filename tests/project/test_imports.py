"""Who may import whom: the direction of DESIGN, read from the import lines."""

import subprocess
import sys

import pytest
from project import imports, modules

BASE = {"backward", "borrow", "calls", "interception", "loans", "operations", "parameters", "progress"}
# Part of the package -> the parts it may import beside itself.
ALLOWED = {
    "__init__": set(),
    "__main__": {"doctor"},
    "backward": BASE,
    "borrow": BASE,
    "interception": BASE,
    "loans": BASE,
    "operations": BASE,
    "calls": BASE,
    "colors": set(),
    "datasets": {"files"},
    "doctor": {"datasets", "files", "models"},
    "evaluation": BASE | {"methods"},
    "exercises": BASE | {"colors", "datasets", "evaluation", "files", "methods", "models"},
    "explorers": BASE | {"colors", "datasets", "evaluation", "files", "methods", "models", "views", "worker"},
    "files": set(),
    "methods": BASE,
    "models": {"datasets", "files", "progress"},
    "parameters": BASE,
    "progress": BASE,
    "server": set(),
    "views": {"colors", "parameters"},
    "worker": BASE,
}
FRONT_END = {"IPython", "anywidget", "ipykernel", "ipywidgets", "matplotlib", "traitlets"}
NO_FRONT_END = {*BASE, "methods", "evaluation", "datasets", "models", "files", "worker"}
EDGES = [(module, target, at_once) for module, path in modules().items() for target, at_once in imports(module, path)]


def part(module: str) -> str:
    """The part of the package a module belongs to: "methods" for xaiwidgets.methods.gradients."""
    return [*module.split("."), "", ""][1]


def test_the_package_was_read():
    assert ("xaiwidgets.methods", "xaiwidgets.methods.gradients", True) in EDGES
    assert {part(module) for module in modules()} >= {"views", "methods", "datasets"}


@pytest.mark.parametrize("module", [m for m in modules() if m != "xaiwidgets"])
def test_a_module_imports_only_what_lies_below_it(module):
    own = part(module)
    assert own in ALLOWED, f"say in ALLOWED what {own} may import"
    targets = {to for source, to, _ in EDGES if source == module and to.split(".")[0] == "xaiwidgets"}
    met = {part(to) for to in targets} & {part(name) for name in modules()} - {own, ""}
    assert met <= ALLOWED[own], f"{module} may not import {sorted(met - ALLOWED[own])}"


@pytest.mark.parametrize("module", [m for m in modules() if part(m) in NO_FRONT_END])
def test_computation_knows_no_front_end(module):
    assert not {to for source, to, _ in EDGES if source == module and to.split(".")[0] in FRONT_END}


def test_nothing_draws_with_pyplot():
    assert not [source for source, to, _ in EDGES if to == "matplotlib.pyplot"]


def test_torchvision_is_optional():
    assert not [source for source, to, at_once in EDGES if to.split(".")[0] == "torchvision" and at_once]


def test_importing_the_package_loads_nothing_heavy():
    heavy = {"IPython", "captum", "ipywidgets", "matplotlib", "skimage", "sklearn", "torch", "torchvision"}
    program = f"import sys, xaiwidgets; print(*sorted({heavy!r} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert loaded.split() == []
