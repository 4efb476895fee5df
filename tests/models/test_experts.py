"""What all experts share: slopes, dtypes, and errors that say what came and what was expected."""

import pytest
import torch

from xaiwidgets.models.gaussian_expert import GaussianExpert
from xaiwidgets.models.mixture_expert import MixtureExpert
from xaiwidgets.models.rbm_expert import RBMExpert

FITS = {
    "gaussian": GaussianExpert.fit,
    "few axes": lambda x: GaussianExpert.fit(x, axes=4),
    "mixture": lambda x: MixtureExpert.fit(x, components=3, axes=4),
    "rbm": lambda x: RBMExpert.fit(x, hidden=5, epochs=3),
}


def pictures(count=50, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    scale = torch.linspace(0.2, 1.5, 12, dtype=dtype).reshape(1, 3, 4)
    return torch.randn(count, 1, 3, 4, generator=generator, dtype=dtype) * scale


@pytest.fixture(params=FITS)
def fit(request):
    return FITS[request.param]


def test_the_slope_is_that_of_small_steps(fit):
    expert, x = fit(pictures()), pictures(3, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(expert.log_density, x)


def test_a_picture_has_its_density_whatever_stands_beside_it(fit):
    expert, x = fit(pictures()), pictures(7, seed=1)
    alone = torch.cat([expert.log_density(one) for one in x.split(1)])
    torch.testing.assert_close(expert.log_density(x), alone)
    assert expert.log_density(x[:0]).shape == (0,)


def test_single_precision_says_the_same(fit):
    """Fitted in one precision, asked in the other, and stored in single precision."""
    expert, x = fit(pictures()), pictures(7, seed=1)
    expected = expert.log_density(x)
    single = expert.log_density(x.float())
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(expert.float().log_density(x), expected, rtol=1e-4, atol=1e-4)


def test_fitting_leaves_pictures_and_random_numbers_alone(fit):
    x = pictures(dtype=torch.float32)
    before, state = x.clone(), torch.random.get_rng_state()
    expert = fit(x)
    assert torch.equal(x, before)
    assert torch.equal(state, torch.random.get_rng_state())
    assert {value.dtype for value in expert.buffers()} == {torch.float32}
    torch.testing.assert_close(expert.mean, x.mean(0))


@pytest.mark.parametrize("shape", [(2, 1, 4, 3), (2, 12), (1, 3, 4), (2, 3, 3, 4)])
def test_pictures_of_another_shape_are_refused_by_both_shapes(fit, shape):
    with pytest.raises(
        ValueError, match=r"x must be \(N, 1, 3, 4\) for this expert, got \(" + ", ".join(map(str, shape))
    ):
        fit(pictures()).log_density(torch.zeros(shape))


def test_nan_and_whole_numbers_are_refused(fit):
    expert, x = fit(pictures()), pictures(2)
    x[1, 0, 2, 2] = torch.nan
    with pytest.raises(ValueError, match="x must be without NaN"):
        expert.log_density(x)
    with pytest.raises(TypeError, match=r"x must be a floating-point tensor, got torch.int64"):
        expert.log_density(torch.zeros(2, 1, 3, 4, dtype=torch.int64))
    with pytest.raises(TypeError, match=r"x must be a floating-point tensor, got list"):
        expert.log_density([1.0])


def test_pictures_that_no_density_can_be_fitted_to_are_refused(fit):
    x = pictures()
    with pytest.raises(ValueError, match=r"x must hold at least \d pictures to fit this expert, got 1"):
        fit(x[:1])
    with pytest.raises(ValueError, match=r"x must be floating-point pictures \(N, …\), got \(5,\)"):
        fit(torch.zeros(5))
    for bad in (torch.nan, torch.inf):
        x[3, 0, 1, 1] = bad
        with pytest.raises(ValueError, match="x must be finite"):
            fit(x)


@pytest.mark.parametrize("noise", [-0.1, float("nan"), float("inf")])
def test_noise_that_is_no_deviation_is_refused(noise):
    for fitted in (GaussianExpert.fit, lambda x, noise: MixtureExpert.fit(x, components=2, axes=3, noise=noise)):
        with pytest.raises(ValueError, match="noise must be a standard deviation, 0 or more, got"):
            fitted(pictures(), noise=noise)


def test_every_density_of_real_numbers_sums_to_one():
    """Over a fine grid of two-pixel pictures; the machine's missing constant is stated by `normalised`."""
    x = torch.randn(200, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * torch.tensor([1.0, 0.3])
    steps = torch.linspace(-8, 8, 401, dtype=torch.float64)
    grid = torch.cartesian_prod(steps, steps)
    for expert in (GaussianExpert.fit(x), GaussianExpert.fit(x, axes=1), MixtureExpert.fit(x, components=3, axes=1)):
        assert expert.normalised
        assert float(expert.log_density(grid).exp().sum()) * 0.04**2 == pytest.approx(1, abs=1e-6)
