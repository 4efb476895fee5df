"""A function of two numbers as a picture, with points and lines on it and one point that can be moved."""

from typing import Any

import numpy as np
import traitlets
from traitlets import Bool, Float, Int, List, Tuple, Unicode

from xaiwidgets.colors import lookup_table
from xaiwidgets.views.arrays import Array
from xaiwidgets.views.view import View, shipped

SHAPES = 4  # circle, square, triangle, diamond


def _limits(help: str) -> Tuple:
    return Tuple(Float(), Float(), default_value=(-1.0, 1.0), help=help).tag(sync=True)


class PlaneView(View):
    """A rectangle of the plane: colours of a score, the contour where it has one value, points, lines, a movable point.

    Points are told apart by shape as well as by fill, lines by dashes as well as by colour. The movable point follows
    the pointer and the arrow keys, and never leaves the rectangle.

    Example:
        view = PlaneView(field=scores, level=0.5, limit=0.5, points=samples, lines=[(1, -1, 0)], point=(0, 0))
        view.observe(lambda change: print(change.new), names=["point"])
    """

    _esm = shipped("common.js", "pixels.js", "curves.js", "plane.js", "plane_view.js")
    _css = shipped("common.css", "plane_view.css")

    # Python -> browser
    x_limits = _limits("ends of the horizontal axis")
    y_limits = _limits("ends of the vertical axis")
    field = Array("float32", None, None, help="(rows, columns), the score in the middle of each cell; row 0 is the top")
    level = Float(0.0, help="score of the white, at which the contour is drawn").tag(sync=True)
    limit = Float(1.0, help="distance from the level of the strongest colour").tag(sync=True)
    table = Array("uint8", 256, 3, help="colours from level - limit to level + limit")
    points = Array("float32", None, 2, help="(n, 2), x and y")
    sizes = Array("float32", None, help="(n,), radius of each point in CSS pixels; empty: 4")
    opacities = Array("float32", None, help="(n,), 0 to 1; empty: 1")
    shapes = Array("int32", None, help="(n,), 0 circle, 1 square, 2 triangle, 3 diamond; empty: circles")
    shape_names = List(Unicode(), help="what the shapes are, for the legend").tag(sync=True)
    lines = Array("float32", None, 3, help="(m, 3), a, b, c of a x + b y = c; those beyond the names are thin")
    line_names = List(Unicode(), help="of the first lines, for the legend").tag(sync=True)
    contour_name = Unicode("", help="what the contour is, for the legend").tag(sync=True)
    radius = Float(0.0, min=0.0, help="of a circle around the movable point, in units of x; 0: none").tag(sync=True)
    title = Unicode("").tag(sync=True)
    caption = Unicode("", help="under the picture: numbers").tag(sync=True)
    notice = Unicode("", help="what a reader must know").tag(sync=True)
    x_label = Unicode("x").tag(sync=True)
    y_label = Unicode("y").tag(sync=True)
    alt = Unicode("plane", help="what a reader who cannot see it is told").tag(sync=True)
    width = Int(420, min=200, help="CSS pixels, at most the room there is").tag(sync=True)
    height = Int(410, min=200).tag(sync=True)
    movable = Bool(True, help="whether the reader may move the point").tag(sync=True)

    # browser <-> Python
    point = Tuple(Float(), Float(), default_value=None, allow_none=True, help="x and y; None: no movable point").tag(
        sync=True, echo_update=False
    )

    @traitlets.default("table")
    def _default_table(self) -> np.ndarray:
        return lookup_table()

    @traitlets.validate("limit")
    def _valid_limit(self, proposal: Any) -> float:
        if not (proposal.value > 0 and np.isfinite(proposal.value)):
            raise traitlets.TraitError(f"limit must be positive and finite, got {proposal.value!r}")
        return proposal.value

    @traitlets.validate("x_limits", "y_limits")
    def _valid_limits(self, proposal: Any) -> tuple[float, float]:
        low, high = proposal.value
        if not (np.isfinite([low, high]).all() and low < high):
            raise traitlets.TraitError(f"{proposal.trait.name} must be finite and increase, got {proposal.value!r}")
        return proposal.value

    @traitlets.validate("shapes")
    def _valid_shapes(self, proposal: Any) -> np.ndarray:
        if ((proposal.value < 0) | (proposal.value >= SHAPES)).any():
            raise traitlets.TraitError(f"shapes must be from 0 to {SHAPES - 1}, got {proposal.value.tolist()!r:.80}")
        return proposal.value
