from typing import Annotated

import pytest
from traitlets import TraitError

from xaiwidgets.parameters import Choice, Flag, Range, parameters_of
from xaiwidgets.views import ControlsView, specification_of


def method(
    model,
    x,
    *,
    steps: Annotated[int, Range(1, 256, log=True, help="points on the path")] = 64,
    noise: Annotated[float, Range(0, 0.5, step=0.01, unit="std")] = 0.1,
    rule: Annotated[str, Choice("left", "middle")] = "middle",
    squared: Annotated[bool, Flag("the slide's form")] = False,
):
    raise NotImplementedError


RANGE = {"name": "level", "kind": "range", "minimum": 1, "maximum": 9}
COLOURS = {"name": "colours", "kind": "choices", "options": ["red", "green", "blue"], "maximum": 2}


def test_a_signature_becomes_a_specification():
    steps, noise, rule, squared = specification_of(parameters_of(method))
    assert steps == {
        "name": "steps",
        "label": "Steps",
        "kind": "range",
        "help": "points on the path",
        "default": 64,
        "minimum": 1,
        "maximum": 256,
        "step": None,
        "log": True,
        "unit": "",
        "integer": True,
    }
    assert (noise["step"], noise["unit"], noise["integer"]) == (0.01, "std", False)
    assert (rule["kind"], rule["options"], rule["default"]) == ("choice", ["left", "middle"], "middle")
    assert (squared["kind"], squared["default"], squared["help"]) == ("flag", False, "the slide's form")


def test_names_choose_and_order_and_overrides_change():
    items = specification_of(parameters_of(method), ["rule", "steps"], steps={"maximum": 32})
    assert [item["name"] for item in items] == ["rule", "steps"]
    assert items[1]["maximum"] == 32
    with pytest.raises(KeyError, match=r"no parameter step; there are steps, noise"):
        specification_of(parameters_of(method), ["step"])


def test_values_begin_with_the_defaults():
    controls = ControlsView.from_parameters(parameters_of(method), label="Integrated gradients")
    assert controls.values == {"steps": 64, "noise": 0.1, "rule": "middle", "squared": False}
    assert controls.label == "Integrated gradients"
    button = {"name": "again", "kind": "button"}
    assert ControlsView([RANGE, COLOURS, button]).values == {"level": 1, "colours": [], "again": 0}


def test_values_may_be_given_and_set_one_by_one():
    controls = ControlsView.from_parameters(parameters_of(method))
    controls.values = {"steps": 8}
    controls.values = {"rule": "left"}
    assert controls.values == {"steps": 8, "noise": 0.1, "rule": "left", "squared": False}
    assert ControlsView([RANGE], values={"level": 4}).values == {"level": 4}


def test_the_browser_sends_all_values_and_python_hears_once():
    controls = ControlsView([RANGE, COLOURS])
    seen = []
    controls.observe(lambda change: seen.append(change.new), names=["values"])
    controls.set_state({"values": {"level": 5, "colours": ["blue", "red"]}})
    assert seen == [{"level": 5, "colours": ["red", "blue"]}]


def test_numbers_are_clamped_and_whole_ones_rounded():
    controls = ControlsView([RANGE | {"integer": True}, RANGE | {"name": "other"}])
    controls.values = {"level": 3.6, "other": 99}
    assert controls.values == {"level": 4, "other": 9}
    assert isinstance(controls.values["level"], int)


def test_choices_stop_at_their_maximum():
    controls = ControlsView([COLOURS])
    controls.values = {"colours": ["blue", "green", "red"]}
    assert controls.values == {"colours": ["red", "green"]}


@pytest.mark.parametrize("value", ["three", True, None, float("nan")])
def test_no_number_is_refused(value):
    controls = ControlsView([RANGE])
    with pytest.raises(TraitError, match="level must be a number"):
        controls.values = {"level": value}
    assert controls.values == {"level": 1}


def test_unknown_names_and_options_are_named():
    controls = ControlsView.from_parameters(parameters_of(method))
    with pytest.raises(TraitError, match="values has no step; the names are steps, noise"):
        controls.values = {"step": 3}
    with pytest.raises(TraitError, match=r"rule must be one of \['left', 'middle'\], got 'right'"):
        controls.values = {"rule": "right"}


def test_a_new_specification_keeps_what_it_still_has():
    controls = ControlsView([RANGE, COLOURS], values={"level": 8})
    controls.specification = [RANGE | {"maximum": 5}, {"name": "on", "kind": "flag", "default": True}]
    assert controls.values == {"level": 5, "on": True}


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"name": "x", "kind": "knob"}, "one of the kinds"),
        ({"kind": "flag"}, "needs a name"),
        (RANGE | {"minimum": 0, "log": True}, "level: a log range needs a minimum above 0, got 0"),
    ],
)
def test_a_bad_specification_is_named(item, message):
    with pytest.raises(TraitError, match=message):
        ControlsView([item])
