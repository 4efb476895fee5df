import numpy as np
import pytest
import torch
from traitlets import TraitError

from xaiwidgets.views import EmbeddingView


def test_arrays_are_kept_as_they_were_given():
    images = np.random.default_rng(0).integers(0, 256, (3, 4, 5, 3), dtype=np.uint8)
    view = EmbeddingView(images=images, positions=torch.arange(6.0).view(3, 2), labels=torch.tensor([1, -1, 0]))
    np.testing.assert_array_equal(view.images, images)
    assert view.positions.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert view.labels.tolist() == [1, -1, 0]
    assert (view.shown, view.lasso, view.picked, view.lassoed.tolist()) == ("pictures", False, None, [])


@pytest.mark.parametrize(
    ("trait", "value", "message"),
    [
        ("positions", [[1, 2, 3]], r"positions must be 2-d float32 \(n, 2\)"),
        ("labels", [0, -2], "labels must be -1 or more, got -2"),
        ("highlighted", [-1], "highlighted must be 0 or more, got -1"),
        ("lassoed", [3, -4], "lassoed must be 0 or more, got -4"),
        ("shown", "stars", "shown"),
        ("width", 100, "width"),
    ],
)
def test_bad_values_are_named_and_not_kept(trait, value, message):
    view = EmbeddingView()
    before = getattr(view, trait)
    with pytest.raises(TraitError, match=message):
        setattr(view, trait, value)
    np.testing.assert_array_equal(getattr(view, trait), before)


def test_the_lasso_arrives_as_indices():
    view, seen = EmbeddingView(), []
    view.observe(lambda change: seen.append(change.new.tolist()), names=["lassoed"])
    view.set_state({"lassoed": {"shape": [3], "dtype": "int32", "bytes": np.int32([2, 5, 70000]).tobytes()}})
    assert seen == [[2, 5, 70000]]
