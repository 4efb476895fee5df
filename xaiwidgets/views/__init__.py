"""Pixels and pointer: one browser widget each, which draws and reports and knows no method."""

from xaiwidgets.views.bars_view import BarsView
from xaiwidgets.views.controls_view import ControlsView, specification_of
from xaiwidgets.views.curves_view import CurvesView
from xaiwidgets.views.embedding_view import EmbeddingView
from xaiwidgets.views.gallery_view import GalleryView
from xaiwidgets.views.image_view import ImageView
from xaiwidgets.views.network_view import NetworkLayer, NetworkView, strongest
from xaiwidgets.views.picture import Panel, static_figure
from xaiwidgets.views.plane_view import PlaneView
from xaiwidgets.views.status_view import StatusView

__all__ = [
    "BarsView",
    "ControlsView",
    "CurvesView",
    "EmbeddingView",
    "GalleryView",
    "ImageView",
    "NetworkLayer",
    "NetworkView",
    "Panel",
    "PlaneView",
    "StatusView",
    "specification_of",
    "static_figure",
    "strongest",
]
