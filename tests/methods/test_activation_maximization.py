"""Activation maximization: closed forms, a literal ascent, and its laws."""

import pytest
import torch
from asked import linear
from nets import NETS, net
from prototype_parts import SHAPE, Draw, noise
from torch import nn

from xaiwidgets.methods.activation_maximization import activation_maximization, learning_prototypes
from xaiwidgets.methods.descent import random_moves
from xaiwidgets.methods.fills import blurred
from xaiwidgets.methods.layers import layer_shapes
from xaiwidgets.methods.units import Unit

each_net = pytest.mark.parametrize("name", NETS)
each_type = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
FREE = {"bounds": None, "objective": "logit"}


class Normal:
    """A Gaussian with correlated pixels."""

    def __init__(self, size):
        random = torch.Generator().manual_seed(7)
        self.mean = torch.randn(size, generator=random, dtype=torch.float64)
        half = torch.randn(size, size, generator=random, dtype=torch.float64) / size**0.5
        self.covariance = half @ half.T + 0.5 * torch.eye(size, dtype=torch.float64)

    def log_density(self, x):
        return torch.distributions.MultivariateNormal(self.mean, self.covariance).log_prob(x.flatten(1))


def climb(model, start, **settings):
    *_, last = learning_prototypes(model, 1, start, **{**FREE, "steps": 200, "rate": 0.08, "every": 500, **settings})
    return last


@pytest.mark.parametrize("parametrization", ["pixels", "fourier"])
def test_under_l2_the_prototype_of_a_linear_unit_is_its_weights(parametrization):
    model, w = linear(SHAPE)
    found = climb(model, noise(), l2=2.0, parametrization=parametrization)
    expected = 12 * w[1] / (2 * 2.0)  # the gradient of w·x - λ ‖x‖² / D vanishes here
    torch.testing.assert_close(found.pictures, expected.expand(2, *SHAPE), rtol=0, atol=2e-3)
    torch.testing.assert_close(found.penalties["l2"], 2.0 * found.pictures.flatten(1).square().mean(1))


def test_near_a_picture_the_prototype_moves_along_the_weights():
    model, w = linear(SHAPE)
    near = noise(2).flip(0)
    found = climb(model, noise(), near=near, near_weight=3.0)
    torch.testing.assert_close(found.pictures, near + 12 * w[1] / (2 * 3.0), rtol=0, atol=2e-3)


def test_with_a_gaussian_expert_it_moves_along_the_covariance():
    model, w = linear(SHAPE)
    expert = Normal(12)
    found = climb(model, noise(), expert=expert, expert_weight=4.0)
    expected = expert.mean + 12 / 4.0 * expert.covariance @ w[1].flatten()
    torch.testing.assert_close(found.pictures, expected.view(SHAPE).expand(2, *SHAPE), rtol=0, atol=2e-3)
    torch.testing.assert_close(found.log_density, expert.log_density(found.pictures))


def test_the_code_of_a_linear_decoder_is_the_weights_seen_through_it():
    model, w = linear(SHAPE)
    decoder = Draw()
    found = climb(model, noise(2, (5,)), decoder=decoder, l2=0.5)
    code = 5 * w[1].flatten() @ decoder.linear.weight.detach() / (2 * 0.5)
    torch.testing.assert_close(found.codes, code.expand(2, 5), rtol=0, atol=2e-3)
    torch.testing.assert_close(found.pictures, decoder(found.codes).detach())


def test_pictures_are_encoded_to_begin_in_code_space():
    model, _ = linear(SHAPE)
    decoder, codes = Draw(), noise(2, (5,))
    first = next(learning_prototypes(model, 1, decoder(codes).detach(), decoder=decoder))
    torch.testing.assert_close(first.codes, codes)


def score_of(model, x, target, objective):
    logits = model(x.clone())
    return (logits.log_softmax(1) if objective == "log-probability" else logits)[torch.arange(len(x)), target]


def literal_ascent(model, x, target, moves, objective, rate):
    """Adam, one picture and one number at a time."""
    finished = []
    for picture, c in zip(x, target, strict=True):
        picture = picture.clone()
        first, second = [0.0] * picture.numel(), [0.0] * picture.numel()
        for step, move in enumerate(moves, 1):
            leaf = picture.clone().requires_grad_()
            seen = leaf
            for axis, offset in enumerate(move, 1):
                length = seen.shape[axis]
                places = [min(max(place - offset, 0), length - 1) for place in range(length)]
                seen = torch.stack([seen.select(axis, place) for place in places], axis)
            slopes = torch.autograd.grad(score_of(model, seen[None], c[None], objective)[0], leaf)[0]
            flat = picture.view(-1)
            for at, slope in enumerate(slopes.flatten().tolist()):
                first[at] = 0.9 * first[at] + 0.1 * slope
                second[at] = 0.999 * second[at] + 0.001 * slope * slope
                unbiased = first[at] / (1 - 0.9**step), second[at] / (1 - 0.999**step)
                flat[at] = min(max(float(flat[at]) + rate * unbiased[0] / (unbiased[1] ** 0.5 + 1e-8), -1), 1)
        finished.append(picture)
    return torch.stack(finished)


@pytest.mark.parametrize(
    ("name", "jitter"), [*[(name, 0) for name in NETS], ("one dimension", 2), ("functional ReLU", 2)]
)
def test_without_regulariser_it_is_plain_ascent(name, jitter):
    model, x, target = net(name)
    x, moves = x.clamp(-1, 1), random_moves(x, jitter, 3, 5)
    assert any(map(any, moves)) == bool(jitter)
    for objective in ("logit", "log-probability"):
        expected = literal_ascent(model, x, target, moves, objective, 0.3)
        settings = {"objective": objective, "jitter": jitter, "steps": 3, "rate": 0.3, "seed": 5, "bounds": (-1, 1)}
        found = activation_maximization(model, target, x, **settings)
        torch.testing.assert_close(found, expected, rtol=1e-7, atol=1e-9)


@each_net
@each_type
def test_the_objective_rises_and_each_frame_shows_what_it_says(name, dtype):
    model, x, target = net(name, dtype)
    places = {"total_variation": 0.1, "blur": 0.5, "parametrization": "fourier"} if x.ndim > 2 else {}
    settings = {"l2": 0.05, "near": x, "near_weight": 0.1, "steps": 12, "rate": 0.01, "every": 5, **places}
    frames = list(learning_prototypes(model, target, x, bounds=None, **settings))
    assert [frame.step for frame in frames] == [0, 5, 10, 12]
    assert (frames[-1].objective > frames[0].objective).all()
    start = blurred(x, 0.5) if x.ndim > 2 else x
    torch.testing.assert_close(frames[0].pictures, start)
    for frame in frames:
        assert frame.pictures.dtype == dtype
        logits, chosen = model(frame.pictures.clone()), (torch.arange(3), target)
        torch.testing.assert_close(frame.score, logits[chosen])
        torch.testing.assert_close(frame.probability, logits.softmax(1)[chosen])
        gain = frame.objective + sum(frame.penalties.values())
        torch.testing.assert_close(gain, logits.log_softmax(1)[chosen])
    last = activation_maximization(model, target, x, bounds=None, **settings)
    assert torch.equal(last, frames[-1].pictures)


@each_net
def test_a_unit_is_raised(name):
    model, x, _ = net(name)
    layer, shape = next(iter(layer_shapes(model, x).items()))
    for unit in (Unit(layer, 1), Unit(layer), Unit(layer, 0, tuple(0 for _ in shape[1:]))):
        first, *_, last = learning_prototypes(model, unit, x, bounds=None, steps=8)
        assert (last.score >= first.score).all()
        assert last.score.sum() > first.score.sum()
        assert last.probability is None


def test_pictures_stay_in_their_bounds():
    model, _ = linear(SHAPE)
    for kind in ("pixels", "fourier"):
        found = activation_maximization(model, 1, noise(), objective="logit", parametrization=kind, rate=0.5, steps=9)
        assert found.min() >= -1e-12
        assert found.max() <= 1 + 1e-12
        assert found.max() - found.min() > 0.9


@each_net
def test_a_prototype_depends_on_the_others_by_diversity_alone(name, monkeypatch):
    model, x, target = net(name)
    settings = {"bounds": None, "steps": 6}
    together = activation_maximization(model, target, x, **settings)
    alone = [activation_maximization(model, int(c), x[n : n + 1], **settings) for n, c in enumerate(target)]
    torch.testing.assert_close(together, torch.cat(alone), rtol=0, atol=1e-6)
    apart = activation_maximization(model, target, x, diversity=1.0, **settings)
    assert (apart - together).abs().max() > 1e-3
    monkeypatch.setattr("xaiwidgets.methods.prototype_ascent.AT_ONCE", 2 * x[0].numel())
    torch.testing.assert_close(activation_maximization(model, target, x, diversity=1.0, **settings), apart)


def test_diversity_drives_prototypes_of_one_class_apart():
    model, _ = linear(SHAPE)
    distance = {}
    for diversity in (0.0, 1.0, 5.0):
        x = climb(model, noise(3), l2=2.0, diversity=diversity).pictures.flatten(1)
        distance[diversity] = torch.pdist(x).min()
    assert distance[0.0] < 0.01
    assert distance[5.0] > distance[1.0] > 1


def test_only_prototypes_that_are_looked_at_are_drawn():
    model, _ = linear(SHAPE)
    decoder, drawn = Draw(), []
    decoder.register_forward_hook(lambda module, given, found: drawn.append(len(found)))
    climb(model, noise(3, (5,)), decoder=decoder, diversity=1.0, steps=4)
    assert drawn.count(3) == 2 + 4, "in two frames and four steps: codes are compared without pictures of them"


def test_codes_repel_each_other_in_code_space():
    model, _ = linear(SHAPE)
    codes = climb(model, noise(3, (5,)), decoder=Draw(), l2=2.0, diversity=1.0).codes
    # Two repelled codes around a common optimum: 2 λ ‖z - z*‖ / D balances the mean of 2 / distance.
    assert torch.pdist(codes).min() > 0.5


def test_probabilities_climb_like_logits():
    model, x, target = net("max pooling")
    logits = activation_maximization(model, target, x, bounds=None, steps=8)
    found = activation_maximization(nn.Sequential(model, nn.Softmax(1)), target, x, bounds=None, steps=8)
    torch.testing.assert_close(found, logits, rtol=0, atol=1e-6)
