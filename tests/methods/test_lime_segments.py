"""Superpixels: every pixel in one segment, segments in one piece, borders where the picture has them."""

import pytest
import torch
from skimage.measure import label

from xaiwidgets.datasets import load_dataset
from xaiwidgets.methods.superpixels import METHODS, grid, superpixels


@pytest.fixture(scope="module")
def scene():
    return load_dataset("scenes", count=1)


@pytest.mark.parametrize("method", METHODS)
def test_labels_count_up_from_zero_and_each_segment_is_in_one_piece(scene, method):
    found = superpixels(scene.images[0], method, 40)
    assert found.unique().tolist() == list(range(int(found.max()) + 1))
    for number in range(int(found.max()) + 1):
        assert label((found == number).numpy(), connectivity=2).max() == 1


@pytest.mark.parametrize("wanted", [10, 50, 200])
@pytest.mark.parametrize("method", ["slic", "grid"])
def test_about_as_many_as_asked_for(scene, method, wanted):
    assert 0.5 * wanted < int(superpixels(scene.images[0], method, wanted).max()) + 1 < 1.5 * wanted


def test_a_segment_of_slic_keeps_to_one_colour_more_than_a_rectangle(scene):
    picture = scene.images[0]

    def scatter(labels):
        return sum(picture[:, labels == n].var(1, correction=0).sum() * (labels == n).sum() for n in labels.unique())

    assert scatter(superpixels(picture, "slic", 50)) < 0.7 * scatter(superpixels(picture, "grid", 50))


def test_range_and_colours_do_not_matter(scene):
    picture = scene.images[0]
    assert torch.equal(superpixels(255 * picture - 100), superpixels(picture))
    for channels in (1, 2, 3):
        assert superpixels(picture[:channels].double(), segments=20).shape == (64, 64)


def test_a_grid_by_hand():
    wanted = torch.tensor([[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3]])
    assert torch.equal(grid(3, 4, 4), wanted)
    assert torch.equal(grid(2, 3, 100), torch.arange(6).view(2, 3))


@pytest.mark.parametrize(
    ("given", "error", "text"),
    [
        ((torch.zeros(1, 3, 4, 4),), ValueError, r"x must be one picture \(C, H, W\), got shape \(1, 3, 4, 4\)"),
        ((torch.zeros(3, 4, 4).long(),), TypeError, "x must be a floating-point tensor"),
        ((torch.full((3, 4, 4), torch.nan),), ValueError, "x must be finite"),
        ((torch.zeros(3, 4, 4), "voronoi"), ValueError, "method must be one of 'slic', 'quickshift', 'grid'"),
        ((torch.zeros(3, 4, 4), "grid", 0), ValueError, "segments must be an integer from 1"),
    ],
)
def test_wrong_arguments_are_named(given, error, text):
    with pytest.raises(error, match=text):
        superpixels(*given)
