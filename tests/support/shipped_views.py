"""The classes of all views."""

from xaiwidgets import views

CLASSES = [
    views.BarsView,
    views.ControlsView,
    views.CurvesView,
    views.EmbeddingView,
    views.GalleryView,
    views.ImageView,
    views.NetworkView,
    views.PlaneView,
    views.StatusView,
]
