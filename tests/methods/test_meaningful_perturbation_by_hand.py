"""The objective of the learned mask and three steps of its descent, written out place by place, in float64."""

import functools
import math

import pytest
import torch
from nets import net
from torch import nn

from xaiwidgets.methods.fills import fill_picture
from xaiwidgets.methods.meaningful_perturbation import learning_masks
from xaiwidgets.methods.meaningful_perturbation_objective import GAMES, OUTPUTS

SETTINGS = {"area": 0.7, "smoothness": 0.4, "rate": 0.08, "resolution": 4}


@functools.cache
def bilinear_row(length, cells):
    """The weights with which `length` places read `cells` values whose centres are evenly spread."""
    rows = torch.zeros(length, cells, dtype=torch.float64)
    for place in range(length):
        position = min(max((place + 0.5) * cells / length - 0.5, 0.0), cells - 1.0)
        low = min(int(position), cells - 1)
        high = min(low + 1, cells - 1)
        rows[place, low] += 1 - (position - low)
        rows[place, high] += position - low
    return rows


def enlarged(coarse, places):
    for axis, length in enumerate(places):
        rows = bilinear_row(length, coarse.shape[axis])
        coarse = (coarse.movedim(axis, -1) @ rows.T).movedim(-1, axis)
    return coarse


def shifted(x, offset):
    """One input `(C, …)`, place by place."""
    if not offset:
        return x
    out = x.clone()
    for place in torch.cartesian_prod(*(torch.arange(size) for size in x.shape[1:])).view(-1, x.ndim - 1).tolist():
        source = [min(max(p - o, 0), size - 1) for p, o, size in zip(place, offset, x.shape[1:], strict=True)]
        out[(slice(None), *place)] = x[(slice(None), *source)]
    return out


def literal_objective(model, x, r, c, coarse, game, output):
    """Of one input and one coarse mask, equation by equation."""
    places = x.shape[1:] if x.ndim > 1 else x.shape
    mask = enlarged(coarse, places)
    seen = mask * x + (1 - mask) * r
    p = float(model(seen[None].clone()).softmax(1)[0, c])
    values = coarse.numel()
    variation = 0.0
    for axis in range(coarse.ndim if x.ndim > 1 else 0):
        for left, right in zip(coarse.movedim(axis, 0)[:-1], coarse.movedim(axis, 0)[1:], strict=True):
            variation += float((right - left).abs().pow(3).sum())
    kept = float(coarse.sum()) / values
    if game == "deletion":
        share, score = 1 - kept, p if output == "probability" else -math.log1p(-p)
    else:
        share, score = kept, -p if output == "probability" else -math.log(p)
    return SETTINGS["area"] * share + SETTINGS["smoothness"] * variation / values + score, mask, p


def literal_slopes(objective, coarse, step=1e-5):
    """Central differences."""
    slopes = torch.zeros_like(coarse).flatten()
    for place in range(coarse.numel()):
        shift = torch.zeros_like(slopes)
        shift[place] = step
        up, down = (objective(coarse + sign * shift.view_as(coarse)) for sign in (1, -1))
        slopes[place] = (up - down) / (2 * step)
    return slopes.view_as(coarse)


def smooth_net(name):
    """The net with softplus for ReLU, where it is made of modules: differences have no kinks to cross."""
    model, x, target = net(name)
    for parent in list(model.modules()):
        for key, child in parent.named_children():
            if isinstance(child, nn.ReLU):
                setattr(parent, key, nn.Softplus())
    return model, x, target


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("name", ["average pooling, in-place ReLU", "one dimension", "dense"])
def test_three_steps_are_those_of_the_objective_written_out(name, game, output):
    model, x, target = smooth_net(name)
    model.requires_grad_(False)
    jitter, steps, n = 0 if x.ndim == 2 else 2, 3, 1
    r = fill_picture("noise", x, seed=3) if x.ndim > 2 else torch.full_like(x, 0.2)
    frames = list(
        learning_masks(
            model, x, target, game=game, output=output, fill=r, jitter=jitter, steps=steps, every=1, seed=7, **SETTINGS
        )
    )
    generator = torch.Generator().manual_seed(7)
    offsets = torch.randint(-jitter, jitter + 1, (steps, max(x.ndim - 2, 0)), generator=generator).tolist()
    sizes = {(2, 9, 8): (4, 4), (4, 20): (4,), (7,): (7,)}
    coarse = torch.full(sizes[tuple(x.shape[1:])], 0.0 if game == "deletion" else 1.0, dtype=torch.float64)
    first = second = torch.zeros_like(coarse)
    for step, frame in enumerate(frames):
        loss, mask, p = literal_objective(model, x[n], r[n], target[n], coarse, game, output)
        torch.testing.assert_close(frame.mask[n], mask, rtol=0, atol=1e-6)
        assert float(frame.loss[n]) == pytest.approx(loss, abs=1e-6)
        assert float(frame.probability[n]) == pytest.approx(p, abs=1e-6)
        if step == steps:
            break
        moved = [shifted(each, offsets[step]) for each in (x[n], r[n])]
        slopes = literal_slopes(
            lambda m, moved=moved: literal_objective(model, *moved, target[n], m, game, output)[0], coarse
        )
        first, second = 0.9 * first + 0.1 * slopes, 0.999 * second + 0.001 * slopes**2
        change = first / (1 - 0.9 ** (step + 1)) / ((second / (1 - 0.999 ** (step + 1))).sqrt() + 1e-8)
        coarse = (coarse - 0.08 * change).clamp(0, 1)
    assert step == steps
