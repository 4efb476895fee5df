"""Prediction differences against a literal loop over patches, and closed forms of a linear model and a Gaussian."""

import math

import numpy as np
import pytest
import torch
from asked import BY_TYPE, TYPES, classifier, leaves_everything_as_it_is, linear, same_in_two_threads
from nets import NETS, net

from xaiwidgets.methods.patches import RIDGE, conditional
from xaiwidgets.methods.prediction_difference import prediction_difference
from xaiwidgets.methods.windows import Windows


def others(x, count=12, seed=3):
    generator = torch.Generator().manual_seed(seed)
    data = torch.randn(count, *x.shape[1:], generator=generator, dtype=torch.float64)
    return (0.6 * data + 0.5 * data.roll(1, -1) + 0.2).to(x)  # neighbours resemble each other


def literal(model, x, target, data, window, stride):
    """Every patch of the data in every window, one at a time; the log-odds of the mean probability."""
    windows, maps = Windows(x, window, stride), []
    for image, c in zip(x, target, strict=True):

        def probability(picture, c=c):
            with torch.no_grad():
                return float(model(picture[None].clone())[0].softmax(0)[c])

        def odds(p):
            return math.log(p) - math.log(1 - p)

        drops = []
        for where in windows.where(torch.arange(windows.count)):
            changed = []
            for other in data:
                picture = image.clone()
                picture[..., where] = other[..., where]
                changed.append(probability(picture))
            drops.append(odds(probability(image)) - odds(sum(changed) / len(changed)))
        maps.append(windows.averaged(torch.tensor([drops], dtype=torch.float64))[0])
    return torch.stack(maps)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", NETS)
def test_marginal_sampling_is_the_mean_over_the_data(name, dtype):
    model, x, target = net(name, dtype)
    data, (window, stride) = others(x), {2: (2, 1), 3: (6, 4), 4: (4, 3)}[x.ndim]
    expected = literal(model, x, target, data, window, stride)
    found = prediction_difference(model, x, target, data=data, window=window, stride=stride, samples=12)
    torch.testing.assert_close(found, expected.to(dtype), **BY_TYPE[dtype])


@pytest.mark.parametrize("shape", [(2, 7, 6), (3, 12), (5,)])
def test_marginal_of_a_linear_model(shape):
    """A window loses `w · (x - mean of the data)` over its places."""
    model, weights = linear(shape)
    x = torch.randn(2, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    data = others(x)
    parts = weights[1] * (x - data.mean(0))
    parts = parts.sum(1) if len(shape) > 1 else parts
    windows = Windows(x, 3, 2)
    losses = torch.stack([parts[:, where].sum(1) for where in windows.where(torch.arange(windows.count))], 1)
    found = prediction_difference(model, x, 1, data=data, window=3, stride=2, samples=24, output="score")
    torch.testing.assert_close(found, windows.averaged(losses), rtol=1e-9, atol=1e-11)


def conditional_by_hand(data, patch, near, seen):
    """Mean and covariance of the columns `patch` given the columns `near` of a Gaussian with the data's moments."""
    centred = data - data.mean(0)
    used = [*patch, *near]
    covariance = centred.T @ centred / (len(data) - 1)
    covariance = covariance + RIDGE * np.diag(np.diag(covariance))
    precision = np.linalg.inv(covariance[np.ix_(used, used)])  # block inversion: another way than regression
    own = np.linalg.inv(precision[: len(patch), : len(patch)])
    shift = -own @ precision[: len(patch), len(patch) :] @ (seen[near] - data.mean(0)[near])
    return data.mean(0)[patch] + shift, own


@pytest.mark.parametrize(("shape", "padding"), [((2, 6, 5), 1), ((2, 6, 5), 0), ((1, 9), 2), ((4,), 2)])
def test_conditional_sampling_of_a_linear_model_and_a_gaussian(shape, padding):
    """The loss of a window is Gaussian with mean `w · (x - E[patch | surroundings])`, variance `wᵀ Σ w / S`."""
    model, weights = linear(shape)
    x = torch.randn(2, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    data, samples = others(x, 200), 400
    settings = {"sampling": "conditional", "padding": padding, "samples": samples, "output": "score"}
    size = 2 if len(shape) > 1 else 1
    found = prediction_difference(model, x, 1, data=data, window=size, stride=size, **settings)
    places, channels = (shape[1:], shape[0]) if len(shape) > 1 else (shape, 1)
    numbers = np.arange(int(np.prod(shape))).reshape(channels, *places)
    flat, w, z = data.flatten(1).numpy(), weights[1].flatten().numpy(), []
    for start in np.ndindex(*[-(-length // size) for length in places]):
        inside = tuple(slice(size * k, size * k + size) for k in start)
        around = tuple(slice(max(0, size * k - padding), size * k + size + padding) for k in start)
        patch = numbers[(slice(None), *inside)].flatten().tolist()
        near = sorted(set(numbers[(slice(None), *around)].flatten().tolist()) - set(patch))
        near = near if len(shape) > 1 else [k for k in range(shape[0]) if k not in patch]
        for image, map in zip(x.flatten(1).numpy(), found.numpy(), strict=True):
            mean, covariance = conditional_by_hand(flat, patch, near, image)
            expected = w[patch] @ (image[patch] - mean)
            z.append((map[inside].flat[0] - expected) / np.sqrt(w[patch] @ covariance @ w[patch] / samples))
    z = np.array(z)
    assert np.abs(z).max() < 4.5
    assert np.mean(z**2) < 1 + 4 * np.sqrt(2 / len(z))


def table(count=400):
    """Age and income, of which one tells the other, and a column that never changes."""
    age, other = np.random.default_rng(0).normal(size=(2, count))
    income = 0.8 * age + 0.6 * other
    return torch.tensor(np.stack([40 + 10 * age, 3e4 + 2e4 * income, np.full(count, 0.1)], 1))


def test_columns_of_different_scales():
    """What is drawn for a column has the mean and deviation of its regression on the others; a constant stays."""
    data, samples = table(), 4000
    x = torch.tensor([[50.0, 5e4, 0.7]], dtype=torch.float64)
    draw = conditional(x, Windows(x), data, samples, 0, None)
    every, no = torch.arange(samples), torch.zeros(samples, dtype=torch.int64)
    for column, other in ((0, 1), (1, 0)):
        drawn = draw(no, no + column, every)[:, column]
        covariance = data[:, :2].T.cov()
        slope = covariance[0, 1] / covariance[other, other]
        mean = data[:, column].mean() + slope * (x[0, other] - data[:, other].mean())
        deviation = (covariance[column, column] - slope * covariance[0, 1]).sqrt()
        assert float((drawn.mean() - mean).abs()) < 0.1 * deviation
        assert float(drawn.std() / deviation) == pytest.approx(1, abs=0.08)
    torch.testing.assert_close(draw(no, no + 2, every)[:, 2], torch.full((samples,), 0.1, dtype=torch.float64))


def test_the_unit_of_a_column_does_not_count():
    """In cents or in euros, with the weight changed as well, the attribution is the same."""
    data, x = table(), torch.tensor([[50.0, 5e4, 0.1]], dtype=torch.float64)
    found = []
    for unit in (1.0, 1e-4, 1e7):
        units, weights = torch.tensor([1.0, unit, 1.0]).double(), torch.tensor([0.1, 1e-4, 1.0]).double()
        model = linear((3,))[0]
        with torch.no_grad():
            model[1].weight[1] = weights / units
        settings = {"data": data * units, "sampling": "conditional", "samples": 50, "output": "score"}
        found.append(prediction_difference(model, x * units, 1, **settings))
    torch.testing.assert_close(found[1], found[0], rtol=1e-8, atol=1e-10)
    torch.testing.assert_close(found[2], found[0], rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(
    ("shape", "padding", "says"),
    [
        ((3, 64, 64), 32, "window and padding together must hold at most 4096 values .* got 12288; .*marginal"),
        ((3, 64, 64), 16, "got 4800; take a smaller window or padding, or sampling='marginal'"),
        ((5000,), 2, "x must hold at most 4096 values for sampling 'conditional', got 5000; take sampling='marginal'"),
    ],
)
def test_a_fit_that_would_not_fit_into_memory_is_refused(shape, padding, says):
    x = torch.zeros(1, *shape)
    with pytest.raises(ValueError, match=says):
        conditional(x, Windows(x), x.expand(2, *x.shape[1:]), 1, 0, padding if len(shape) > 1 else None)


def test_surroundings_tell_what_stands_there():
    """Of copies of one column, a conditional sample knows each; a marginal sample does not."""
    model, weights = linear((4,))
    base = torch.randn(300, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    data = base + 0.01 * torch.randn(300, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    x = torch.full((1, 4), 2.0, dtype=torch.float64)
    settings = {"data": data, "samples": 300, "output": "score"}
    given = prediction_difference(model, x, 1, sampling="conditional", **settings)
    marginal = prediction_difference(model, x, 1, **settings)
    torch.testing.assert_close(marginal, weights[1] * (x - data.mean(0)), rtol=1e-9, atol=1e-11)
    assert (given.abs() < 0.05 * marginal.abs()).all()


def test_odds_of_a_sure_model_are_exact():
    """Probabilities of 1 - 1e-30, which no floating-point number tells from 1."""
    model, _ = linear((3,))
    with torch.no_grad():
        model[1].weight[:] = torch.tensor([[0.0, 0, 0], [70.0, 0, 0]])
        model[1].bias.zero_()
    x, data = torch.ones(1, 3, dtype=torch.float64), torch.tensor([[1.1, 0, 0], [0.9, 0, 0]], dtype=torch.float64)
    found = prediction_difference(model, x, 1, data=data, samples=2)
    wrong = (math.exp(-77) + math.exp(-63)) / 2  # the mean probability of the other class
    assert float(found[0, 0]) == pytest.approx(70 + math.log(wrong), rel=1e-9)
    assert float(found[0, 1]) == pytest.approx(0, abs=1e-9)


def test_samples_are_drawn_without_replacement():
    model, weights = linear((3,))
    x = torch.zeros(1, 3, dtype=torch.float64)
    data = others(x, 10)
    found = prediction_difference(model, x, 1, data=data, samples=4, seed=5, output="score")[0, 0] / -weights[1, 0]
    means = torch.combinations(data[:, 0], 4).mean(1)
    assert ((means - found).abs() < 1e-12).any()
    again = prediction_difference(model, x, 1, data=data, samples=4, seed=6, output="score")[0, 0] / -weights[1, 0]
    assert abs(float(again - found)) > 1e-6


def test_a_classifier_of_scikit_learn():
    """`p` of the mean over all data, by hand."""
    model, x = classifier()
    data = np.random.default_rng(4).normal(size=(9, 4))
    found = prediction_difference(model.predict_proba, x, 1, data=data, samples=9, output="probability")
    for d in range(4):
        changed = np.repeat(x[:, None], 9, 1)
        changed[:, :, d] = data[:, d]
        mean = model.predict_proba(changed.reshape(-1, 4))[:, 1].reshape(5, 9).mean(1)
        np.testing.assert_allclose(found[:, d], model.predict_proba(x)[:, 1] - mean, rtol=1e-9, atol=1e-12)


def resampled(model, x, target):
    return prediction_difference(model, x, target, data=others(x), sampling="conditional", window=2, samples=3)


def test_a_batch_is_explained_like_its_inputs():
    model, x, target = net("average pooling, in-place ReLU")
    alone = torch.cat([resampled(model, x[[i]], target[[i]]) for i in range(3)])
    torch.testing.assert_close(resampled(model, x, target), alone, rtol=1e-8, atol=1e-11)


def test_everything_is_left_as_it_is():
    leaves_everything_as_it_is(resampled)


def test_two_threads():
    same_in_two_threads(resampled)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"data": None}, TypeError, r"data must be a tensor or an array \(M, …\), got NoneType"),
        (
            {"data": torch.zeros(4, 2, 9, 7)},
            ValueError,
            r"data must be 1 or more inputs like x, \(M, 2, 9, 8\)",
        ),
        ({"data": torch.zeros(1, 2, 9, 8), "sampling": "conditional"}, ValueError, "data must be 2 or more inputs"),
        ({"data": torch.full((4, 2, 9, 8), torch.nan)}, ValueError, "data must be finite"),
        ({"sampling": "joint"}, ValueError, "sampling must be one of 'marginal', 'conditional', got 'joint'"),
        ({"seed": -1}, ValueError, "seed must be an integer from 0 to"),
        ({"samples": 0}, ValueError, "samples must be an integer from 1 to 1000, got 0"),
        ({"window": 9}, ValueError, "window must fit into x"),
    ],
)
def test_bad_arguments(settings, error, message):
    model, x, target = net("max pooling")
    with pytest.raises(error, match=message):
        prediction_difference(model, x, target, **{"data": others(x), **settings})
