"""A small network: units in columns, weights and flows on the lines between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import traitlets
from traitlets import Dict, Enum, Int, List, Tuple, Unicode

from xaiwidgets.colors import as_array, lookup_table
from xaiwidgets.views.arrays import Array
from xaiwidgets.views.view import View, shipped


@dataclass(frozen=True)
class NetworkLayer:
    """One column of units. A large layer shows some of its units; `units` says which.

    Attributes:
        name: of the layer.
        units: index in the layer of each unit shown, `(n,)`.
        activations: of the units shown, `(n,)`.
        relevance: of the units shown, `(n,)`; None: not drawn.
        labels: one a unit shown; None: its index.
        total: units that the layer has; None: all are shown.
        rest: what the units that are not shown add up to, in the unit of `relevance`.
    """

    name: str
    units: Sequence[int]
    activations: Any
    relevance: Any = None
    labels: Sequence[str] | None = None
    total: int | None = None
    rest: float | None = None


def strongest(values: Any, most: int) -> np.ndarray:
    """Indices of the `most` entries of `values` `(n,)` with the largest absolute value, in increasing order."""
    sizes = np.nan_to_num(np.abs(as_array(values).astype(np.float64)))
    return np.sort(np.argsort(-sizes, kind="stable")[:most])


class NetworkView(View):
    """Units as columns of circles: the fill is the activation, the ring the relevance, the lines weights or flows.

    The sign is told by colour and by the dash of a line, the size by its width. Circles are reached by pointer and by
    arrow keys; a place is `(column, index of the unit in its layer)`.

    Example:
        view = NetworkView(title="The dense layers")
        view.show([NetworkLayer("hidden", [0, 1], h), NetworkLayer("classes", [0, 1, 2], y)], weights=[W.T])
        view.observe(lambda change: explain(*change.new), names=["selected"])
    """

    _esm = shipped("common.js", "network.js", "network_view.js")
    _css = shipped("common.css", "network_view.css")

    # Python -> browser
    layers = List(Dict(), help="name, units, labels, total, rest of each column; see `show`").tag(sync=True)
    activations = Array("float32", None, help="(n,), of all units shown, column after column")
    relevance = Array("float32", None, help="(n,), or empty")
    weights = Array("float32", None, help="of all lines, column after column, by their left and then right unit")
    flows = Array("float32", None, help="relevance on the lines, as weights; or empty")
    lines = Enum(("flows", "weights"), "flows", help="what the lines show").tag(sync=True)
    table = Array("uint8", 256, 3, help="colours from negative to positive")
    title = Unicode("").tag(sync=True)
    notice = Unicode("", help="shown in place of a network that has no column").tag(sync=True)
    alt = Unicode("network", help="what a reader who cannot see it is told").tag(sync=True)
    width = Int(640, min=200, help="CSS pixels, at most the room there is").tag(sync=True)

    # browser -> Python (and back)
    hovered = Tuple(Int(), Int(), default_value=None, allow_none=True).tag(sync=True, echo_update=False)
    selected = Tuple(Int(), Int(), default_value=None, allow_none=True).tag(sync=True, echo_update=False)

    @traitlets.default("table")
    def _default_table(self) -> np.ndarray:
        return lookup_table()

    def show(self, layers: Sequence[NetworkLayer], weights: Sequence[Any], flows: Sequence[Any] | None = None) -> None:
        """Draw `layers` from left to right.

        Args:
            layers: the columns.
            weights: between each column and the next, `(units of the left one, units of the right one)`.
            flows: of the same shapes, what flows on the lines; None: nothing.

        Raises:
            ValueError: naming the argument whose shape does not fit.
        """
        pairs = [(len(left.units), len(right.units)) for left, right in pairwise(layers)]
        edges = {"weights": _joined("weights", weights, pairs)}
        edges["flows"] = np.zeros(0) if flows is None else _joined("flows", flows, pairs)
        sizes = [len(layer.units) for layer in layers]
        activations = _joined("activations", [layer.activations for layer in layers], [(n,) for n in sizes])
        with_relevance = all(layer.relevance is not None for layer in layers)
        relevance = [layer.relevance for layer in layers] if with_relevance else []
        relevance = _joined("relevance", relevance, [(n,) for n in sizes] if with_relevance else [])
        with self.hold_sync():
            self.layers = [_described(layer) for layer in layers]
            self.activations, self.relevance = activations, relevance
            self.weights, self.flows = edges["weights"], edges["flows"]


def _described(layer: NetworkLayer) -> dict[str, Any]:
    units = [int(unit) for unit in layer.units]
    labels = [f"{unit}" for unit in units] if layer.labels is None else [str(label) for label in layer.labels]
    if len(labels) != len(units):
        raise ValueError(f"labels of {layer.name} must be one for each of the {len(units)} units, got {len(labels)}")
    total = len(units) if layer.total is None else int(layer.total)
    rest = None if layer.rest is None else float(layer.rest)
    return {"name": layer.name, "units": units, "labels": labels, "total": total, "rest": rest}


def _joined(name: str, arrays: Sequence[Any], shapes: Sequence[tuple[int, ...]]) -> np.ndarray:
    """All arrays, flat, one after the other; `ValueError` where one has another shape than expected."""
    arrays = [as_array(each) for each in arrays]
    if [each.shape for each in arrays] != list(shapes):
        raise ValueError(f"{name} must have the shapes {list(shapes)}, got {[each.shape for each in arrays]}")
    return np.concatenate([each.ravel() for each in arrays]) if arrays else np.zeros(0)
