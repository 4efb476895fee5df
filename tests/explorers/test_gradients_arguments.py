"""Arguments of the gradients explorer that it cannot work with, and those that go together."""

import numpy as np
import pytest
import torch
from ipywidgets.widgets.widget import _instances
from small import small_net, small_pictures

from xaiwidgets.borrow import borrow
from xaiwidgets.explorers import GradientsExplorer
from xaiwidgets.explorers.pictures import as_dataset, moved, recorded_scores

BAD = [
    ({"labels": torch.tensor([0, 1, 2, 3, 4])}, "labels must be class indices from 0 to 3, got 4"),
    ({"images": torch.rand(2, 12, 10)}, r"images must be \(N, C, H, W\) with 1 or 3 channels, got shape \(2, 12, 10\)"),
    ({"images": torch.rand(2, 2, 12, 10)}, r"1 or 3 channels, got shape \(2, 2, 12, 10\)"),
    ({"images": np.zeros((2, 1, 12, 10))}, r"images must be a Dataset or a torch.Tensor .*got ndarray"),
    ({"images": torch.zeros(2, 1, 12, 10, dtype=torch.uint8)}, "floating"),
    ({"images": torch.full((1, 1, 12, 10), torch.nan)}, "x must be finite"),
    ({"images": torch.rand(0, 1, 12, 10)}, r"x must hold at least one input"),
    ({"images": torch.rand(2, 3, 12, 10)}, r"model failed on inputs of shape \(3, 12, 10\)"),
    ({"class_names": ["a", "b"]}, "class_names must name the model's 4 classes, got 2 names"),
    ({"labels": torch.tensor([1])}, r"labels must be \(5,\) int64"),
    ({"masks": torch.zeros(5, 3, 3, dtype=torch.bool)}, r"masks must be \(5, 12, 10\) bool"),
    ({"methods": ("Gradient", "Magic")}, "methods has no 'Magic'; known methods: Gradient"),
    ({"methods": ()}, "methods must be 1 to 4 names, got 0"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=range(len(BAD)))
def test_bad_input_is_named(arguments, message):
    model = small_net()
    with pytest.raises((TypeError, ValueError), match=message):
        GradientsExplorer(model, **{"images": small_pictures(), **arguments})


@pytest.mark.parametrize(("method", "passes"), [("Gradient", 1), ("Integrated gradients", 3)])
def test_the_scores_cost_a_pass_only_where_no_method_saw_the_picture(method, passes):
    """Integrated gradients: one pass for all nodes, two for its gap, of which one is of the picture, and none more."""
    model, seen = small_net(), []
    model.register_forward_hook(lambda module, inputs, output: seen.append(len(inputs[0])))
    explorer = GradientsExplorer(model, small_pictures(), methods=(method,))
    seen.clear()
    explorer.input.offset = (1, 2)
    assert explorer.wait(60)
    assert len(seen) == passes
    expected = model(moved(small_pictures()[:1], (1, 2)))[0].detach()
    np.testing.assert_allclose(explorer.scores.values, expected, rtol=1e-5)
    explorer.close()


def test_the_scores_are_those_of_the_picture_itself():
    model, x = borrow(small_net()), small_pictures()[:1]
    with recorded_scores(model, x) as scores:
        model(1 - x)
    assert torch.equal(scores(), model(x))
    assert not model._forward_hooks


def test_names_and_labels_are_put_over_those_of_a_dataset():
    data = as_dataset(small_pictures(), torch.zeros(5, dtype=torch.int64), list("abcd"))
    given = as_dataset(data, torch.ones(5, dtype=torch.int64), list("efgh"))
    assert given.class_names == tuple("efgh")
    assert given.labels.tolist() == [1] * 5
    assert given.images is data.images
    assert as_dataset(data) == data


def test_an_explorer_that_fails_at_first_leaves_no_widget(monkeypatch):
    monkeypatch.setattr(GradientsExplorer, "compute", lambda self, request: 1 / 0)
    before = set(_instances)
    with pytest.raises(ZeroDivisionError):
        GradientsExplorer(small_net(), small_pictures())
    assert set(_instances) == before


@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_of_the_reader_is_added_and_chosen(channels):
    masks = torch.ones(5, 12, 10, dtype=torch.bool)
    explorer = GradientsExplorer(small_net(channels), small_pictures(channels), masks=masks, labels=torch.zeros(5))
    pixels = np.random.default_rng(0).integers(0, 256, (12, 10, 3), np.uint8)
    explorer.gallery.added = pixels
    assert explorer.wait(60)
    expected = np.tensordot(pixels, (0.299, 0.587, 0.114), 1).round()[..., None] if channels == 1 else pixels
    assert np.abs(explorer.input.image.astype(int) - expected).max() <= 1
    assert (explorer.gallery.selected, len(explorer.gallery.images)) == (5, 6)
    assert explorer.scores.highlight is None
    assert explorer.scores.selected == int(explorer.scores.values.argmax())
    assert "inside" not in explorer.maps.views[0].caption
    explorer.close()
