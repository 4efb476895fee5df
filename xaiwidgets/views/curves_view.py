"""Curves that move while a parameter does."""

from typing import Any

import traitlets
from traitlets import Bool, Float, Int, List, Tuple, Unicode

from xaiwidgets.views.arrays import Array
from xaiwidgets.views.bars_view import half_lengths
from xaiwidgets.views.view import View, shipped


class CurvesView(View):
    """Up to eight curves over a common x, told apart by dash pattern and label as well as by colour.

    NaN leaves a gap, in a curve and in its band. With a `marker` a vertical line reads out every curve; it can be
    moved by pointer and keyboard.

    Example:
        CurvesView(x=steps, series=[gaps], names=["completeness gap"], x_label="steps", y_label="gap", marker=64)
    """

    _esm = shipped("common.js", "curves.js", "curves_view.js")
    _css = shipped("common.css", "curves_view.css")

    # Python -> browser
    x = Array("float32", None, help="(n,), increasing")
    series = Array("float32", None, None, help="(k, n)")
    bands = Array("float32", None, None, help="(k, n), half-widths of bands, as of standard errors; empty: none")
    names = List(Unicode(), help="k labels").tag(sync=True)
    title = Unicode("").tag(sync=True)
    x_label = Unicode("").tag(sync=True)
    y_label = Unicode("").tag(sync=True)
    y_limits = Tuple(Float(), Float(), default_value=None, allow_none=True, help="None: by the values").tag(sync=True)
    alt = Unicode("curves", help="what a reader who cannot see them is told").tag(sync=True)
    width = Int(480, min=200, help="CSS pixels, at most the room there is").tag(sync=True)
    height = Int(240, min=120).tag(sync=True)
    movable = Bool(True, help="whether the reader may move the marker").tag(sync=True)

    # browser <-> Python
    marker = Float(None, allow_none=True, help="x of the vertical line; None: none").tag(sync=True)

    @traitlets.validate("series")
    def _valid_series(self, proposal: Any) -> Any:
        if len(proposal.value) > 8:
            raise traitlets.TraitError(f"series must hold at most 8 curves, got {len(proposal.value)}")
        return proposal.value

    @traitlets.validate("bands")
    def _valid_bands(self, proposal: Any) -> Any:
        return half_lengths("bands", proposal.value)
