"""Activation maximization: what it leaves behind, when it can be stopped, and what it says to bad input."""

import threading

import pytest
import torch
from asked import Stop, leaves_everything_as_it_is, linear
from nets import net, snapshot
from prototype_parts import SHAPE, Draw, noise
from torch import nn

from xaiwidgets.methods.activation_maximization import activation_maximization, learning_prototypes
from xaiwidgets.methods.prototype_ascent import PrototypeFrame
from xaiwidgets.methods.units import Unit
from xaiwidgets.progress import Cancelled, listening


class Density(nn.Module):
    """An expert that is a module, with a buffer that a careless user of it would move."""

    def __init__(self):
        super().__init__()
        self.centre = nn.Parameter(torch.zeros((), dtype=torch.float64))
        self.norm = nn.BatchNorm1d(1).double()

    def log_density(self, x):
        return -(self.norm(x.flatten(1).sum(1, keepdim=True))[:, 0] - self.centre).square()


def everything(model, x, target):
    """With every part that there is."""
    places = {"jitter": 1, "blur": 0.5, "total_variation": 0.1} if x.ndim > 2 else {}
    settings = {"l2": 0.1, "diversity": 0.1, "near": x, "expert": Density(), "bounds": None, "steps": 3, **places}
    return activation_maximization(model, target, x, **settings)


def test_everything_is_left_as_it_was_found():
    leaves_everything_as_it_is(everything)


def test_decoder_and_expert_are_left_as_they_were_found():
    model, _ = linear(SHAPE)
    decoder, expert = Draw().train(), Density().train()
    before, codes = (snapshot(decoder), snapshot(expert)), noise(3, (5,))
    settings = {"decoder": decoder, "expert": expert, "steps": 4, "every": 1}
    list(learning_prototypes(model, 1, codes, **settings))
    with pytest.raises(Cancelled), listening(Stop()):
        list(learning_prototypes(model, 1, codes, **settings))
    frames = learning_prototypes(model, 1, codes, **settings)
    next(frames), next(frames)
    frames.close()
    assert (snapshot(decoder), snapshot(expert)) == before
    assert torch.equal(codes, noise(3, (5,)))


def test_two_threads_climb_alike():
    model, x, target = net("skip, BatchNorm, reused ReLU")
    unit, found = Unit("relu", 1), []
    alone = activation_maximization(model, unit, x, bounds=None, steps=5), everything(model, x, target)

    def work():
        found.append((activation_maximization(model, unit, x, bounds=None, steps=5), everything(model, x, target)))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 2
    for each in found:
        torch.testing.assert_close(each, alone, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_it_climbs_where_gradients_are_off_and_leaves_them_off(mode):
    model, x, target = net("first operation in place")
    settings = {"near": x, "diversity": 0.1, "parametrization": "fourier", "expert": Density(), "steps": 4, "every": 1}
    expected, linear_model, decoder = activation_maximization(model, target, x, **settings), linear(SHAPE)[0], Draw()
    with mode():
        settings["near"] = x.clone()
        seen = [(f, torch.is_grad_enabled()) for f in learning_prototypes(model, target, x.clone(), **settings)]
        assert not any(on for _, on in seen)
        assert torch.equal(seen[-1][0].pictures, expected)
        codes = learning_prototypes(linear_model, 1, noise(2, (5,)).clone(), decoder=decoder, steps=2)
        assert [frame.step for frame in codes] == [0, 2]
    assert torch.is_grad_enabled()


class Ear:  # counts how often it could have stopped the work
    def __init__(self):
        self.labels, self.asked = set(), 0

    def progressed(self, label, done, total):
        self.labels.add(label)

    def cancelled(self):
        self.asked += 1
        return False


def test_cancel_is_heard_between_all_pieces_of_the_batch(monkeypatch):
    monkeypatch.setattr("xaiwidgets.methods.prototype_ascent.AT_ONCE", 12)
    ear, (model, _) = Ear(), linear(SHAPE)
    with listening(ear):
        activation_maximization(model, 1, noise(15), steps=1)
    assert ear.asked >= 3 * 15  # in two frames, in a step
    assert ear.labels == {"Climbing"}


def test_the_seed_decides():
    model, x, target = net("max pooling")
    settings = {"jitter": 2, "steps": 5, "bounds": None}
    found = [activation_maximization(model, target, x, seed=seed, **settings) for seed in (0, 0, 1)]
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


class Constant(nn.Module):
    def forward(self, x):
        return torch.zeros(len(x), 3)


class Broken(nn.Module):
    def forward(self, x):
        return torch.stack([x.flatten(1).sum(1), x.flatten(1).sum(1)], 1) / 0


class Wrong:
    def log_density(self, x):
        return x


class Detached:
    def log_density(self, x):
        return -x.detach().flatten(1).square().sum(1)


class Edge(nn.Module):  # finite everywhere, but not its slope at 1
    def forward(self, x):
        value = (1 - x.flatten(1)).clamp(min=0).sqrt().sum(1)
        return torch.stack([value, -value], 1)


PICTURE, CODES = net("one channel", torch.float32)[1], torch.zeros(2, 5)


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"decoder": Draw((2, 9, 8), torch.float32), "start": CODES}, ValueError, r"draws \(2, 9, 8\).*\(4, 1, 3, 3\)"),
        ({"decoder": Draw((1, 9, 8)), "start": CODES}, ValueError, "start must be torch.float64"),
        ({"decoder": nn.Linear(5, 72), "start": CODES}, ValueError, r"draws \(72,\).*\(4, 1, 3, 3\)"),
        (
            {"decoder": nn.Linear(6, 72), "start": CODES},
            ValueError,
            r"decoder must draw pictures of codes of shape \(5,\)",
        ),
        ({"decoder": nn.Linear(5, 72)}, ValueError, "start must be codes"),
        ({"decoder": "vae", "start": CODES}, TypeError, "Module"),
        ({"decoder": nn.Linear(5, 72), "start": CODES, "parametrization": "fourier"}, ValueError, "with a decoder"),
        ({"start": torch.zeros(2, 3, 9, 8)}, ValueError, r"start must be pictures that the model takes.*\(3, 9, 8\)"),
        ({"start": PICTURE.int()}, TypeError, "start must be of a floating-point type"),
        ({"start": PICTURE.double()}, ValueError, "start must be torch.float32"),
        ({"target": 3}, ValueError, "target must be a class index from 0 to 2, got 3"),
        ({"target": "boat"}, TypeError, "target must be a class index"),
        ({"target": torch.tensor([0, 1])}, ValueError, r"shape \(3,\), got shape \(2,\)"),
        ({"target": Unit("7")}, ValueError, "near names"),
        ({"target": Unit("0", 4)}, ValueError, "channel must be from 0 to 3 of layer '0', got 4"),
        ({"target": Unit("0", 1, (7, 0))}, ValueError, r"place must lie in the layer's maps, of shape \(7, 6\)"),
        ({"target": Unit(None, 5)}, ValueError, "got 5"),
        ({"objective": "score"}, ValueError, "objective must be one of 'log-probability', 'logit', got 'score'"),
        ({"bounds": (1, 0)}, ValueError, r"bounds must be None or .*got \(1, 0\)"),
        ({"bounds": 1.0}, ValueError, "bounds must be None or .*got 1.0"),
        ({"bounds": "ab"}, ValueError, "bounds must be None or .*got 'ab'"),
        ({"bounds": (0, float("inf"))}, ValueError, r"bounds must be None or .*got \(0, inf\)"),
        ({"near": torch.zeros(2, 9, 8)}, ValueError, r"near must be a number or fit the shape .*got \(2, 9, 8\)"),
        ({"expert": nn.Linear(2, 2)}, TypeError, r"expert must have a method log_density\(x\) -> \(N,\), got Linear"),
        ({"expert": Wrong()}, ValueError, r"expert.log_density must return one number for each picture, \(3,\), got"),
        ({"expert": Detached()}, ValueError, "expert.log_density must be differentiable"),
        ({"expert": Density()}, ValueError, r"expert.log_density failed on pictures of shape \(3, 1, 9, 8\): "),
        ({"model": Edge(), "start": 0.99 + 0 * PICTURE[:1], "rate": 0.1}, ValueError, "finite slopes.*after 2 steps"),
        ({"steps": 0}, ValueError, "steps must be an integer from 1 to 2000, got 0"),
        ({"l2": -1.0}, ValueError, "l2 must be a number from 0 to"),
        ({"model": Constant()}, ValueError, "model must be differentiable"),
        ({"model": Broken(), "target": 0}, ValueError, "must return finite values"),
        ({"model": lambda x: x}, TypeError, "model must be a torch.nn.Module"),
        (
            {"model": net("dense")[0].float(), "start": torch.zeros(2, 7), "jitter": 1},
            ValueError,
            "must be 0 for a table",
        ),
        (
            {"model": net("dense")[0].float(), "start": torch.zeros(2, 7), "parametrization": "fourier"},
            ValueError,
            "'fourier' needs pictures",
        ),
    ],
)
def test_bad_input_is_named(changes, error, says):
    arguments = {"model": net("one channel", torch.float32)[0], "target": 1, "start": PICTURE, "steps": 2}
    with pytest.raises(error, match=says):
        activation_maximization(**{**arguments, **changes})


def test_a_single_logit_has_no_probability():
    model, x, _ = net("dense")
    one = nn.Sequential(model, nn.Linear(3, 1).double())
    with pytest.raises(ValueError, match="objective 'log-probability' needs two classes"):
        activation_maximization(one, 0, x)
    first, *_, last = learning_prototypes(one, 0, x, objective="logit", bounds=None, steps=9)
    assert isinstance(last, PrototypeFrame)
    assert last.probability is None
    assert (last.score > first.score).all()
