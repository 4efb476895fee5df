"""Controls of methods, drawn from their signatures, and the way back from a control's value to an argument."""

from typing import Any

from torch import Tensor

from xaiwidgets.explorers.pictures import BASELINES, baseline_of
from xaiwidgets.methods import ATTRIBUTIONS
from xaiwidgets.parameters import parameters_of
from xaiwidgets.views import specification_of


def method_controls(method: str) -> list[dict[str, Any]]:
    """Controls of a method of `ATTRIBUTIONS`, named `method.parameter`; a baseline is chosen by name."""
    function = ATTRIBUTIONS[method]
    items = specification_of(parameters_of(function))
    if "baseline" in function.__annotations__:
        items.append({"name": "baseline", "label": "Baseline", "kind": "choice", "options": list(BASELINES)})
    return [
        {**item, "name": f"{method}.{item['name']}", "label": f"{method}: {item['label'].lower()}"} for item in items
    ]


def method_arguments(method: str, values: dict[str, Any], x: Tensor) -> dict[str, Any]:
    """The arguments of one method among the values of all controls; its baseline as a picture like `x`."""
    prefix = f"{method}."
    chosen = {name.removeprefix(prefix): value for name, value in values.items() if name.startswith(prefix)}
    if "baseline" in chosen:
        chosen["baseline"] = baseline_of(chosen["baseline"], x)
    return chosen


def display_controls(masks: bool) -> list[dict[str, Any]]:
    """Controls of a `Display`; the outline only where there are masks."""
    controls = [
        {"name": "one_scale", "label": "One scale for all maps", "kind": "flag", "default": True},
        {"name": "contrast", "label": "Contrast", "kind": "range", "minimum": 1, "maximum": 20, "log": True,
         "default": 2},
        {"name": "opacity", "label": "Opacity of the maps", "kind": "range", "minimum": 0, "maximum": 1, "step": 0.05,
         "default": 1.0},
        {"name": "outline", "label": "Outline of the object", "kind": "flag", "default": False},
    ]  # fmt: skip
    return controls if masks else controls[:-1]
