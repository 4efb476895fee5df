import numpy as np
import pytest
import torch

from xaiwidgets.explorers.guess import most_relevant, overlap, placeholder, tinted


def test_overlap_and_top_pixels_by_hand():
    values = torch.tensor([[3.0, -5.0, 0.0], [2.0, 1.0, -1.0]])
    assert most_relevant(values, 2).tolist() == [[True, False, False], [True, False, False]]
    assert most_relevant(values, 6).tolist() == [[True, False, False], [True, True, False]]
    assert not most_relevant(values, 0).any()
    a, b = (torch.tensor(mask, dtype=torch.bool) for mask in ([[1, 1, 0], [0, 0, 0]], [[0, 1, 1], [1, 0, 0]]))
    assert overlap(a, b) == pytest.approx(1 / 4)
    assert overlap(a, a) == 1
    assert overlap(a & ~a, b & ~b) == 0


def test_paint_and_placeholder():
    pixels = np.full((2, 2, 3), 100, np.uint8)
    mask = torch.tensor([[True, False], [False, False]])
    by_hand = [round(100 + (160 / 255) * (colour - 100)) for colour in (255, 176, 0)]
    assert tinted(pixels, mask)[0, 0].tolist() == by_hand
    assert np.array_equal(tinted(pixels, mask)[1], pixels[1])
    assert tinted(pixels, None) is pixels
    for shape in ((64, 64), (12, 10), (5, 3)):
        assert placeholder(*shape).shape == (*shape, 3)
        assert placeholder(*shape).dtype == np.uint8
    assert len(np.unique(placeholder(64, 64))) == 2
