"""Occlusion against a slow, literal loop over windows and places, and its laws."""

import math

import numpy as np
import pytest
import torch
from asked import BY_TYPE, TYPES, classifier, leaves_everything_as_it_is, linear, same_in_two_threads
from nets import NETS, net

from xaiwidgets.methods.fills import FILLS, hidden
from xaiwidgets.methods.occlusion import coarse_to_fine, occluded, occlusion
from xaiwidgets.methods.windows import Windows


def literal(model, x, target, window, stride, fill, score=lambda logits, c: logits[c]):
    """One window at a time, box windows from the first place on."""
    places = x.shape[2:] or x.shape[1:]
    steps = [range(0, max(0, length - window + stride - 1) // stride * stride + 1, stride) for length in places]
    maps = []
    for image, c in zip(x, target, strict=True):

        def ask(picture, c=c):
            with torch.no_grad():
                return float(score(model(picture.clone())[0], c))

        total, covered = torch.zeros(places, dtype=x.dtype), torch.zeros(places, dtype=x.dtype)
        for start in torch.cartesian_prod(*map(torch.tensor, steps)).view(-1, len(places)).tolist():
            box = tuple(slice(begin, begin + window) for begin in start)
            gone = torch.zeros(places, dtype=torch.bool)
            gone[box] = True
            drop = ask(image[None]) - ask(hidden(image[None], gone, fill))
            total[box] += drop
            covered[box] += 1
        maps.append(total / covered)
    return torch.stack(maps)


def window_for(x):
    return {2: (2, 1), 3: (6, 4), 4: (4, 3)}[x.ndim]  # the last window reaches over the border


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", NETS)
def test_occlusion_is_what_the_windows_lose(name, dtype):
    model, x, target = net(name, dtype)
    window, stride = window_for(x)
    expected = literal(model, x, target, window, stride, 0.2)
    found = occlusion(model, x, target, window=window, stride=stride, fill=0.2)
    torch.testing.assert_close(found, expected, **BY_TYPE[dtype])


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("name", ["max pooling", "one dimension"])
def test_every_fill(name, fill):
    model, x, target = net(name)
    window, stride = window_for(x)
    expected = literal(model, x, target, window, stride, fill)
    torch.testing.assert_close(
        occlusion(model, x, target, window=window, stride=stride, fill=fill), expected, **BY_TYPE[x.dtype]
    )


def log_odds(logits, c):
    p = logits.softmax(0)[c]
    return math.log(p / (1 - p))


@pytest.mark.parametrize(
    ("output", "score"), [("probability", lambda logits, c: logits.softmax(0)[c]), ("log-odds", log_odds)]
)
def test_every_output(output, score):
    model, x, target = net("functional ReLU")
    expected = literal(model, x, target, 4, 3, "black", score)
    found = occlusion(model, x, target, window=4, stride=3, output=output)
    torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-10)


def test_the_ratio_is_the_share_of_the_score_that_is_lost():
    model, x, target = net("functional ReLU")
    settings = {"window": 4, "stride": 3, "output": "probability"}
    start = model(x).softmax(1).gather(1, target[:, None])[:, :, None].detach()
    found = occlusion(model, x, target, compare="ratio", **settings)
    torch.testing.assert_close(found, occlusion(model, x, target, **settings) / start, rtol=1e-10, atol=1e-13)
    assert found.max() <= 1


@pytest.mark.parametrize("shape", ["square", "disc"])
@pytest.mark.parametrize("size", [(2, 11, 9), (3, 15), (6,)])
def test_of_a_linear_model_it_is_known(size, shape):
    """A window loses the sum of `w · (x - fill)` over its places."""
    model, weights = linear(size)
    x = torch.randn(3, *size, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    parts = weights[1] * (x - 0.3)
    by_place = parts.sum(1) if len(size) > 1 else parts
    windows = Windows(x, 5, 2, shape)
    losses = torch.stack([by_place[:, where].sum(1) for where in windows.where(torch.arange(windows.count))], 1)
    found = occlusion(model, x, 1, window=5, stride=2, shape=shape, fill=0.3)
    torch.testing.assert_close(found, windows.averaged(losses), rtol=1e-9, atol=1e-11)
    each = occlusion(model, x, 1, window=1, stride=1, fill=0.3)
    torch.testing.assert_close(each, by_place, rtol=1e-9, atol=1e-11)


def test_a_table_is_explained_column_by_column():
    """Of a logistic regression, the log-odds lose `w_d (x_d - fill_d)`."""
    model, x = classifier()
    means = torch.tensor([0.1, -0.2, 0.3, 0.0], dtype=torch.float64)
    found = occlusion(model.predict_proba, x, 1, fill=means, output="log-odds")
    np.testing.assert_allclose(found, model.coef_[0] * (x - means.numpy()), rtol=1e-8)


@pytest.mark.parametrize("name", ["max pooling", "one dimension", "dense"])
@pytest.mark.parametrize("compare", ["difference", "ratio"])
def test_the_last_map_of_coarse_to_fine_is_the_map(name, compare):
    model, x, target = net(name)
    settings = {"window": 2, "stride": 1, "fill": "grey", "output": "probability", "compare": compare}
    *_, last = coarse_to_fine(model, x, target, **settings)
    torch.testing.assert_close(last, occlusion(model, x, target, **settings), rtol=1e-9, atol=1e-12)


def test_the_first_maps_are_coarse():
    """A map on the way holds, for each window to come, the value of the nearest one that is done."""
    model, weights = linear((1, 40, 32))
    x = torch.randn(1, 1, 40, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    parts = (weights[1] * x)[0, 0]
    both = torch.cat([x, -x])
    first, *more = coarse_to_fine(model, both, 1, window=1, stride=1)
    assert more
    torch.testing.assert_close(first[1], -first[0], rtol=1e-9, atol=1e-11)  # no input waits for another one's details
    rows, columns = torch.arange(40), torch.arange(32)
    grids = []
    for step in (16, 8, 4, 2, 1):
        near = [((k + step // 2) // step * step).clamp(max=(len(k) - 1) // step * step) for k in (rows, columns)]
        grids.append(parts[near[0][:, None], near[1]])
    done = (first[0] - parts).abs() < 1e-9
    assert not done.all()
    among = torch.stack([(first[0] - grid).abs() < 1e-9 for grid in grids])
    assert among.any(0).all()
    torch.testing.assert_close(first[0, ::16, ::16], parts[::16, ::16], rtol=1e-9, atol=1e-11)


def test_one_window_anywhere():
    x = torch.ones(2, 1, 9, 8)
    found = occluded(x, (4, 0), window=4, fill="grey")
    expected = torch.ones(9, 8)
    expected[2:6, :2] = 0.5
    assert torch.equal(found, expected.expand(2, 1, 9, 8))
    assert int((occluded(x, (4, 4), 5, "disc")[0] == 0).sum()) == 21  # a box of 25 without its corners
    with pytest.raises(ValueError, match=r"place must have 2 numbers, one for each axis, got \(3,\)"):
        occluded(x, (3,), 4)
    signal = torch.ones(1, 1, 9)
    assert torch.equal(occluded(signal, 5, 3), occluded(signal, (5,), 3))
    assert occluded(signal, np.int64(5), 3)[0, 0].tolist() == [1, 1, 1, 1, 0, 0, 0, 1, 1]


@pytest.mark.parametrize(
    ("x", "place", "error", "message"),
    [
        (torch.ones(1, 1, 9, 8), 5, ValueError, "place must have 2 numbers, one for each axis, got 5"),
        (torch.ones(1, 1, 9, 8), (4.0, 2), TypeError, r"place must be integers, .* got \(4.0, 2\)"),
        (torch.ones(1, 1, 9, 8), None, TypeError, "place must be integers, .* got None"),
        (torch.ones(1, 1, 9, 8), (4, 8), ValueError, "place must lie in x, from 0 to 7 along axis 1, got 8"),
        (torch.ones(1, 1, 9, 8), (-1, 0), ValueError, "place must lie in x, from 0 to 8 along axis 0, got -1"),
        (np.ones((1, 1, 9, 8)), (4, 4), TypeError, "x must be a torch.Tensor .* got ndarray"),
        (torch.ones(1, 1, 9, 8).int(), (4, 4), TypeError, "x must be of a floating-point type, got torch.int32"),
    ],
)
def test_bad_places(x, place, error, message):
    with pytest.raises(error, match=message):
        occluded(x, place)
    with pytest.raises(ValueError, match="seed must be an integer from 0 to"):
        occluded(torch.ones(1, 1, 9, 8), (4, 4), fill="noise", seed=-1)


def windowed(model, x, target):
    fill = "noise" if x.ndim > 2 else 0.1
    return occlusion(model, x, target, window=2, stride=1, fill=fill, seed=3)


def test_a_batch_is_explained_like_its_inputs():
    model, x, target = net("average pooling, in-place ReLU")
    alone = torch.cat([windowed(model, x[[i]], target[[i]]) for i in range(3)])
    torch.testing.assert_close(windowed(model, x, target), alone, rtol=1e-9, atol=1e-12)


def test_everything_is_left_as_it_is():
    leaves_everything_as_it_is(windowed)


def test_two_threads():
    same_in_two_threads(windowed)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"window": 20}, ValueError, "window must fit into x, 9 places along axis 0, got 20"),
        ({"stride": 0}, ValueError, "stride must be 1 or more"),
        ({"window": 2, "stride": 3}, ValueError, "places would never be hidden"),
        ({"shape": "star"}, ValueError, "shape must be one of 'square', 'disc', got 'star'"),
        ({"seed": 2**40}, ValueError, "seed must be an integer from 0 to"),
        ({"fill": "red"}, ValueError, "fill must be one of"),
        ({"output": "logit"}, ValueError, "output must be one of"),
        ({"compare": "product"}, ValueError, "compare must be one of 'difference', 'ratio', got 'product'"),
    ],
)
@pytest.mark.parametrize("method", [occlusion, coarse_to_fine])
def test_bad_arguments_are_answered_before_the_work(method, settings, error, message):
    model, x, target = net("max pooling")
    with pytest.raises(error, match=message):
        method(model, x, target, **settings)


def test_a_ratio_needs_positive_scores():
    model, x, _ = net("max pooling")
    lowest = model(x).argmin(1)
    with pytest.raises(ValueError, match="compare 'ratio' needs positive scores, got -"):
        occlusion(model, x, lowest, window=2, compare="ratio")
