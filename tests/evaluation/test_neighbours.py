"""How far a map can be trusted, by loops over ranks."""

import pytest
import torch

from xaiwidgets.evaluation.neighbours import neighbour_preservation, trustworthiness


def cloud(seed, size=4, count=30):
    return torch.randn(count, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def order(points, i):
    """The other points, the nearest to `i` first."""
    distances = [(float((points[i] - points[j]).norm()), j) for j in range(len(points)) if j != i]
    return [j for _, j in sorted(distances)]


@pytest.mark.parametrize("k", [1, 5, 14])
def test_both_measures_by_hand(k):
    x, y, n = cloud(0), cloud(1, 2), 30
    late = sum(max(0, order(x, i).index(j) + 1 - k) for i in range(n) for j in order(y, i)[:k])
    kept = sum(len(set(order(x, i)[:k]) & set(order(y, i)[:k])) for i in range(n))
    assert abs(trustworthiness(x, y, k) - (1 - 2 * late / (n * k * (2 * n - 3 * k - 1)))) < 1e-12
    assert abs(neighbour_preservation(x, y, k) - kept / (n * k)) < 1e-12


def test_the_data_themselves_are_a_perfect_map():
    x = cloud(0)
    assert trustworthiness(x, -3 * x) == neighbour_preservation(x, -3 * x) == 1


@pytest.mark.parametrize(
    "change", [lambda x: x + 1e8, lambda x: (1e30 * x).float(), lambda x: (1e-30 * x).float(), lambda x: x.bfloat16()]
)
def test_neither_units_nor_a_far_mean_matter(change):
    x, y = cloud(0, 20).bfloat16().double(), cloud(1, 2)
    assert neighbour_preservation(change(x), x) == 1
    assert trustworthiness(change(x), y) == trustworthiness(x, y)
    assert trustworthiness(y, change(x)) == trustworthiness(y, x)


def test_copies_of_a_point_are_as_near_as_each_other():
    x = cloud(0).repeat_interleave(4, dim=0)
    y = x + 1e-6 * cloud(1, count=120)
    assert trustworthiness(x, y, 3) == trustworthiness(x, y, 2) == 1
    assert neighbour_preservation(x, y, 3) == 1


def test_blocks_of_rows_make_no_difference(monkeypatch):
    x, y = cloud(0), cloud(1, 2)
    whole = trustworthiness(x, y), neighbour_preservation(x, y)
    monkeypatch.setattr("xaiwidgets.methods.tsne_affinities.AT_ONCE", 100)
    assert (trustworthiness(x, y), neighbour_preservation(x, y)) == whole


def test_bad_input_is_told():
    with pytest.raises(ValueError, match="y must have a place for each of the 30 points of x, got 29"):
        trustworthiness(cloud(0), cloud(1)[:29])
    with pytest.raises(ValueError, match="neighbours must be from 1 to below 15, half of the points, got 15"):
        neighbour_preservation(cloud(0), cloud(1), 15)
    with pytest.raises(TypeError, match="neighbours must be a whole number, got float"):
        neighbour_preservation(cloud(0), cloud(1), 2.5)
