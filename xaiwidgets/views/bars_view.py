"""Named numbers as horizontal bars: class scores, or estimates with their error bars."""

from typing import Any

import numpy as np
import traitlets
from traitlets import Enum, Float, Int, List, Tuple, Unicode

from xaiwidgets.views.arrays import Array
from xaiwidgets.views.view import View, shipped


class BarsView(View):
    """Horizontal bars with names and numbers, one of which can be chosen; negative values run left of a zero line.

    An estimate has an error bar in `errors`, and the value it should have in `marks`; NaN: none in this row.

    Example:
        bars = BarsView(names=class_names, values=logits[0], label="Logits", highlight=label)
        bars.observe(lambda change: explain(change.new), names=["selected"])
    """

    _esm = shipped("common.js", "bars_view.js")
    _css = shipped("common.css", "bars_view.css")

    # Python -> browser
    names = List(Unicode()).tag(sync=True)
    values = Array("float32", None, help="(n,), one a name")
    errors = Array("float32", None, help="(n,), half-lengths of error bars; empty: none")
    marks = Array("float32", None, help="(n,), a tick a row, such as the exact value; empty: none")
    error_label = Unicode("± standard error", help="what the error bars are, for the legend").tag(sync=True)
    mark_label = Unicode("exact", help="what the ticks are, for the legend").tag(sync=True)
    label = Unicode("Scores", help="heading, and name of the list").tag(sync=True)
    order = Enum(("given", "sorted"), "given", help="sorted: the largest first").tag(sync=True)
    maximum = Int(0, min=0, help="rows shown; 0: all").tag(sync=True)
    limits = Tuple(
        Float(), Float(), default_value=None, allow_none=True, help="ends of the scale; None: by the values"
    ).tag(sync=True)
    digits = Int(2, min=0, max=6, help="decimal places of the numbers").tag(sync=True)
    notation = Enum(("number", "percent"), "number", help="percent: 0.25 is written 25 %").tag(sync=True)
    palette = Enum(("scores", "relevance"), "scores", help="relevance: positive red, negative blue, as on maps").tag(
        sync=True
    )
    highlight = Int(None, allow_none=True, help="index of the row marked as the true one").tag(sync=True)
    highlight_label = Unicode("true class", help="what the mark says").tag(sync=True)

    # browser <-> Python
    selected = Int(None, allow_none=True, help="index into names of the chosen row").tag(sync=True)

    @traitlets.validate("errors")
    def _valid_errors(self, proposal: Any) -> np.ndarray:
        return half_lengths("errors", proposal.value)


def half_lengths(name: str, lengths: np.ndarray) -> np.ndarray:
    """Return `lengths`; `TraitError` where one is negative."""
    if (lengths < 0).any():
        raise traitlets.TraitError(f"{name} must not be negative, got {float(np.nanmin(lengths)):.3g}")
    return lengths
