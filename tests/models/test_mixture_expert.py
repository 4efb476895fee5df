"""The mixture expert: against torch's, scikit-learn's, and what expectation and maximisation promise."""

import pytest
import torch
from sklearn.mixture import GaussianMixture
from sklearn.mixture._gaussian_mixture import _compute_precision_cholesky
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from xaiwidgets.models import mixture_expert
from xaiwidgets.models.gaussian_expert import GaussianExpert
from xaiwidgets.models.mixture_expert import MixtureExpert


def clouds(count=40, seed=0, shape=(1, 3, 4)):
    """Pictures of three kinds, far apart, each with a spread of its own; and which is of which kind."""
    generator = torch.Generator().manual_seed(seed)
    size = torch.Size(shape).numel()
    kinds = torch.arange(3).repeat_interleave(count)
    centres = 6 * torch.randn(3, size, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    spread = torch.linspace(0.3, 1.2, size) * torch.tensor([0.5, 1.0, 1.5])[kinds, None]
    noise = torch.randn(3 * count, size, generator=generator, dtype=torch.float64)
    return (centres[kinds] + spread * noise).reshape(-1, *shape), kinds


def whole(expert):
    """The mixture in pixels, component by component, as torch writes it."""
    axes, size = expert.axes, expert.axes.shape[0]
    rest = expert.rest * (torch.eye(size, dtype=torch.float64) - axes @ axes.T)
    components = MultivariateNormal(
        expert.mean.flatten() + expert.centres @ axes.T, axes @ expert.covariances @ axes.T + rest
    )
    return MixtureSameFamily(Categorical(expert.weights), components)


@pytest.mark.parametrize("noise", [0.0, 0.4])
@pytest.mark.parametrize("components", [1, 3, 5])
def test_the_density_is_torchs_mixture_in_pixels(components, noise):
    x, other = clouds()[0], clouds(seed=1)[0]
    expert = MixtureExpert.fit(x, components=components, axes=4, noise=noise)
    expected = whole(expert).log_prob(other.flatten(1))
    torch.testing.assert_close(expert.log_density(other), expected, rtol=1e-8, atol=1e-8)


def test_along_its_axes_it_is_scikit_learns_mixture():
    x, other = clouds()[0], clouds(seed=1)[0]
    expert = MixtureExpert.fit(x, components=3, axes=4)
    reference = GaussianMixture(3)
    reference.weights_, reference.means_ = expert.weights.numpy(), expert.centres.numpy()
    reference.covariances_ = expert.covariances.numpy()
    reference.precisions_cholesky_ = _compute_precision_cholesky(reference.covariances_, "full")
    centred = (other - expert.mean).flatten(1)
    scores = centred @ expert.axes
    beside = (centred - scores @ expert.axes.T).square().sum(dim=1)
    alone = torch.distributions.Normal(0, expert.rest.sqrt()).log_prob(torch.zeros(8).double()).sum()
    rest = alone - beside / (2 * expert.rest)
    expected = torch.tensor(reference.score_samples(scores.numpy())) + rest
    torch.testing.assert_close(expert.log_density(other), expected, rtol=1e-9, atol=1e-9)


def test_one_component_is_the_gaussian_of_as_many_axes():
    x, other = clouds()[0], clouds(seed=1)[0]
    expected = GaussianExpert.fit(x, axes=4, noise=0.2).log_density(other)
    found = MixtureExpert.fit(x, components=1, axes=4, noise=0.2).log_density(other)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


def test_it_finds_the_three_kinds_of_picture():
    x, kinds = clouds()
    expert = MixtureExpert.fit(x, components=3, axes=4)
    scores = (x - expert.mean).flatten(1) @ expert.axes
    nearest = torch.cdist(scores, expert.centres).argmin(dim=1)
    assert sorted(tuple(nearest[kinds == kind].unique().tolist()) for kind in range(3)) == [(0,), (1,), (2,)]
    torch.testing.assert_close(expert.weights, torch.full((3,), 1 / 3).double(), rtol=0.02, atol=0)


def test_a_step_from_whole_shares_is_each_kinds_mean_and_covariance_pulled_towards_their_mean():
    x, kinds = clouds()
    scores = x.flatten(1)[:, :4]
    shares = torch.nn.functional.one_hot(kinds, 3).double()
    weights, centres, covariances = mixture_expert._maximised(scores, shares)
    own = torch.stack([scores[kinds == kind].T.cov(correction=0) for kind in range(3)])
    torch.testing.assert_close(weights, torch.full((3,), 1 / 3).double())
    torch.testing.assert_close(centres, torch.stack([scores[kinds == kind].mean(0) for kind in range(3)]))
    torch.testing.assert_close(covariances, (40 * own + 4 * own.mean(0)) / 44)


def test_the_same_seed_gives_the_same_mixture():
    x = clouds()[0] * 0.1  # blurred kinds: several answers are possible
    first, second = (MixtureExpert.fit(x, components=6, axes=4, seed=3).centres for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, MixtureExpert.fit(x, components=6, axes=4, seed=4).centres)


def test_numbers_that_cannot_be_are_refused():
    x = clouds()[0]
    with pytest.raises(ValueError, match="components must be 1 or more, got 0"):
        MixtureExpert.fit(x, components=0)
    with pytest.raises(ValueError, match=r"axes must be from 1 to 11 for 120 pictures of 12 numbers, got 12"):
        MixtureExpert.fit(x, components=2, axes=12)
    with pytest.raises(ValueError, match="at least 400 pictures to fit this expert, got 120"):
        MixtureExpert.fit(x, components=200, axes=3)
    flat = torch.zeros(20, 12)
    flat[:, 0] = torch.arange(20.0)
    with pytest.raises(ValueError, match="x must vary along more than 3 axes"):
        MixtureExpert.fit(flat, components=2, axes=3)
