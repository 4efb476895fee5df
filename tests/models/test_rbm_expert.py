"""The Gaussian restricted Boltzmann machine: against sums over all hidden states, and by what it learns."""

import itertools

import pytest
import torch

from xaiwidgets.models import rbm_expert
from xaiwidgets.models.rbm_expert import RBMExpert


def machine(pixels=6, hidden=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    mean, visible, c, weights = (
        torch.randn(shape, generator=generator, dtype=torch.float64)
        for shape in ((1, 2, pixels // 2), (pixels,), (hidden,), (pixels, hidden))
    )
    return RBMExpert(mean, torch.tensor(0.7, dtype=torch.float64), visible, c, weights)


def energies(expert, x):
    """(N, 2^J): E(x, h) of every picture with every state of the hidden units, as the docstring writes it."""
    states = torch.tensor(list(itertools.product([0.0, 1.0], repeat=len(expert.hidden))), dtype=torch.float64)
    u = (x - expert.mean).flatten(1) / expert.deviation
    pulls = torch.stack([torch.stack([row @ expert.weights @ h + expert.hidden @ h for h in states]) for row in u])
    return (u - expert.visible).square().sum(1, keepdim=True) / 2 - pulls


def test_the_free_energy_sums_over_all_hidden_states():
    expert = machine()
    x = torch.randn(5, 1, 2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(expert.log_density(x), (-energies(expert, x)).logsumexp(dim=1))
    assert expert.normalised is False


def test_the_direction_it_learns_in_is_the_contrast_of_two_free_energies():
    """The step is minus the slope of F(data) − F(reconstructions), the reconstructions held fixed, and decay."""
    expert = machine()
    u = torch.randn(7, 6, generator=torch.Generator().manual_seed(2))
    numbers = [value.float().requires_grad_() for value in (expert.visible, expert.hidden, expert.weights)]
    steps = rbm_expert._contrastive_divergence(u, *(n.detach() for n in numbers), torch.Generator().manual_seed(3))
    generator = torch.Generator().manual_seed(3)
    visible, hidden, weights = numbers
    drawn = torch.rand(7, 4, generator=generator) < torch.sigmoid(hidden + u @ weights)
    again = (visible + drawn.float() @ weights.T + torch.randn(7, 6, generator=generator)).detach()
    unit = RBMExpert(torch.zeros(6), torch.tensor(1.0), *numbers)
    for value, name in zip(numbers, ("visible", "hidden", "weights"), strict=True):
        unit._buffers[name] = value
    contrast = (unit.log_density(u) - unit.log_density(again)).mean()
    slopes = torch.autograd.grad(contrast, numbers)
    expected = (*slopes[:2], slopes[2] - rbm_expert.DECAY * weights)
    for step, slope in zip(steps, expected, strict=True):
        torch.testing.assert_close(step, slope, rtol=1e-5, atol=1e-5)


def stripes(count, seed):
    """Pictures that are one of two patterns, with noise: what hidden units can tell and one Gaussian cannot."""
    generator = torch.Generator().manual_seed(seed)
    pattern = torch.tensor([[1.0, 0, 1, 0, 1, 0, 1, 0, 1], [0, 1.0, 0, 1, 0, 1, 0, 1, 0]])
    chosen = pattern[torch.randint(2, (count,), generator=generator)]
    return (chosen + 0.1 * torch.randn(chosen.shape, generator=generator)).reshape(-1, 1, 3, 3)


def test_it_prefers_both_patterns_to_what_lies_between():
    expert = RBMExpert.fit(stripes(400, 0), hidden=4, deviation=0.2, epochs=40)
    seen = expert.log_density(stripes(100, 1))
    between = expert.log_density(torch.full((1, 1, 3, 3), 0.5))
    other = expert.log_density(stripes(100, 1)[:, :, :, [1, 0, 2]])
    assert seen.quantile(0.05) > between
    assert seen.quantile(0.05) > other.quantile(0.95)
    torch.testing.assert_close(expert.mean, stripes(400, 0).mean(0))


def test_the_same_seed_gives_the_same_machine():
    first, second, other = (RBMExpert.fit(stripes(60, 0), hidden=3, epochs=2, seed=s).weights for s in (1, 1, 2))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_numbers_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match=r"hidden must be 1 or more and deviation above 0, got 0 and 0.2"):
        RBMExpert.fit(stripes(10, 0), hidden=0)
    with pytest.raises(ValueError, match=r"hidden must be 1 or more and deviation above 0, got 4 and -1"):
        RBMExpert.fit(stripes(10, 0), hidden=4, deviation=-1)
