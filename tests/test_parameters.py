from typing import Annotated

import pytest

from xaiwidgets.methods import ATTRIBUTIONS
from xaiwidgets.parameters import Choice, Flag, Range, parameters_of, validated


@validated
def method(
    model,
    x,
    *,
    plain: int = 3,
    steps: Annotated[int, Range(1, 8, log=True, help="how many")] = 4,
    noise_level: Annotated[float, Range(0, 1, unit="logits")] = 0.5,
    rule: Annotated[str, Choice("left", "right", help="where")] = "left",
    signed: Annotated[bool, Flag()] = True,
):
    return steps, noise_level, rule, signed


def test_annotations_are_read_in_order_with_defaults_and_labels():
    found = parameters_of(method)
    assert list(found) == ["steps", "noise_level", "rule", "signed"]
    assert [parameter.kind for parameter in found.values()] == ["range", "range", "choice", "flag"]
    assert [parameter.default for parameter in found.values()] == [4, 0.5, "left", True]
    assert found["noise_level"].label == "Noise level"
    assert (found["steps"].integer, found["noise_level"].integer) == (True, False)
    assert found["rule"].annotation.options == ("left", "right")


def test_a_good_call_passes_unchanged():
    assert method(None, None, steps=8, noise_level=0, rule="right", signed=False) == (8, 0, "right", False)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"steps": 9}, ValueError, "steps must be an integer from 1 to 8, got 9"),
        ({"steps": 2.0}, TypeError, r"steps must be an integer, got 2.0 \(float\)"),
        ({"steps": True}, TypeError, r"steps must be an integer, got True \(bool\)"),
        ({"noise_level": "much"}, TypeError, r"noise_level must be a number, got 'much' \(str\)"),
        ({"noise_level": float("nan")}, ValueError, "noise_level must be a number from 0 to 1, got nan"),
        ({"rule": "middle"}, ValueError, "rule must be one of 'left', 'right', got 'middle'"),
        ({"signed": 1}, TypeError, "signed must be True or False, got 1"),
    ],
)
def test_a_bad_value_is_named(arguments, error, message):
    with pytest.raises(error, match=message):
        method(None, None, **arguments)


@pytest.mark.parametrize("name", ATTRIBUTIONS)
def test_every_default_of_the_catalogue_is_allowed(name):
    for parameter in parameters_of(ATTRIBUTIONS[name]).values():
        parameter.check(parameter.default)
