"""Principal components against scikit-learn and against their definition."""

import pytest
import torch
from sklearn import decomposition

from xaiwidgets.methods.pca import pca


def data(count, size, dtype=torch.float64):
    made = torch.randn(count, size, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    return (made * torch.linspace(1, 4, size, dtype=torch.float64) + 9).to(dtype)


@pytest.mark.parametrize(("count", "size"), [(50, 6), (12, 40), (20, 20)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_components_agree_with_scikit_learn(count, size, dtype):
    x = data(count, size, dtype)
    found, reference = pca(x, 3), decomposition.PCA(3, svd_solver="full").fit(x.double().numpy())
    tolerance = 1e-4 if dtype == torch.float32 else 1e-9
    directions = torch.from_numpy(reference.components_)
    signs = torch.sign((found.directions.double() * directions).sum(1))
    assert torch.allclose(found.directions.double() * signs[:, None], directions, atol=tolerance)
    assert torch.allclose(found.share.double(), torch.from_numpy(reference.explained_variance_ratio_), atol=tolerance)
    projected = (x - found.mean).double() @ found.directions.double().T
    assert torch.allclose(found.scores.double(), projected, atol=10 * tolerance)


def test_the_largest_entry_of_each_direction_is_positive():
    for sign in (1, -1):
        directions = pca(sign * data(50, 6), 4).directions
        assert bool((directions.gather(1, directions.abs().argmax(1, keepdim=True)) > 0).all())


def test_data_of_lower_rank_have_no_variance_left():
    flat = data(30, 2) @ data(2, 5)
    found = pca(flat, 4)
    assert abs(float(found.share[:2].sum()) - 1) < 1e-9
    assert float(found.scores[:, 2:].abs().max()) < 1e-4


@pytest.mark.parametrize(("count", "size"), [(5, 10), (20, 6)])
def test_directions_are_orthonormal_also_where_no_variance_is_left(count, size):
    for x in (data(count, size), data(count, 1) @ data(1, size)):
        directions = pca(x, min(count, size)).directions
        assert torch.allclose(directions @ directions.T, torch.eye(len(directions)).double(), atol=1e-12)


def test_half_precision_and_a_far_mean():
    assert torch.equal(pca(data(50, 6).half()).scores, pca(data(50, 6).half().float()).scores)
    far = (data(3000, 6) + 1e5).float()
    assert torch.equal(pca(far).mean, far.double().mean(0).float())


def test_too_many_components_are_told():
    with pytest.raises(ValueError, match=r"components must be from 1 to 6 for x of shape \(50, 6\), got 7"):
        pca(data(50, 6), 7)
