"""Thumbnails to choose from."""

from typing import Any

import traitlets
from traitlets import Bool, Int, List, Unicode

from xaiwidgets.views.arrays import Array
from xaiwidgets.views.view import View, shipped


class GalleryView(View):
    """A grid of small pictures, one of which is chosen: a listbox for the keyboard.

    Example:
        gallery = GalleryView(images=picture(dataset.images[:12]), labels=[...], label="Images")
        gallery.observe(lambda change: show(change.new), names=["selected"])
    """

    _esm = shipped("common.js", "pixels.js", "upload.js", "gallery_view.js")
    _css = shipped("common.css", "gallery_view.css")

    # Python -> browser
    images = Array("uint8", None, None, None, 3, help="(N, H, W, 3)")
    labels = List(Unicode(), help="one a picture, shown under it; empty: numbers are spoken, none shown").tag(sync=True)
    label = Unicode("Images", help="name of the whole list").tag(sync=True)
    columns = Int(0, min=0, help="0: as many as fit").tag(sync=True)
    size = Int(56, min=24, help="CSS pixels of a thumbnail's longer side").tag(sync=True)
    height = Int(0, min=0, help="CSS pixels after which the grid scrolls; 0: never").tag(sync=True)

    upload = Bool(False, help="whether the reader may add a picture; set before it is shown").tag(sync=True)

    # browser -> Python
    added = Array("uint8", None, None, 3, help="(H, W, 3), the picture added last").tag(echo_update=False)

    # browser <-> Python
    selected = Int(0, allow_none=True, help="index of the chosen picture").tag(sync=True)

    @traitlets.validate("labels")
    def _valid_labels(self, proposal: Any) -> list[str]:
        if proposal.value and len(proposal.value) != len(self.images):
            raise traitlets.TraitError(
                f"labels must be empty or one for each of the {len(self.images)} images, got {len(proposal.value)}"
            )
        return proposal.value
