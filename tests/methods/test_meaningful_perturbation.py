"""The learned mask: on planted nets, its own laws, and what it leaves behind."""

import pytest
import torch
from nets import NETS, net, snapshot
from torch import nn

from xaiwidgets.methods.fills import fill_picture
from xaiwidgets.methods.meaningful_perturbation import learning_masks, meaningful_perturbation
from xaiwidgets.methods.meaningful_perturbation_objective import GAMES, OUTPUTS
from xaiwidgets.progress import Cancelled, listening

each_net = pytest.mark.parametrize("name", NETS)
each_game = pytest.mark.parametrize("game", GAMES)
each_output = pytest.mark.parametrize("output", OUTPUTS)


def reference_of(x):
    return fill_picture("noise", x, seed=3) if x.ndim > 2 else torch.full_like(x, 0.2)


@each_net
@each_game
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_objective_falls(name, game, dtype):
    model, x, target = net(name, dtype)
    first, *_, last = learning_masks(model, x, target, game=game, fill=reference_of(x), steps=40, jitter=0)
    assert (last.loss < first.loss).all()
    assert last.mask.dtype == dtype
    assert last.mask.min() >= 0
    assert last.mask.max() <= 1


class Planted(nn.Module):
    """Class 1 is whether the patch is bright; nothing else counts."""

    def __init__(self, rows, columns):
        super().__init__()
        self.rows, self.columns = rows, columns

    def forward(self, x):
        bright = x[:, :, self.rows, self.columns].mean((1, 2, 3))
        return torch.stack([torch.zeros_like(bright), 16 * (bright - 0.5)], 1)


@each_game
@pytest.mark.parametrize("patch", [(slice(4, 12), slice(16, 24)), (slice(20, 28), slice(0, 8))])
def test_the_mask_finds_the_one_patch_that_counts(game, patch):
    x = torch.ones(1, 3, 32, 24)
    mask = meaningful_perturbation(Planted(*patch), x, 1, game=game, fill="black", steps=120, jitter=1)[0]
    truth = torch.zeros(32, 24, dtype=torch.bool)
    truth[patch] = True
    found = mask < 0.5 if game == "deletion" else mask >= 0.5
    assert (found & truth).sum() > 0.5 * found.sum()  # the mask is learned in cells of 2 x 2 pixels, and smooth
    assert (found & truth).sum() > 0.3 * truth.sum()
    away = torch.nn.functional.max_pool2d(truth[None].float(), 9, 1, 4)[0] == 0
    still = mask if game == "deletion" else 1 - mask
    assert still[away].min() > 0.9


def two_classes(name, dtype=torch.float64):
    """A net with the first two logits of another: what speaks for one class speaks against the other."""
    model, x, _ = net(name, dtype)

    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = model

        def forward(self, inputs):
            return self.inner(inputs)[:, :2]

    return Two(), x


@each_net
@each_output
def test_deleting_a_class_is_preserving_the_other_with_input_and_reference_exchanged(name, output):
    model, x = two_classes(name)
    r = reference_of(x)
    options = {"output": output, "area": 0.02, "steps": 12, "jitter": 1, "seed": 5}
    deleted = meaningful_perturbation(model, x, 0, game="deletion", fill=r, **options)
    preserved = meaningful_perturbation(model, r, 1, game="preservation", fill=x, **options)
    torch.testing.assert_close(deleted, 1 - preserved, rtol=0, atol=1e-6)
    assert deleted.std() > 0.01


@each_net
def test_a_mask_does_not_depend_on_the_other_inputs(name, monkeypatch):
    model, x, target = net(name)
    x, target = x.repeat(2, *[1] * (x.ndim - 1)), target.repeat(2)
    fill = 0.1
    together = meaningful_perturbation(model, x, target, fill=fill, steps=15)
    for n in range(2):
        alone = meaningful_perturbation(model, x[n : n + 1], target[n : n + 1], fill=fill, steps=15)
        torch.testing.assert_close(together[n : n + 1], alone, rtol=0, atol=1e-7)
    monkeypatch.setattr("xaiwidgets.methods.meaningful_perturbation.AT_ONCE", 2 * x[0].numel())
    torch.testing.assert_close(meaningful_perturbation(model, x, target, fill=fill, steps=15), together)


class Softmax(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return self.inner(x).softmax(1)


@each_output
def test_probabilities_explain_like_logits(output):
    model, x, target = net("max pooling")
    options = {"output": output, "fill": "blur", "steps": 20}
    logits = meaningful_perturbation(model, x, target, **options)
    probabilities = meaningful_perturbation(Softmax(model), x, target, **options)
    torch.testing.assert_close(probabilities, logits, rtol=0, atol=1e-6)


def test_the_last_frame_is_the_result_and_each_frame_shows_what_it_says():
    model, x, target = net("functional ReLU")
    frames = list(learning_masks(model, x, target, fill="mean", steps=23, every=10))
    assert [frame.step for frame in frames] == [0, 10, 20, 23]
    assert torch.equal(frames[-1].mask, meaningful_perturbation(model, x, target, fill="mean", steps=23))
    assert not frames[0].mask.any()  # deletion starts with all deleted
    for frame in frames:
        mask = frame.mask[:, None]
        torch.testing.assert_close(frame.picture, mask * x + (1 - mask) * fill_picture("mean", x))
        expected = model(frame.picture).softmax(1)[torch.arange(3), target]
        torch.testing.assert_close(frame.probability, expected)
        torch.testing.assert_close(frame.area, (1 - frame.mask).mean((1, 2)))


class Stop:
    """Cancels at the given report."""

    def __init__(self, after):
        self.after = after

    def progressed(self, label, done, total):
        self.after -= 1

    def cancelled(self):
        return self.after <= 0


@each_net
def test_the_model_is_left_as_it_was_found(name):
    model, x, target = net(name)
    model.train()
    before, kept, random = snapshot(model), x.clone(), torch.get_rng_state()
    fill = reference_of(x)
    meaningful_perturbation(model, x, target, fill=fill, steps=3)
    with pytest.raises(Cancelled), listening(Stop(4)):
        meaningful_perturbation(model, x, target, fill=fill, steps=30)
    with pytest.raises(ValueError, match="target must be a class index"):
        meaningful_perturbation(model, x, 9, fill=fill, steps=3)
    frames = learning_masks(model, x, target, fill=fill, steps=30, every=1)
    next(frames), next(frames)
    frames.close()
    assert snapshot(model) == before
    assert torch.equal(x, kept)
    assert x.grad is None
    assert torch.equal(torch.get_rng_state(), random)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("target", [1, torch.tensor([1, 0, 2])])
def test_it_learns_where_gradients_are_off_and_leaves_them_off(mode, target):
    model, x, _ = net("first operation in place")
    expected = meaningful_perturbation(model, x, target, steps=10)
    with mode():
        frames = learning_masks(model, x.clone(), target, steps=10, every=1)
        seen = [(frame.mask, torch.is_grad_enabled()) for frame in frames]
        assert not any(on for _, on in seen)
        assert torch.equal(seen[-1][0], expected)
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
    monkeypatch.setattr("xaiwidgets.methods.meaningful_perturbation.AT_ONCE", 72)
    ear = Ear()
    with listening(ear):
        meaningful_perturbation(Planted(slice(2, 4), slice(2, 4)), torch.rand(15, 1, 9, 8), 1, steps=1)
    assert ear.asked >= 4 * 15  # before the first frame, in two frames, in a step
    assert ear.labels == {"Learning the mask"}


class Constant(nn.Module):
    def forward(self, x):
        return torch.zeros(len(x), 3)


class OneClass(nn.Module):
    def forward(self, x):
        return x.flatten(1).sum(1, keepdim=True)


class Broken(nn.Module):
    """Finite on the picture, NaN on what is black."""

    def forward(self, x):
        bright = x.flatten(1).mean(1)
        return torch.stack([bright, 1 - bright], 1) * (bright / bright)[:, None]


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"game": "both"}, ValueError, "game must be one of 'deletion', 'preservation', got 'both'"),
        ({"output": "score"}, ValueError, "output must be one of 'log-probability', 'probability', got 'score'"),
        ({"fill": "inpaint"}, ValueError, "inpaint"),
        ({"fill": "red"}, ValueError, "fill must be one of"),
        ({"resolution": 0}, ValueError, "resolution must be an integer from 1 to 64, got 0"),
        ({"steps": 2.5}, TypeError, "steps must be an integer"),
        ({"seed": -1}, ValueError, "seed must be an integer from 0 to"),
        ({"steps": 0}, ValueError, "steps must be an integer from 1 to 1000, got 0"),
        ({"rate": 0.0}, ValueError, "rate must be a number from 0.001 to 1"),
        ({"area": -1.0}, ValueError, "area must be a number from 0 to 20"),
        ({"jitter": -1}, ValueError, "jitter must be an integer from 0 to 16"),
        ({"model": Constant()}, ValueError, "model must be differentiable"),
        ({"model": OneClass(), "target": 0}, ValueError, "model must know at least two classes"),
        ({"model": Broken(), "fill": "black"}, ValueError, "model must return finite scores"),
        ({"model": lambda x: x}, TypeError, "model must be a torch.nn.Module"),
        ({"x": torch.rand(3, 9, 8).int()}, TypeError, "x must be of a floating-point type"),
    ],
)
def test_bad_input_is_named(changes, error, says):
    arguments = {"model": Planted(slice(2, 4), slice(2, 4)), "x": torch.rand(2, 1, 9, 8), "target": 1, "steps": 2}
    with pytest.raises(error, match=says):
        meaningful_perturbation(**{**arguments, **changes})


def test_bad_input_is_answered_before_the_first_frame_is_asked_for():
    with pytest.raises(ValueError, match="fill must be one of"):
        learning_masks(Planted(slice(2, 4), slice(2, 4)), torch.rand(1, 1, 9, 8), 1, fill="red")
    model, x, target = net("dense")
    with pytest.raises(ValueError, match="for a table"):
        learning_masks(model, x, target)
