"""The names of `import xaiwidgets`: they exist, say what they are, and stand in order."""

import importlib
import inspect
import types

import pytest
from project import modules

import xaiwidgets
from xaiwidgets import explorers


def test_the_names_are_sorted_and_offered():
    assert list(xaiwidgets.__all__) == sorted(xaiwidgets.__all__)
    assert set(xaiwidgets.__all__) <= set(dir(xaiwidgets))


@pytest.mark.parametrize("name", xaiwidgets.__all__)
def test_a_name_resolves_and_is_documented(name):
    named = getattr(xaiwidgets, name)
    assert inspect.getdoc(named), f"xaiwidgets.{name} has no docstring"
    if not isinstance(named, types.ModuleType):
        assert named.__module__.startswith("xaiwidgets."), f"{name} is not ours but of {named.__module__}"


@pytest.mark.parametrize("name", [name for name, path in modules().items() if path.name == "__init__.py"])
def test_what_a_part_offers_is_listed_once_and_exists(name):
    part = importlib.import_module(name)
    offered = list(getattr(part, "__all__", []))
    assert len(offered) == len(set(offered))
    assert all(hasattr(part, offer) for offer in offered)


def test_every_explorer_is_offered():
    assert set(explorers.__all__) <= set(xaiwidgets.__all__)


def test_an_unknown_name_is_an_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = xaiwidgets.no_such_name
