"""Shifted copies, windows and pooled relevance."""

import pytest
import torch
from torch import nn

from xaiwidgets.methods.gradients import gradient
from xaiwidgets.methods.lrp import lrp
from xaiwidgets.methods.lrp_images import pooled, translated, windowed

close = {"rtol": 1e-9, "atol": 1e-12}


def small(pooled=True):
    torch.manual_seed(1)
    pool = nn.AdaptiveAvgPool2d(1) if pooled else nn.Identity()
    layers = [nn.Conv2d(2, 4, 3, stride=2, bias=False), nn.ReLU(), pool, nn.Flatten()]
    return nn.Sequential(*layers, nn.LazyLinear(3, bias=False)).eval()


def ready(x, **options):
    model = small(**options)
    with torch.no_grad():
        model(x.float())
    return model.double()


def test_the_translation_trick_is_a_mean_over_shifted_copies():
    x = torch.rand(2, 2, 7, 6, dtype=torch.float64)
    model = ready(x)
    expected = torch.zeros_like(x)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            copy, origin = torch.empty_like(x), {}
            for row in range(7):
                for column in range(6):
                    origin[row, column] = min(max(row + down, 0), 6), min(max(column + right, 0), 5)
                    copy[:, :, row, column] = x[:, :, *origin[row, column]]
            relevance = lrp(model, copy, 1)
            for (row, column), (to_row, to_column) in origin.items():
                expected[:, :, to_row, to_column] += relevance[:, :, row, column] / 9
    torch.testing.assert_close(translated(lrp, model, x, 1, distance=1), expected, **close)
    assert torch.equal(translated(lrp, model, x, 1, distance=0), lrp(model, x, 1))
    arguments = {"rules": "LRP-0"}
    assert torch.equal(translated(lrp, model, x, 1, distance=0, **arguments), lrp(model, x, 1, **arguments))


def test_the_trick_smooths_what_hangs_on_the_grid():
    """A stride of 2 gives every second pixel other weights: the gradient jumps from pixel to pixel."""
    x = torch.rand(4, 2, 16, 16, dtype=torch.float64)
    model = ready(x)

    def jumps(relevance):
        return (relevance.diff(dim=3).abs().mean() / relevance.abs().mean()).item()

    assert jumps(translated(gradient, model, x, 0, distance=2)) < 0.8 * jumps(gradient(model, x, 0))


def test_windows_add_up():
    x = torch.rand(2, 2, 13, 11, dtype=torch.float64)
    model = ready(x[:, :, :7, :7], pooled=False)
    found = windowed(lrp, model, x, 1, window=7, stride=4, rules="LRP-0")
    expected, scores = torch.zeros_like(x), 0
    for top in (0, 4, 6):
        for left in (0, 4):
            expected[:, :, top : top + 7, left : left + 7] += lrp(
                model, x[:, :, top : top + 7, left : left + 7], 1, rules="LRP-0"
            )
            scores = scores + model(x[:, :, top : top + 7, left : left + 7])[:, 1]
    torch.testing.assert_close(found, expected, **close)
    torch.testing.assert_close(found.flatten(1).sum(1), scores.detach(), **close)


def test_the_direct_variant_explains_the_mean_of_the_windows():
    """Without padding, and with windows that meet where the strides do, both are the same but for that factor."""
    x = torch.rand(1, 2, 15, 15, dtype=torch.float64)
    model = ready(x)
    windows = windowed(lrp, model, x, 2, window=3, stride=2, rules="LRP-0")
    torch.testing.assert_close(lrp(model, x, 2, rules="LRP-0"), windows / 49, **close)


def test_pooling_sums_over_blocks_and_groups():
    relevance = torch.randn(2, 3, 5, 4, dtype=torch.float64)
    blocks = pooled(relevance, 2)
    assert blocks.shape == (2, 3, 2)
    torch.testing.assert_close(blocks[1, 0, 1], relevance[1, :, :2, 2:].sum(), **close)
    torch.testing.assert_close(blocks[0, 2, 0], relevance[0, :, 4:, :2].sum(), **close)
    groups = torch.tensor([[0, 0, 1, -1]] * 5)
    sums = pooled(relevance, groups)
    expected = torch.stack([relevance[..., :2].sum((1, 2, 3)), relevance[..., 2].sum((1, 2))], 1)
    torch.testing.assert_close(sums, expected, **close)
    each = pooled(relevance.sum(1), torch.stack([groups, 1 - groups.clamp(min=0)]))
    torch.testing.assert_close(each[1, 1], relevance[1][..., [0, 1, 3]].sum(), **close)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: translated(lrp, small(), x, 0, distance=-1), "distance must be a whole number from 0 to 3.*got -1"),
        (lambda x: translated(lrp, small(), x[0], 0), r"x must be pictures \(N, C, H, W\), got shape \(2, 5, 4\)"),
        (
            lambda x: windowed(lrp, small(), x, 0, window=6, stride=1),
            r"window must be 1 to \(5, 4\) pixels, got \(6, 6\)",
        ),
        (lambda x: windowed(lrp, small(), x, 0, window=3, stride=0), "stride must be a whole number.*got 0"),
        (lambda x: pooled(x, 0), "groups must be a block size of 1 or more, got 0"),
        (lambda x: pooled(x, torch.ones(3, 3)), r"groups must be .* of shape \(5, 4\), got \(3, 3\), torch.float32"),
        (lambda x: pooled(x[0, 0], 2), r"relevance must be .*got shape \(5, 4\)"),
    ],
)
def test_bad_arguments_get_a_clear_error(call, message):
    with pytest.raises(ValueError, match=message):
        call(torch.rand(2, 2, 5, 4))
