"""An image under a map of signed values, with pointer tools."""

from typing import Any

import numpy as np
import traitlets
from traitlets import Bool, Enum, Float, Int, Tuple, Unicode

from xaiwidgets.colors import lookup_table
from xaiwidgets.views.arrays import Array
from xaiwidgets.views.view import View, shipped

TOOLS = ("look", "drag", "box", "brush", "pick", "occlude")
WINDOWS = ("square", "disc")


def _pixel(help: str = "(row, column)") -> Tuple:
    return Tuple(Int(), Int(), default_value=None, allow_none=True, help=help).tag(sync=True, echo_update=False)


class ImageView(View):
    """A picture, a map over it, and what the pointer does there. Rows and columns are those of the painted grid.

    The grid is the image's size; a coarser `heatmap` is drawn in rectangles. Coordinates are `(row, column)`, integer.
    Views of one `group` read out the same pixel, and move their windows together, without a message to Python;
    `hovered` follows if `reports_hover`, and `middle` in the view whose window was moved.

    Example:
        view = ImageView(image=picture(x[0]), heatmap=relevance, limit=symmetric_limit(relevance), title="Gradient")
        view.observe(lambda change: print(change.new), names=["box"])
    """

    _esm = shipped("common.js", "pixels.js", "tools.js", "marks.js", "image_words.js", "image_view.js")
    _css = shipped("common.css", "image_view.css")

    # Python -> browser
    image = Array("uint8", None, None, 3, help="(H, W, 3)")
    heatmap = Array("float32", None, None, help="(h, w), units of the method; empty: none")
    limit = Float(1.0, help="value of the strongest colour; the scale runs from -limit to limit").tag(sync=True)
    table = Array("uint8", 256, 3, help="colours from -limit to limit")
    opacity = Float(1.0, min=0.0, max=1.0, help="of the map over the grey-toned image").tag(sync=True)
    outline = Array("uint8", None, None, help="(H, W) mask whose contour is drawn; empty: none")
    regions = Array("int32", None, None, help="(H, W) labels whose borders are drawn as thin lines; empty: none")
    show_outline = Bool(True).tag(sync=True)
    title = Unicode("").tag(sync=True)
    caption = Unicode("", help="under the title: a number").tag(sync=True)
    notice = Unicode("", help="what a reader must know, such as: the map is zero everywhere").tag(sync=True)
    alt = Unicode("picture", help="what a reader who cannot see it is told").tag(sync=True)
    size = Int(192, min=192, help="CSS pixels of the longer side").tag(sync=True)
    tool = Enum(TOOLS, "look").tag(sync=True)
    radius = Float(2.0, min=0.5, help="of the brush, in image pixels").tag(sync=True)
    window = Int(8, min=1, help="size of the window of the tool occlude, in image pixels").tag(sync=True)
    window_shape = Enum(WINDOWS, "square", help="of the window").tag(sync=True)
    fill = Array(
        "uint8", None, None, 3, help="(H, W, 3), seen under the window and where the brush was; empty: the image is"
    )
    group = Unicode("", help="views of the same group read out the same pixel; empty: alone").tag(sync=True)
    reports_hover = Bool(False, help="whether Python wants to know `hovered`").tag(sync=True)
    busy = Bool(False, help="dims the picture slightly").tag(sync=True)

    # browser -> Python (and back)
    hovered = _pixel()
    picked = _pixel()
    middle = _pixel("of the window, which begins half its size before; None: no window")
    offset = Tuple(Int(), Int(), default_value=(0, 0), help="(rows down, columns right) dragged so far").tag(
        sync=True, echo_update=False
    )
    box = Tuple(
        Int(), Int(), Int(), Int(), default_value=None, allow_none=True, help="(r0, c0, r1, c1): image[r0:r1, c0:c1]"
    ).tag(sync=True, echo_update=False)
    brushed = Array("uint8", None, None, help="(H, W), 1 where painted; empty: nothing painted").tag(echo_update=False)

    @traitlets.default("table")
    def _default_table(self) -> np.ndarray:
        return lookup_table()

    @traitlets.validate("limit")
    def _valid_limit(self, proposal: Any) -> float:
        if not (proposal.value > 0 and np.isfinite(proposal.value)):
            raise traitlets.TraitError(f"limit must be positive and finite, got {proposal.value!r}")
        return proposal.value
