"""Weights that become noise from the output down: what changes, what must not, and how alike the maps are then."""

import numpy as np
import pytest
import torch
from nets import NETS, net, snapshot
from scipy.stats import spearmanr
from torch import nn
from torch.nn import functional as F

from xaiwidgets.evaluation import (
    cascade,
    randomization_curve,
    randomized,
    rank_correlation,
    structural_similarity,
    weighted_layers,
)
from xaiwidgets.methods import ATTRIBUTIONS
from xaiwidgets.progress import Cancelled, listening

gradient = ATTRIBUTIONS["Gradient"]
each_net = pytest.mark.parametrize("name", NETS)


def weights(model, layer):
    """The parameters of one layer itself, by name."""
    return dict(model.get_submodule(layer).named_parameters(recurse=False))


@each_net
def test_without_depth_the_copy_is_the_model(name):
    model, x, target = net(name)
    twin = randomized(model, x, 0)
    assert twin is not model
    torch.testing.assert_close(twin(x.clone()), model(x.clone()).detach(), rtol=0, atol=0)
    torch.testing.assert_close(gradient(twin, x, target), gradient(model, x, target), rtol=0, atol=0)


@each_net
def test_the_top_layers_are_noise_and_those_below_are_shared(name):
    model, x, _ = net(name)
    layers = weighted_layers(model, x)
    for depth in range(len(layers) + 1):
        twin = randomized(model, x, depth)
        for place, layer in enumerate(layers):
            for key, weight in weights(twin, layer).items():
                original = weights(model, layer)[key]
                if place >= depth:
                    assert weight.data_ptr() == original.data_ptr(), (depth, layer, key)
                elif original.abs().max() > 0:
                    assert not torch.isclose(weight, original.detach()).any(), (depth, layer, key)


@each_net
def test_the_model_is_left_as_found(name):
    model, x, target = net(name)
    model.train()
    before, given = snapshot(model), x.clone()
    randomization_curve(gradient, model, x, target)
    with pytest.raises(ValueError, match="depth must be"):
        randomized(model, x, 99)
    assert snapshot(model) == before
    assert torch.equal(x, given)


def test_noise_is_seeded_and_the_same_at_every_depth():
    model, x, _ = net("dense")
    layers = weighted_layers(model, x)
    first, again, other = (randomized(model, x, 2, seed=seed) for seed in (3, 3, 4))
    deeper = randomized(model, x, 3, seed=3)
    for layer in layers[:2]:
        for key, weight in weights(first, layer).items():
            assert torch.equal(weight, weights(again, layer)[key])
            assert torch.equal(weight, weights(deeper, layer)[key])
            assert not torch.isclose(weight, weights(other, layer)[key]).any()


def test_drawing_noise_leaves_the_random_state_alone():
    model, x, _ = net("dense")
    before = torch.random.get_rng_state()
    randomized(model, x, 3)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_noise_is_centred_and_as_large_as_the_weights():
    torch.manual_seed(0)
    model = nn.Linear(300, 200)
    with torch.no_grad():
        model.weight.copy_(2 + 0.5 * torch.randn(200, 300))
    noise, trained = randomized(model, torch.zeros(1, 300), 1).weight, model.weight.detach()
    assert float(noise.mean()) == pytest.approx(0, abs=0.05)
    assert float(noise.std()) == pytest.approx(float(trained.square().mean().sqrt()), rel=0.02)


class Backwards(nn.Module):
    """Registered in another order than run; one layer is used through its weight only."""

    def __init__(self):
        super().__init__()
        self.last, self.unused_call = nn.Linear(4, 3), nn.Linear(4, 4)
        self.norm, self.first = nn.BatchNorm1d(4), nn.Linear(5, 4)

    def forward(self, x):
        x = F.linear(self.norm(self.first(x)), self.unused_call.weight)
        return self.last(x)


def test_layers_come_in_the_order_of_running_from_the_output_down():
    assert weighted_layers(Backwards(), torch.randn(2, 5)) == ["last", "norm", "first", "unused_call"]
    model, x, _ = net("skip, BatchNorm, reused ReLU")
    assert weighted_layers(model, x) == ["head", "inner.1", "inner.0", "norm", "stem"]


def test_tied_weights_stay_tied():
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))
    model[2].weight = model[0].weight
    twin = randomized(model, torch.randn(1, 4), 1)
    assert twin[0].weight is twin[2].weight
    assert not torch.isclose(twin[0].weight, model[0].weight).any()
    assert torch.equal(twin[0].bias, model[0].bias)


def test_later_changes_of_the_users_weights_are_seen_below_the_noise():
    model, x, _ = net("dense")
    twin = randomized(model, x, 1)
    before = twin(x)
    with torch.no_grad():
        model[0].weight.mul_(2)
    assert not torch.allclose(twin(x), before)


@each_net
def test_the_curve_compares_each_copy_with_the_trained_net(name):
    model, x, target = net(name)
    curve = randomization_curve(gradient, model, x, target, seed=5)
    assert curve.layers == weighted_layers(model, x)
    trained = gradient(model, x, target)
    for depth, twin in enumerate(cascade(model, x, seed=5)):
        for n, (one, two) in enumerate(zip(trained, gradient(twin, x, target), strict=True)):
            expected = spearmanr(one.flatten(), two.flatten()).statistic if two.any() else np.nan
            np.testing.assert_allclose(curve.similarity[depth, n], expected, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(curve.similarity[0], torch.ones(3, dtype=torch.float64))


def test_a_map_that_ignores_the_net_never_changes():
    model, x, target = net("dense")
    curve = randomization_curve(lambda model, x, target: x, model, x, target)
    torch.testing.assert_close(curve.similarity, torch.ones(4, 3, dtype=torch.float64))


def test_the_curve_can_be_cancelled():
    class Impatient:
        def progressed(self, label, done, total):
            assert (label, total) == ("Randomizing layers", 4)

        def cancelled(self):
            return True

    model, x, target = net("dense")
    with listening(Impatient()), pytest.raises(Cancelled):
        randomization_curve(gradient, model, x, target)


@pytest.mark.parametrize("absolute", [False, True])
def test_rank_correlation_is_scipys_also_with_ties(absolute):
    rng = np.random.default_rng(0)
    a, b = rng.integers(-4, 5, (2, 6, 5, 7)).astype(float)
    found = rank_correlation(torch.tensor(a), torch.tensor(b), absolute=absolute)
    change = np.abs if absolute else np.array
    for n in range(6):
        expected = spearmanr(change(a[n].ravel()), change(b[n].ravel())).statistic
        assert float(found[n]) == pytest.approx(expected, abs=1e-12)


def test_rank_correlation_knows_order_only():
    a = torch.randn(3, 8, 8, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(rank_correlation(a, a.exp() * 5 - 3), torch.ones(3))
    torch.testing.assert_close(rank_correlation(a, -a), -torch.ones(3))
    torch.testing.assert_close(rank_correlation(a, -a, absolute=True), torch.ones(3))
    assert rank_correlation(a, torch.zeros_like(a)).isnan().all()


def test_structural_similarity_is_one_for_a_multiple_and_falls_with_noise():
    a = torch.zeros(1, 16, 16, dtype=torch.float64)
    a[:, 4:9, 5:11] = 1
    a[:, 9:12, 2:6] = -0.5
    noise = torch.randn(a.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert float(structural_similarity(a, 3 * a)) == pytest.approx(1)
    falling = [float(structural_similarity(a, a + amount * noise)) for amount in (0, 0.05, 0.2, 1)]
    assert falling == sorted(falling, reverse=True)
    assert float(structural_similarity(a, -a)) < 0.5
    colours = torch.stack([a / 4, 3 * a / 4], dim=1)
    torch.testing.assert_close(structural_similarity(colours, colours + 0.1), structural_similarity(a, a + 0.2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: rank_correlation(x, x[:1]), r"a and b must be maps of one shape, \(N, …\), got \(2, 5\) and"),
        (lambda x: rank_correlation(x[0], x[0]), r"a and b must be maps of one shape.*got \(5,\)"),
        (lambda x: rank_correlation(x, [1.0]), "a and b must be tensors, got Tensor and list"),
        (lambda x: structural_similarity(x, x), r"a and b must be \(N, H, W\) or \(N, C, H, W\), 7 x 7.*got \(2, 5\)"),
        (lambda x: randomized(nn.Linear(5, 2), x, -1), "depth must be an integer from 0 to 1, .*got -1"),
        (lambda x: randomized(nn.Linear(5, 2), x, 1.0), "depth must be an integer from 0 to 1, .*got 1.0"),
        (lambda x: randomized(torch.relu, x, 0), "model must be a torch.nn.Module"),
        (lambda x: weighted_layers(nn.Linear(4, 2), x), r"model failed on inputs of shape \(5,\)"),
        (lambda x: weighted_layers(nn.Linear(5, 2), x.long()), "x must be of a floating-point type"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call(torch.randn(2, 5))
