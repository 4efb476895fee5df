"""Random occlusion against literal means over its masks, its standard error, and what is known of a linear model."""

import math
from collections import deque

import numpy as np
import pytest
import torch
from asked import TYPES, classifier, leaves_everything_as_it_is, linear, same_in_two_threads
from nets import NETS, net

from xaiwidgets.methods.fills import hidden
from xaiwidgets.methods.random_masks import RandomMasks
from xaiwidgets.methods.random_occlusion import kept, random_occlusion, random_occlusion_estimates


def last_estimate(*arguments, **settings):
    (last,) = deque(random_occlusion_estimates(*arguments, **settings), maxlen=1)
    return last


def literal(model, x, target, masks, samples, fill):
    """Two lists of scores for each place, shown and hidden, their means and the pooled standard error."""
    maps, errors, means = [], [], []
    for image, c in zip(x, target, strict=True):
        shown = masks(torch.arange(samples))
        with torch.no_grad():
            scores = [float(model(hidden(image[None], each < 0.5, fill))[0, c]) for each in shown]
        scores = np.array(scores)
        columns = [np.array(column) for column in shown.flatten(1).T.tolist()]
        sides = [(scores[column == 1], scores[column == 0]) for column in columns]
        maps.append([a.mean() - b.mean() for a, b in sides])
        squares = [((a - a.mean()) ** 2).sum() + ((b - b.mean()) ** 2).sum() for a, b in sides]
        errors.append(
            [math.sqrt(s / (samples - 2) * (1 / len(a) + 1 / len(b))) for s, (a, b) in zip(squares, sides, strict=True)]
        )
        means.append([a.mean() for a, _ in sides])
    return [torch.tensor(np.array(each)).view(len(x), *masks.places) for each in (maps, errors, means)]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", NETS)
def test_with_blocks_it_is_a_difference_of_two_means(name, dtype):
    model, x, target = net(name, dtype)
    settings = {"share": 0.4, "cells": 3, "samples": 60, "seed": 2}
    masks = RandomMasks(x, smooth=False, **settings)
    expected = literal(model, x, target, masks, 60, 0.2)
    found = last_estimate(model, x, target, fill=0.2, **settings)
    tolerance = {"rtol": 1e-3, "atol": 1e-4} if dtype == torch.float32 else {"rtol": 1e-8, "atol": 1e-10}
    for one, other in zip(found, expected, strict=False):
        torch.testing.assert_close(one.double(), other, **tolerance)
    assert found.samples.tolist() == [60] * 3
    torch.testing.assert_close(random_occlusion(model, x, target, fill=0.2, **settings), found.map)


@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize("name", ["functional ReLU", "one dimension", "dense"])
def test_it_is_the_slope_of_a_regression_and_rise_a_weighted_mean(name, smooth):
    model, x, target = net(name)
    settings = {"share": 0.3, "cells": 4, "samples": 50, "seed": 1}
    masks = RandomMasks(x, smooth=smooth, **settings)(torch.arange(50))
    found = last_estimate(model, x, target, smooth=smooth, fill=-0.1, **settings)
    for i, c in enumerate(target):
        shown = masks[:, None] if x.ndim > 2 else masks
        scores = model(x[i] * shown - 0.1 * (1 - shown))[:, c].detach()
        for place in range(0, masks[0].numel(), 7):
            column = masks.flatten(1)[:, place]
            design = torch.stack([torch.ones_like(column), column], 1)
            fitted = torch.linalg.lstsq(design, scores[:, None]).solution[:, 0]
            left = (scores - design @ fitted).square().sum() / 48
            error = (left * torch.linalg.inv(design.T @ design)[1, 1]).sqrt()
            rise = (scores * column).sum() / column.sum()
            ours = torch.stack([each[i].flatten()[place] for each in (found.map, found.standard_error)])
            torch.testing.assert_close(ours, torch.stack([fitted[1], error]), rtol=1e-7, atol=1e-9)
            torch.testing.assert_close(found.mean_score[i].flatten()[place], rise, rtol=1e-8, atol=1e-10)
            variance, mean = column.var(correction=0), column.mean()
            torch.testing.assert_close(rise, scores.mean() + fitted[1] * variance / mean, rtol=1e-7, atol=1e-9)


def test_of_a_linear_model_it_is_known_within_its_standard_error():
    """A cell, when it is shown, adds its `w · (x - fill)`, whatever else is shown."""
    model, weights = linear((2, 12, 8))
    x = torch.randn(2, 2, 12, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    parts = (weights[1] * (x - 0.5)).sum(1)
    truth = parts.view(2, 4, 3, 4, 2).sum((2, 4)).repeat_interleave(3, 1).repeat_interleave(2, 2)
    found = last_estimate(model, x, 1, cells=4, samples=4000, fill="grey", share=0.6)
    z = ((found.map - truth) / found.standard_error)[:, ::3, ::2]
    assert 0.5 < float(z.square().mean()) < 1.7  # 32 values whose squares have mean 1 and standard error 0.25
    assert float(found.standard_error.mean()) < 0.1 * float(truth.std())


@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize("shape", [(2, 1, 24, 18), (2, 1, 30)])
def test_masks_hide_a_share(shape, smooth):
    masks = RandomMasks(torch.zeros(shape, dtype=torch.float64), 6, 0.3, 3000, smooth, 0)(torch.arange(3000))
    assert masks.shape == (3000, *shape[2:])
    assert 0 <= masks.min() < 0.01
    assert 0.99 < masks.max() <= 1
    torch.testing.assert_close(masks.mean(0), torch.full(shape[2:], 0.7).double(), rtol=0, atol=0.05)
    assert set(masks.unique().tolist()) == {0.0, 1.0} or smooth
    steps = masks.diff(dim=-1).abs().amax()
    assert steps <= 6 / shape[-1] + 1e-9 if smooth else steps == 1  # from one cell to the next in a cell's width


def test_a_smooth_mask_is_bilinear_between_its_nodes():
    masks = RandomMasks(torch.zeros(1, 1, 10, 8, dtype=torch.float64), 2, 0.5, 5, True, 3)
    (nodes, shifts), found = masks._drawn(torch.arange(5)), masks(torch.arange(5))
    for sample in range(5):
        for i in range(10):
            for j in range(8):
                y, x = i / 5 + float(shifts[sample, 0]), j / 4 + float(shifts[sample, 1])
                total = 0.0
                for row in range(4):
                    for column in range(4):
                        near = max(0, 1 - abs(y - row)) * max(0, 1 - abs(x - column))
                        total += near * float(nodes[sample, row, column])
                assert float(found[sample, i, j]) == pytest.approx(total, abs=1e-12)


def test_columns_of_a_table_are_no_neighbours():
    """With smooth masks or not, each column is shown or hidden by itself."""
    x = torch.zeros(1, 6, dtype=torch.float64)
    masks = RandomMasks(x, 6, 0.5, 4000, True, 0)(torch.arange(4000))
    assert set(masks.unique().tolist()) == {0.0, 1.0}
    assert float((masks.T.corrcoef() - torch.eye(6)).abs().max()) < 0.08
    model, x, target = net("dense")
    found = [random_occlusion(model, x, target, smooth=smooth, samples=100) for smooth in (False, True)]
    torch.testing.assert_close(found[1], found[0])


@pytest.mark.parametrize("smooth", [False, True])
def test_masks_are_the_same_in_any_order_and_drawn_in_blocks(smooth, monkeypatch):
    arguments = torch.zeros(1, 1, 12, 12, dtype=torch.float64), 4, 0.3, 3000, smooth
    monkeypatch.setattr("xaiwidgets.methods.random_masks.AT_ONCE", 2000)
    masks = RandomMasks(*arguments, 0)
    every = masks(torch.arange(3000))
    order = torch.randperm(3000, generator=torch.Generator().manual_seed(1))
    assert torch.equal(masks(order), every[order])
    assert torch.equal(RandomMasks(*arguments, 0)(torch.tensor([2999, 0])), every[[2999, 0]])
    assert len(every.flatten(1).unique(dim=0)) > 2000  # no block repeats another one
    assert not torch.equal(RandomMasks(*arguments, 1)(torch.arange(3000))[-100:], every[-100:])
    torch.testing.assert_close(every.mean(0), torch.full((12, 12), 0.7).double(), rtol=0, atol=0.05)
    assert masks._latest[1][0].numel() <= 2000


def test_blocks_have_sharp_and_even_borders():
    shown = RandomMasks(torch.zeros(1, 1, 9, 8), 3, 0.5, 40, False, 0)(torch.arange(40))
    cells = shown.view(40, 3, 3, 8)[:, :, :, [0, 3, 6]]
    assert torch.equal(shown, cells[:, :, :1].expand(-1, -1, 3, -1).flatten(1, 2)[:, :, [0, 0, 0, 1, 1, 2, 2, 2]])


def test_estimates_come_with_more_and_more_masks():
    model, x, target = net("max pooling")
    found = list(random_occlusion_estimates(model, x[:1], target[:1], cells=2, samples=400))
    counts = [int(each.samples) for each in found]
    assert counts == sorted(set(counts))
    assert counts[-1] == 400
    assert len(counts) > 1
    first, last = found[0], found[-1]
    assert float(last.standard_error.mean()) < float(first.standard_error.mean())


def test_nothing_is_known_of_an_input_that_has_not_begun():
    model, x, target = net("max pooling")
    first = next(iter(random_occlusion_estimates(model, x, target, cells=2, samples=400)))
    assert first.samples.tolist()[1:] == [0, 0]
    assert (first.map[1:] == 0).all()
    assert first.standard_error[1:].isinf().all()


def test_a_classifier_of_scikit_learn():
    """The log-odds of a logistic regression are linear: column d adds `w_d x_d`, within the standard error."""
    model, x = classifier()
    found = last_estimate(model.predict_proba, x, 1, output="log-odds", samples=2000)
    z = (found.map - torch.tensor(model.coef_[0] * x)) / found.standard_error
    assert float(z.abs().max()) < 4


def test_what_is_kept():
    map = torch.tensor([[[3.0, 1.0], [2.0, 3.0]], [[0.0, 0.0], [0.0, 0.0]]])
    assert kept(map, 0.5).tolist() == [[[True, False], [False, True]], [[True, True], [False, False]]]
    assert kept(map, 0.25).tolist() == [[[True, False], [False, False]], [[True, False], [False, False]]]
    assert not kept(map, 0).any()
    assert kept(map, 1).all()
    with pytest.raises(ValueError, match=r"share must be a number from 0 to 1, got 1.5"):
        kept(map, 1.5)
    with pytest.raises(ValueError, match=r"map must be \(N, …\) and finite"):
        kept(map / 0, 0.5)


def hidden_at_random(model, x, target):
    return random_occlusion(model, x, target, cells=3, samples=100, fill=0.2)


def test_a_batch_is_explained_like_its_inputs():
    model, x, target = net("skip, BatchNorm, reused ReLU")
    alone = torch.cat([hidden_at_random(model, x[[i]], target[[i]]) for i in range(3)])
    torch.testing.assert_close(hidden_at_random(model, x, target), alone, rtol=1e-8, atol=1e-11)


def test_everything_is_left_as_it_is():
    leaves_everything_as_it_is(hidden_at_random)


def test_two_threads():
    same_in_two_threads(hidden_at_random)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"share": 1.0}, r"share must be a number from 0.01 to 0.99, got 1.0"),
        ({"cells": 9}, "cells must be at most the places along an axis, 8, got 9"),
        ({"samples": 2}, "samples must be an integer from 3 to 100000, got 2"),
        ({"fill": "inpaint", "smooth": True}, "fill 'inpaint' depends on what is hidden"),
        ({"seed": -1}, "seed must be an integer from 0 to"),
        ({"fill": "red"}, "fill must be one of"),
    ],
)
@pytest.mark.parametrize("method", [random_occlusion, random_occlusion_estimates])
def test_bad_arguments_are_answered_before_the_work(method, settings, message):
    model, x, target = net("max pooling")
    with pytest.raises(ValueError, match=message):
        method(model, x, target, **settings)
