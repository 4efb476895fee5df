"""Affinities against a literal reading of the paper: rows of the wanted perplexity, symmetrised."""

import math

import pytest
import torch
from torch import Tensor

from xaiwidgets.methods.tsne_affinities import affinities


def points(count: int = 40, size: int = 5, dtype: torch.dtype = torch.float64) -> Tensor:
    """A dense and a thin cluster."""
    made = torch.randn(count, size, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    made[count // 2 :] = 8 + 5 * made[count // 2 :]
    return made.to(dtype)


def literal(x: Tensor, sigma: Tensor) -> Tensor:
    """`p_j|i` by loops over the pairs."""
    rows = torch.zeros(len(x), len(x), dtype=x.dtype)
    for i in range(len(x)):
        for j in range(len(x)):
            if i != j:
                rows[i, j] = torch.exp(-(x[i] - x[j]).square().sum() / (2 * sigma[i] ** 2))
        rows[i] /= rows[i].sum()
    return rows


def perplexities(rows: Tensor) -> Tensor:
    return 2 ** -torch.special.xlogy(rows, rows).sum(1).div(math.log(2))


@pytest.mark.parametrize("perplexity", [3, 5, 20, 38])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_row_has_the_perplexity_and_the_form(perplexity, dtype):
    x = points(dtype=dtype)
    found = affinities(x, perplexity)
    rows = found.conditional.double()
    assert found.conditional.dtype == dtype
    assert (perplexities(rows) / perplexity - 1).abs().max() < (1e-4 if dtype == torch.float32 else 1e-6)
    by_hand = literal(x.double(), found.sigma.double())
    assert torch.allclose(rows, by_hand, atol=1e-5 if dtype == torch.float32 else 1e-9)
    assert bool((rows.diagonal() == 0).all())


def test_joint_affinities_are_symmetric_and_sum_to_one():
    found = affinities(points(), 7.0)
    rows = found.conditional
    assert torch.allclose(found.joint, (rows + rows.T) / 80, atol=1e-15)
    assert abs(float(found.joint.sum()) - 1) < 1e-12
    assert float(found.joint.sum(1).min()) > 1 / 80  # an outlier has its share too


def test_sigma_is_small_where_points_lie_close_and_scales_with_the_data():
    x = points()
    sigma = affinities(x, 8.0).sigma
    assert sigma[:20].max() < sigma[20:].min()
    assert torch.allclose(affinities(1000 * x + 7, 8.0).sigma, 1000 * sigma, rtol=1e-6)


def test_blocks_of_rows_make_no_difference(monkeypatch):
    x = points()
    whole = affinities(x, 6.0).conditional
    monkeypatch.setattr("xaiwidgets.methods.tsne_affinities.AT_ONCE", 100)
    assert torch.allclose(affinities(x, 6.0).conditional, whole, atol=1e-14)


def test_a_far_outlier_and_all_axes_count():
    x = points().reshape(40, 5, 1).clone()
    x[0] = 1e4
    found = affinities(x, 5.0)
    assert (perplexities(found.conditional) - 5).abs().max() < 1e-5
    assert torch.equal(found.conditional, affinities(x.flatten(1), 5.0).conditional)


def test_few_copies_of_a_point_are_allowed_many_are_not():
    x = points()
    x[1:4] = x[0]
    rows = affinities(x, 6.0).conditional
    assert (perplexities(rows) - 6).abs().max() < 1e-5
    assert torch.allclose(rows[0, 1:4], rows[0, 1])
    x[:12] = x[0]
    message = (
        "perplexity must be above the number of neighbours at the same smallest distance, got 6, but point 0 has 11"
    )
    with pytest.raises(ValueError, match=message):
        affinities(x, 6.0)


def test_neighbours_are_not_made_of_rounding_errors():
    with pytest.raises(ValueError, match="got 150, but point 0 has 299"):
        affinities(torch.eye(300), 150.0)  # all equally far from each other


@pytest.mark.parametrize("outlier", [1e4, 1e8])
def test_close_points_are_told_apart_however_far_the_others_are(outlier):
    x = points()
    x[:20] *= 1e-3
    x[39] = outlier
    found = affinities(x, 8.0)
    assert (perplexities(found.conditional) - 8).abs().max() < 1e-5
    assert torch.allclose(found.conditional[:39], literal(x, found.sigma)[:39], atol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_read_and_not_computed_in(dtype):
    x = points(dtype=dtype)
    assert torch.equal(affinities(x, 8.0).joint, affinities(x.float(), 8.0).joint)


BAD = {
    "perplexity, the number of neighbours, must be above 1 and below 39 for 40 points, got 50": (points(), 50),
    "above 1 and below 39 for 40 points, got 1$": (points(), 1),
    "x must hold different points, got 40 times the same": (torch.ones(40, 3), 5),
    "x must be finite, got 1 NaN or infinite of 200 values, first in point 7": (
        torch.where(torch.arange(200).reshape(40, 5) == 37, torch.nan, points()),
        5,
    ),
    r"x must hold at least 4 points, \(N, …\), got shape \(3, 5\)": (points()[:3], 1.5),
}  # fmt: skip


@pytest.mark.parametrize("message", BAD)
def test_bad_input_is_told(message):
    with pytest.raises(ValueError, match=message):
        affinities(*BAD[message])


@pytest.mark.parametrize("x", [points().numpy(), points().long()])
def test_points_are_floating_point_tensors(x):
    with pytest.raises(TypeError, match="x must be"):
        affinities(x, 5)


def test_perplexity_is_a_number():
    with pytest.raises(TypeError, match="perplexity must be a number, got 'many'"):
        affinities(points(), "many")
