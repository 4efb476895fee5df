"""Patches of a picture, each by itself, against a literal loop; what it sees that whole pictures do not show."""

import pytest
import torch

from xaiwidgets.models.mixture_expert import MixtureExpert
from xaiwidgets.models.patch_expert import PatchExpert


def drawings(count=40, seed=0, dtype=torch.float64):
    """Plain areas with one edge each, hardly any noise."""
    generator = torch.Generator().manual_seed(seed)
    edge = torch.randint(2, 14, (count, 1, 1, 1), generator=generator)
    left, right = torch.rand(2, count, 2, 1, 1, generator=generator, dtype=dtype)
    made = torch.where(torch.arange(16) < edge, left, right).expand(count, 2, 12, 16)
    return made + 0.01 * torch.randn(made.shape, generator=generator, dtype=dtype)


@pytest.fixture(scope="module")
def expert():
    return PatchExpert.fit(drawings(), components=4, axes=6, side=4, patches=400, seed=1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_density_is_the_mean_over_patches_times_their_number(expert, dtype):
    x = drawings(3, seed=5, dtype=dtype)
    numbers = (expert.axes, expert.weights, expert.centres, expert.covariances, expert.rest)
    of_patch = MixtureExpert(expert.patch.flatten(), *numbers)
    literal = []
    for picture in x:
        places = [(row, column) for row in range(0, 9, 4) for column in range(0, 13, 4)]
        cut = [picture[:, row : row + 4, column : column + 4].flatten() for row, column in places]
        each = torch.stack([of_patch.log_density(patch[None])[0] for patch in cut])
        literal.append(each.mean() * (12 * 16 / 16))
    found = expert.log_density(x)
    assert found.dtype == dtype
    torch.testing.assert_close(found, torch.stack(literal), rtol=1e-4 if dtype == torch.float32 else 1e-9, atol=1e-6)


def test_noise_is_seen_and_an_edge_is_no_surprise(expert):
    x, generator = drawings(20, seed=5), torch.Generator().manual_seed(0)
    noisy = x + 0.05 * torch.randn(x.shape, generator=generator, dtype=x.dtype)
    assert bool((expert.log_density(noisy) < expert.log_density(x) - 100).all())


def test_pieces_and_slopes(expert, monkeypatch):
    x = drawings(5, seed=2)
    whole = expert.log_density(x)
    monkeypatch.setattr("xaiwidgets.models.patch_expert.AT_ONCE", 2)
    torch.testing.assert_close(expert.log_density(x), whole)
    assert torch.autograd.gradcheck(expert.log_density, x[:1].clone().requires_grad_())


def test_bad_pictures_are_told(expert):
    with pytest.raises(ValueError, match=r"x must be pictures \(N, C, H, W\) of 20 x 20 pixels or more"):
        PatchExpert.fit(drawings(), components=2, side=20)
    with pytest.raises(ValueError, match=r"x must be \(N, 2, 12, 16\) for this expert, got \(1, 3, 12, 16\)"):
        expert.log_density(torch.zeros(1, 3, 12, 16))
