"""Named numbers as horizontal bars: class scores."""

from traitlets import Enum, Float, Int, List, Tuple, Unicode

from xaiwidgets.views.arrays import Array
from xaiwidgets.views.view import View, shipped


class BarsView(View):
    """Horizontal bars with names and numbers, one of which can be chosen; negative values run left of a zero line.

    Example:
        bars = BarsView(names=class_names, values=logits[0], label="Logits", highlight=label)
        bars.observe(lambda change: explain(change.new), names=["selected"])
    """

    _esm = shipped("common.js", "bars_view.js")
    _css = shipped("common.css", "bars_view.css")

    # Python -> browser
    names = List(Unicode()).tag(sync=True)
    values = Array("float32", None, help="(n,), one a name")
    label = Unicode("Scores", help="heading, and name of the list").tag(sync=True)
    order = Enum(("given", "sorted"), "given", help="sorted: the largest first").tag(sync=True)
    maximum = Int(0, min=0, help="rows shown; 0: all").tag(sync=True)
    limits = Tuple(
        Float(), Float(), default_value=None, allow_none=True, help="ends of the scale; None: by the values"
    ).tag(sync=True)
    digits = Int(2, min=0, max=6, help="decimal places of the numbers").tag(sync=True)
    notation = Enum(("number", "percent"), "number", help="percent: 0.25 is written 25 %").tag(sync=True)
    highlight = Int(None, allow_none=True, help="index of the row marked as the true one").tag(sync=True)
    highlight_label = Unicode("true class", help="what the mark says").tag(sync=True)

    # browser <-> Python
    selected = Int(None, allow_none=True, help="index into names of the chosen row").tag(sync=True)
