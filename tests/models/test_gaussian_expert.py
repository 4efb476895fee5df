"""The Gaussian expert: against torch's and scikit-learn's, by its axes and by the dense matrix."""

import pytest
import torch
from sklearn.covariance import ledoit_wolf
from torch.distributions import MultivariateNormal

from xaiwidgets.models import expert_data
from xaiwidgets.models.expert_data import principal_axes
from xaiwidgets.models.gaussian_expert import GaussianExpert


def pictures(count=60, shape=(2, 3, 4), seed=0):
    """Correlated pixels of different size."""
    generator = torch.Generator().manual_seed(seed)
    size = torch.Size(shape).numel()
    mixing = torch.randn(size, size, generator=generator, dtype=torch.float64) * torch.linspace(0.05, 1, size)
    return (torch.randn(count, size, generator=generator, dtype=torch.float64) @ mixing + 1).reshape(count, *shape)


def dense(x, shrinkage):
    """The covariance written out, pulled towards a round one."""
    rows = x.flatten(1)
    covariance = (rows - rows.mean(0)).T @ (rows - rows.mean(0)) / len(rows)
    size = len(covariance)
    eye = torch.eye(size, dtype=torch.float64)
    return rows.mean(0), (1 - shrinkage) * covariance + shrinkage * covariance.trace() / size * eye


@pytest.mark.parametrize("count", [60, 10])  # more and fewer pictures than pixels
@pytest.mark.parametrize("shrinkage", [0.05, 0.7, 1.0])
def test_the_full_covariance_is_torchs_normal_distribution(count, shrinkage):
    x, other = pictures(count), pictures(9, seed=1)
    expert = GaussianExpert.fit(x, shrinkage=shrinkage)
    expected = MultivariateNormal(*dense(x, shrinkage)).log_prob(other.flatten(1))
    torch.testing.assert_close(expert.log_density(other), expected, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(expert.mean, x.mean(0))


@pytest.mark.parametrize("count", [60, 10])
def test_the_chosen_shrinkage_is_ledoit_and_wolfs(count):
    x, other = pictures(count), pictures(9, seed=1)
    covariance, share = ledoit_wolf(x.flatten(1).numpy())
    assert 0 < share < 1
    expected = MultivariateNormal(x.flatten(1).mean(0), torch.tensor(covariance)).log_prob(other.flatten(1))
    torch.testing.assert_close(GaussianExpert.fit(x).log_density(other), expected, rtol=1e-7, atol=1e-7)


def test_pixels_that_never_change_are_no_trouble():
    x = pictures()
    x[:, :, 0] = 0.25
    expert = GaussianExpert.fit(x)
    assert expert.log_density(x).isfinite().all()
    assert (expert.log_density(x) > expert.log_density(x + torch.eye(4)[0] * 3)).all()


@pytest.mark.parametrize("count", [60, 10])
@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_few_axes_and_a_round_rest_are_that_dense_matrix(count, noise):
    x, other, axes = pictures(count), pictures(9, seed=1), 5
    mean, covariance = dense(x, 0.0)
    values, vectors = torch.linalg.eigh(covariance)
    rest = values[:-axes].mean()
    kept = vectors[:, -axes:] @ (values[-axes:] - rest).diag() @ vectors[:, -axes:].T
    whole = kept + (rest + noise**2) * torch.eye(24, dtype=torch.float64)
    expert = GaussianExpert.fit(x, axes=axes, noise=noise)
    expected = MultivariateNormal(mean, whole).log_prob(other.flatten(1))
    torch.testing.assert_close(expert.log_density(other), expected, rtol=1e-8, atol=1e-8)


def test_noise_widens_the_full_covariance_as_well():
    x, other = pictures(), pictures(9, seed=1)
    mean, covariance = dense(x, 0.1)
    whole = covariance + 0.5**2 * torch.eye(24, dtype=torch.float64)
    found = GaussianExpert.fit(x, shrinkage=0.1, noise=0.5).log_density(other)
    torch.testing.assert_close(found, MultivariateNormal(mean, whole).log_prob(other.flatten(1)), rtol=1e-9, atol=1e-9)


def test_axes_of_many_pictures_are_found_without_the_whole_matrix(monkeypatch):
    scale = torch.cat([torch.linspace(9, 2, 6), torch.full((34,), 0.5)]).double()
    x = pictures(300, (40,)) @ torch.linalg.inv(torch.linalg.cholesky(pictures(300, (40,)).T.cov())).T * scale
    exact = principal_axes(x, 6)
    monkeypatch.setattr(expert_data, "EXACT", 10)
    found = principal_axes(x, 6)
    torch.testing.assert_close(found[0], exact[0])
    torch.testing.assert_close(found[1].T @ exact[1] @ exact[1].T @ found[1], torch.eye(6, dtype=torch.float64))
    torch.testing.assert_close(found[2], exact[2])
    torch.testing.assert_close(found[3], exact[3])


def test_an_axis_count_that_cannot_be_is_refused():
    for axes in (0, -1, 24, 100):
        with pytest.raises(ValueError, match=f"axes must be from 1 to 23 for 60 pictures of 24 numbers, got {axes}"):
            GaussianExpert.fit(pictures(), axes=axes)
    with pytest.raises(ValueError, match="axes must be from 1 to 8 for 10 pictures of 24 numbers, got 9"):
        GaussianExpert.fit(pictures(10), axes=9)


@pytest.mark.parametrize("shrinkage", [0.0, -0.1, 1.5, float("nan")])
def test_a_share_outside_its_range_is_refused(shrinkage):
    with pytest.raises(ValueError, match=r"shrinkage must be above 0 and at most 1, got"):
        GaussianExpert.fit(pictures(), shrinkage=shrinkage)


def test_pictures_all_alike_are_refused():
    with pytest.raises(ValueError, match="x must hold pictures that differ"):
        GaussianExpert.fit(torch.ones(5, 1, 3, 3))
