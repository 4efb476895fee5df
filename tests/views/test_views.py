import numpy as np
import pytest
from traitlets import TraitError

from xaiwidgets.colors import lookup_table
from xaiwidgets.views import BarsView, CurvesView, GalleryView, ImageView, StatusView


def heard(view, name, value):
    """What an observer gets when the browser sends `value`."""
    seen = []
    view.observe(lambda change: seen.append(change.new), names=[name])
    view.set_state({name: value})
    return seen


@pytest.mark.parametrize(
    ("name", "sent", "got"),
    [
        ("hovered", [1, 2], (1, 2)),
        ("picked", [0, 7], (0, 7)),
        ("offset", [-3, 4], (-3, 4)),
        ("middle", [3, 4], (3, 4)),
        ("box", [1, 2, 3, 4], (1, 2, 3, 4)),
    ],
)
def test_lists_from_the_browser_become_tuples(name, sent, got):
    assert heard(ImageView(), name, sent) == [got]


@pytest.mark.parametrize(("name", "value"), [("box", [1, 2]), ("offset", [0.5, 1]), ("hovered", "here")])
def test_nonsense_from_the_browser_is_refused(name, value):
    with pytest.raises(TraitError, match=name):
        ImageView().set_state({name: value})


def test_a_picture_opens_without_anything():
    view = ImageView()
    assert (view.hovered, view.picked, view.box, view.middle, view.offset) == (None, None, None, None, (0, 0))
    np.testing.assert_array_equal(view.table, lookup_table())


@pytest.mark.parametrize("limit", [0.0, -1.0, float("nan"), float("inf")])
def test_a_limit_must_be_positive(limit):
    with pytest.raises(TraitError, match="limit must be positive and finite"):
        ImageView(limit=limit)


@pytest.mark.parametrize(
    ("name", "value"),
    [("opacity", 1.2), ("size", 100), ("tool", "saw"), ("radius", 0), ("window", 0), ("window_shape", "star")],
)
def test_settings_of_the_picture_are_checked(name, value):
    with pytest.raises(TraitError, match=name):
        ImageView(**{name: value})


def test_gallery_labels_are_one_a_picture():
    images = np.zeros((2, 4, 6, 3), np.uint8)
    assert GalleryView(images=images, labels=["a", "b"]).labels == ["a", "b"]
    with pytest.raises(TraitError, match="one for each of the 2 images, got 3"):
        GalleryView(images=images, labels=["a", "b", "c"])


def test_gallery_pictures_and_labels_change_together():
    gallery = GalleryView(images=np.zeros((2, 4, 6, 3), np.uint8), labels=["a", "b"])
    with gallery.hold_trait_notifications():
        gallery.images = np.zeros((1, 4, 6, 3), np.uint8)
        gallery.labels = ["c"]
    assert (len(gallery.images), gallery.labels) == (1, ["c"])


def test_choices_of_rows_and_pictures_arrive():
    assert heard(GalleryView(images=np.zeros((2, 4, 6, 3), np.uint8)), "selected", 1) == [1]
    assert heard(BarsView(names=["a", "b"], values=[1, 2]), "selected", 1) == [1]
    assert heard(CurvesView(marker=0.5), "marker", 0.75) == [0.75]
    assert heard(StatusView(), "cancelled", 1) == [1]


def test_curves_are_at_most_as_many_as_there_are_patterns():
    CurvesView(x=np.arange(4), series=np.zeros((8, 4)))
    with pytest.raises(TraitError, match="at most 8 curves, got 9"):
        CurvesView(x=np.arange(4), series=np.zeros((9, 4)))


@pytest.mark.parametrize(
    ("view", "name", "lengths"), [(BarsView, "errors", [0.5, -0.25]), (CurvesView, "bands", [[0.5, -0.25]])]
)
def test_half_lengths_are_not_negative(view, name, lengths):
    kept = view(**{name: np.abs(lengths)})
    with pytest.raises(TraitError, match=f"{name} must not be negative, got -0.25"):
        kept.set_trait(name, lengths)
    np.testing.assert_array_equal(getattr(kept, name), np.abs(lengths))
    kept.set_trait(name, np.full_like(lengths, np.nan))
    assert np.isnan(getattr(kept, name)).all()


def test_progress_is_a_share():
    with pytest.raises(TraitError, match="progress"):
        StatusView(progress=40)
