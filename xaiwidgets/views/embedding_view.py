"""Points of a map drawn as little pictures, which move when the map does."""

from typing import Any

import traitlets
from traitlets import Bool, Enum, Float, Int, List, Unicode

from xaiwidgets.views.arrays import Array
from xaiwidgets.views.view import View, shipped

SHOWN = ("pictures", "letters", "points")


class EmbeddingView(View):
    """A map of points in the plane; each is a little picture, the letter of its class, or a mark.

    The pictures are sent once; `positions` may be sent many times a second, and the points glide from one to the next.
    The reader pans and zooms, looks at a point (its picture, large, and its class), picks one, and draws a lasso around
    many; all of it by pointer or keyboard. Classes are told apart by letter and shape as well as by colour; a class in
    the legend can be switched off. Views of one `group` look at the same point.

    Example:
        view = EmbeddingView(images=picture(data.images), labels=data.labels, class_names=list(data.class_names))
        for frame in learning_tsne(x):
            view.positions = frame.embedding
        view.observe(lambda change: print(change.new), names=["lassoed"])
    """

    _esm = shipped(
        "common.js", "sprites.js", "embedding.js", "embedding_sprites.js", "embedding_parts.js",
        "embedding_tools.js", "embedding_view.js",
    )  # fmt: skip
    _css = shipped("common.css", "embedding_view.css")

    # Python -> browser
    images = Array("uint8", None, None, None, 3, help="(N, h, w, 3), one a point; empty: points only")
    positions = Array("float32", None, 2, help="(N, 2), x and y; a point that is not finite is not drawn")
    labels = Array("int32", None, help="(N,), index into the class names, -1: unknown; empty: no classes")
    class_names = List(Unicode()).tag(sync=True)
    shown = Enum(SHOWN, "pictures", help="what stands for a point").tag(sync=True)
    ink = Bool(False, help="black paper is see-through and the ink takes the colour of the class").tag(sync=True)
    size = Float(0.0, min=0.0, help="CSS pixels of a point's longer side; 0: by the number of points").tag(sync=True)
    highlighted = Array("int32", None, help="(n,), points with a frame around them")
    title = Unicode("").tag(sync=True)
    caption = Unicode("", help="under the map: numbers").tag(sync=True)
    notice = Unicode("", help="what a reader must know").tag(sync=True)
    alt = Unicode("map of points", help="what a reader who cannot see it is told").tag(sync=True)
    width = Int(480, min=192, help="CSS pixels, at most the room there is").tag(sync=True)
    height = Int(480, min=192).tag(sync=True)
    legend = Bool(True, help="whether the classes stand below the map").tag(sync=True)
    tools = Bool(True, help="whether the buttons stand above the map").tag(sync=True)
    group = Unicode("", help="views of the same group look at the same point; empty: alone").tag(sync=True)

    # browser <-> Python
    lasso = Bool(False, help="whether dragging draws a lasso; else it moves the map").tag(sync=True)
    picked = Int(None, allow_none=True, help="the point that was clicked").tag(sync=True, echo_update=False)
    lassoed = Array("int32", None, help="(n,), points inside the lasso, increasing").tag(echo_update=False)

    @traitlets.validate("labels", "highlighted", "lassoed")
    def _valid_indices(self, proposal: Any) -> Any:
        least = -1 if proposal.trait.name == "labels" else 0
        if (proposal.value < least).any():
            raise traitlets.TraitError(f"{proposal.trait.name} must be {least} or more, got {proposal.value.min()}")
        return proposal.value
