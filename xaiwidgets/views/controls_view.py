"""Controls drawn from a description of parameters, such as a method's signature."""

import math
from collections.abc import Mapping
from typing import Any, Self

import traitlets
from traitlets import Dict, List, Unicode

from xaiwidgets.parameters import Parameter
from xaiwidgets.views.view import View, shipped

KINDS = ("range", "choice", "choices", "flag", "button")


class ControlsView(View):
    """A column of labelled controls that are safe in JupyterLab: no key typed here reaches the notebook.

    `specification` is a list of dicts. All have `name`, `kind` and may have `label`, `help`, `default`, `disabled`:

    - "range": `minimum`, `maximum`, and `step`, `log`, `unit`, `integer`; the value is a number
    - "choice": `options`, and `labels`; the value is one of the options
    - "choices": `options`, and `labels`, `maximum` (how many at most); the value is a list of options
    - "flag": the value is a bool
    - "button": the value counts the presses

    `values` maps each name to what the reader has set. Set it from Python too; names left out keep their value.

    Example:
        controls = ControlsView.from_parameters(parameters_of(integrated_gradients))
        controls.observe(lambda change: explain(**change.new), names=["values"])
    """

    _esm = shipped("common.js", "controls.js", "controls_view.js")
    _css = shipped("common.css", "controls_view.css")

    # Python -> browser
    specification = List(Dict()).tag(sync=True)
    label = Unicode("Controls", help="name of the group").tag(sync=True)

    # browser <-> Python
    values = Dict().tag(sync=True, echo_update=False)

    def __init__(self, specification: list[dict[str, Any]], values: Mapping[str, Any] | None = None, **traits: Any):
        super().__init__(specification=specification, values=dict(values or {}), **traits)

    @classmethod
    def from_parameters(
        cls,
        parameters: Mapping[str, Parameter],
        names: list[str] | None = None,
        label: str = "Controls",
        **overrides: Any,
    ) -> Self:
        """Controls of a method's `parameters_of(function)`; see `specification_of`."""
        return cls(specification_of(parameters, names, **overrides), label=label)

    @traitlets.validate("specification")
    def _valid_specification(self, proposal: Any) -> list[dict[str, Any]]:
        return checked(proposal.value)

    @traitlets.observe("specification")
    def _adopt_specification(self, _change: Any) -> None:
        known = {item["name"] for item in self.specification}
        self.values = {name: value for name, value in self.values.items() if name in known}

    @traitlets.validate("values")
    def _valid_values(self, proposal: Any) -> dict[str, Any]:
        # When both are set at once, traitlets may ask for the values first.
        items = {item["name"]: item for item in checked(self.specification)}
        if unknown := sorted(set(proposal.value) - set(items)):
            raise traitlets.TraitError(f"values has no {', '.join(unknown)}; the names are {', '.join(items)}")
        kept = {**{name: initial(item) for name, item in items.items()}, **self._kept(items), **proposal.value}
        return {name: allowed(items[name], value) for name, value in kept.items()}

    def _kept(self, items: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in self._trait_values.get("values", {}).items() if name in items}


def checked(specification: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return `specification`; `TraitError` names the item that is no control."""
    for item in specification:
        if item.get("kind") not in KINDS or not item.get("name"):
            raise traitlets.TraitError(f"specification needs a name and one of the kinds {KINDS}, got {item!r}")
        if item["kind"] == "range" and item.get("log") and item["minimum"] <= 0:
            raise traitlets.TraitError(f"{item['name']}: a log range needs a minimum above 0, got {item['minimum']}")
    return specification


def specification_of(
    parameters: Mapping[str, Parameter], names: list[str] | None = None, **overrides: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The specification of `ControlsView` for annotated parameters.

    Args:
        parameters: from `xaiwidgets.parameters.parameters_of`.
        names: which, in this order; None: all.
        overrides: by parameter name, entries to put over those read, such as `steps={"label": "Steps"}`.

    Raises:
        KeyError: a name that is no parameter.
    """
    names = list(parameters) if names is None else names
    if unknown := sorted({*names, *overrides} - set(parameters)):
        raise KeyError(f"no parameter {', '.join(unknown)}; there are {', '.join(parameters)}")
    return [_item(parameters[name]) | dict(overrides.get(name, {})) for name in names]


def _item(parameter: Parameter) -> dict[str, Any]:
    note = parameter.annotation
    item = {"name": parameter.name, "label": parameter.label, "kind": parameter.kind, "help": note.help}
    item["default"] = parameter.default
    if parameter.kind == "range":
        item |= {"minimum": note.minimum, "maximum": note.maximum, "step": note.step, "log": note.log}
        item |= {"unit": note.unit, "integer": parameter.integer}
    if parameter.kind == "choice":
        item["options"] = list(note.options)
    return item


def initial(item: Mapping[str, Any]) -> Any:
    """The value of a control that nobody has set."""
    if item.get("default") is not None:
        return item["default"]
    empty = {"range": item.get("minimum"), "choices": [], "flag": False, "button": 0}
    return item["options"][0] if item["kind"] == "choice" else empty[item["kind"]]


def allowed(item: Mapping[str, Any], value: Any) -> Any:
    """`value` as the control can show it: numbers clamped to the range; `TraitError` for what is no value of it."""
    name, kind = item["name"], item["kind"]
    if kind == "range":
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise traitlets.TraitError(f"{name} must be a number, got {value!r}")
        value = min(max(value, item["minimum"]), item["maximum"])
        return round(value) if item.get("integer") else value
    if kind == "choice" and value not in item["options"]:
        raise traitlets.TraitError(f"{name} must be one of {item['options']}, got {value!r}")
    if kind == "choices":
        value = [option for option in item["options"] if option in value]
        return value[: item.get("maximum") or None]
    return {"flag": bool, "button": int, "choice": lambda chosen: chosen}[kind](value)
