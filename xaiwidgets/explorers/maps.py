"""Several maps side by side, on one scale that can be trusted."""

from dataclasses import dataclass

import numpy as np
from ipywidgets import Widget
from torch import Tensor

from xaiwidgets.colors import overlay, symmetric_limit
from xaiwidgets.explorers.explorer import row
from xaiwidgets.views import ImageView, Panel

NOTHING = np.zeros((0, 0), np.uint8)  # no outline, no map


@dataclass(frozen=True)
class Map:
    """One map to show: its name, values `(h, w)`, and what is written under it. Without values `notice` says why."""

    title: str
    values: Tensor | None
    caption: str = ""
    notice: str = ""


@dataclass(frozen=True)
class Display:
    """How maps are shown.

    Attributes:
        opacity: of the maps over the grey-toned picture, 0 to 1.
        one_scale: whether all maps share one scale.
        contrast: 2 gives half the largest value the strongest colour.
        outline: whether the contour of the object is drawn.
    """

    opacity: float = 1.0
    one_scale: bool = True
    contrast: float = 1.0
    outline: bool = False


def share_inside(values: Tensor, mask: Tensor | None) -> float | None:
    """Share of the positive values that lies inside the mask; None where there is no mask or nothing positive."""
    positive = values.clamp(min=0)
    total = float(positive.sum())
    return None if mask is None or total == 0 else float(positive[mask].sum()) / total


def notice_of(values: Tensor) -> str:
    """What a reader must know before looking at colours."""
    if not values.isfinite().all():
        return "the map has values that are not finite"
    if (values == 0).all():
        return "the map is zero everywhere"
    return "every value is negative or zero" if (values <= 0).all() else ""


class MapRow:
    """Up to `most` views of maps; all read out the same pixel as `source`, the picture they explain."""

    def __init__(self, source: ImageView, most: int, size: int = 192) -> None:
        source.group = source.model_id
        self.views = [ImageView(size=size, group=source.group) for _ in range(most)]
        self.widget = row()

    def show(self, maps: list[Map], image: np.ndarray, mask: Tensor | None, display: Display) -> None:
        """Paint `maps` over `image`, `(H, W, 3)` uint8; `mask` `(H, W)` or None."""
        limits = [symmetric_limit(*_values([each])) for each in maps]
        if display.one_scale:
            limits = [symmetric_limit(*_values(maps))] * len(maps)
        for view, each, limit in zip(self.views, maps, limits, strict=False):
            self._paint(view, each, image, mask, display, limit / display.contrast)
        if len(self.widget.children) != len(maps):
            self.widget.children = tuple(self.views[: len(maps)])

    def _paint(
        self, view: ImageView, each: Map, image: np.ndarray, mask: Tensor | None, display: Display, limit: float
    ) -> None:
        caption, values, notice = each.caption, NOTHING, each.notice
        if each.values is not None:
            caption, values = f"{caption}\nscale ±{limit:.2g}".strip(), each.values
            notice = notice or notice_of(values)
        with view.hold_sync():
            if each.values is None or display.opacity < 1 or view.image.shape != image.shape:
                view.image = image  # else it is not seen, and not sent
            view.heatmap, view.limit, view.opacity = values, limit, display.opacity
            view.outline = mask if display.outline and mask is not None else NOTHING
            view.title, view.caption, view.notice = each.title, caption, notice
            view.alt = f"{each.title}, map over the picture: {caption} {notice}"

    def panels(self) -> list[Panel]:
        """The maps as they are shown."""
        return [
            Panel(overlay(view.image, view.heatmap, view.limit, view.opacity), view.title, view.caption or "no map")
            for view in self.widget.children
        ]

    def hidden(self) -> list[Widget]:
        """All views, also those not shown."""
        return [*(view.layout for view in self.views), *self.views]


def _values(maps: list[Map]) -> list[Tensor]:
    return [each.values for each in maps if each.values is not None]
