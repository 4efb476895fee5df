"""LIME on segments: against a literal loop over its samples, on linear models, and its laws."""

import numpy as np
import pytest
import torch
from asked import classifier, leaves_everything_as_it_is, linear, same_in_two_threads
from nets import NETS, net

from xaiwidgets.methods.fills import hidden
from xaiwidgets.methods.lime import lime
from xaiwidgets.methods.lime_fit import cosine_distance, fit_surrogate, kernel
from xaiwidgets.methods.superpixels import grid
from xaiwidgets.progress import Cancelled, listening

FEW = {"samples": 40, "fill": 0.2}


def six_parts(x):
    """Labels that leave numbers out, as a tool for segmentation may."""
    places = x.shape[2:] or x.shape[1:]
    return 3 + 2 * (torch.arange(places.numel()).view(places) * 6 // places.numel())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("output", ["score", "probability"])
@pytest.mark.parametrize("name", NETS)
def test_the_scores_are_those_of_the_masks_and_the_fit_is_that_of_the_scores(name, output, dtype):
    model, x, target = net(name, dtype)
    x, target, labels = x[:1], target[0].item(), six_parts(x)
    found = lime(model, x, target, segments=labels, output=output, **FEW)
    assert found.masks.shape == (40, 6)
    assert found.masks[0].all()
    wanted = []
    for mask in found.masks.bool().tolist():
        off = sum((labels == 3 + 2 * j for j, on in enumerate(mask) if not on), torch.zeros(labels.shape)).bool()
        logits = model(hidden(x, off, 0.2)).detach()[0]
        wanted.append((logits if output == "score" else logits.softmax(0))[target].item())
    wanted = torch.tensor(wanted, dtype=torch.float64)
    close = {"rtol": 1e-9, "atol": 1e-12} if dtype == torch.float64 else {"rtol": 1e-4, "atol": 1e-5}
    torch.testing.assert_close(found.scores, wanted, **close)
    again = fit_surrogate(found.masks, wanted, kernel(cosine_distance(found.masks), 0.25))
    torch.testing.assert_close(found.weights, again.weights, **close)
    assert found.score == pytest.approx(wanted[0].item(), rel=1e-4)
    assert (found.intercept, found.r2) == (pytest.approx(again.intercept, rel=1e-3), pytest.approx(again.r2, rel=1e-3))


@pytest.mark.parametrize("shape", [(2, 6, 8), (3, 20), (9,)])
def test_weights_of_a_linear_model_are_what_each_segment_adds(shape):
    model, weight = linear(shape)
    x = torch.randn(1, *shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    labels, baseline = six_parts(x), x.flip(-1)
    found = lime(model, x, 1, segments=labels, fill=baseline, samples=30, penalty=0.0, output="score")
    part = (weight[1] * (x - baseline)[0]).view(-1, labels.numel()).sum(0).view(labels.shape)
    wanted = torch.stack([part[labels == label].sum() for label in labels.unique()])
    torch.testing.assert_close(found.weights, wanted, rtol=1e-8, atol=1e-10)
    assert found.r2 == pytest.approx(1)
    assert found.intercept == pytest.approx(model(baseline)[0, 1].item())  # what is left where all is hidden
    assert found.spread.max() < 1e-8  # no seed would say otherwise
    torch.testing.assert_close(found.map(), wanted[labels.unique(return_inverse=True)[1]])


def test_half_of_the_segments_are_off_and_seeds_differ():
    model, x, _ = net("max pooling")
    labels = six_parts(x)
    runs = [lime(model, x[:1], 0, segments=labels, samples=400, seed=seed) for seed in (0, 0, 1)]
    assert 0.42 < runs[0].masks[1:].mean() < 0.58
    assert torch.equal(runs[0].weights, runs[1].weights)
    assert not torch.equal(runs[0].masks, runs[2].masks)


def test_the_spread_of_one_run_foretells_that_of_many():
    model, x, _ = net("functional ReLU")
    settings = {"segments": grid(9, 8, 12), "samples": 150, "output": "score", "penalty": 0.1}
    one = lime(model, x[:1], 0, **settings)
    many = lime(model, x[:1], 0, repeats=40, **settings)
    assert many.runs.shape == (40, len(one.weights))
    torch.testing.assert_close(many.weights, one.weights)
    torch.testing.assert_close(many.spread, many.runs.std(0))
    second = lime(model, x[:1], 0, seed=1, **settings)
    torch.testing.assert_close(many.runs[1], second.weights)
    assert 0.7 < one.spread.mean() / many.spread.mean() < 1.4
    assert "over 40 runs" in str(many)
    assert "R² " in str(one)


def test_more_samples_less_spread():
    model, x, _ = net("functional ReLU")
    few, many = (
        lime(model, x[:1], 0, segments=grid(9, 8, 12), samples=samples, output="score") for samples in (200, 3200)
    )
    assert 2.5 < few.spread.mean() / many.spread.mean() < 6  # one over the root: 4


def test_k_segments():
    model, x, _ = net("max pooling")
    found = lime(model, x[:1], 0, segments=grid(9, 8, 12), features=4, samples=300, output="score")
    assert (found.weights != 0).sum() == 4
    assert found.surrogate.path is not None
    assert found.r2 < lime(model, x[:1], 0, segments=grid(9, 8, 12), samples=300, output="score").r2


def test_a_picture_is_cut_into_superpixels_by_itself():
    rows, columns = torch.meshgrid(torch.linspace(0, 1, 32), torch.linspace(0, 1, 32), indexing="ij")
    x = torch.stack([rows, columns, rows * columns]).double()[None]
    model, _ = linear((3, 32, 32))
    found = lime(model, x, 0, samples=80)
    assert found.groups.shape == found.map().shape == (32, 32)
    assert len(found.weights) == int(found.groups.max()) + 1 > 20


def test_a_classifier_of_scikit_learn():
    model, x = classifier()
    found = lime(model.predict_proba, x[:1], 1, fill=0.0, output="log-odds", samples=60, penalty=0.0)
    np.testing.assert_allclose(found.weights, model.coef_[0] * x[0], rtol=1e-8)
    assert found.intercept == pytest.approx(model.intercept_[0])


def test_a_table_is_filled_with_zeros():
    model, x = classifier()
    settings = {"output": "log-odds", "samples": 60}
    found, wanted = (lime(model.predict_proba, x[:1], 1, **fill, **settings) for fill in ({}, {"fill": 0.0}))
    assert torch.equal(found.weights, wanted.weights)


def test_the_spread_is_unknown_where_resamples_do_not_determine_the_weights():
    x = torch.randn(1, 20, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    model, weight = linear((20,))
    settings = {"penalty": 0.0, "output": "score"}
    found = lime(model, x, 1, samples=30, **settings)
    torch.testing.assert_close(found.weights, weight[1] * x[0])
    assert found.spread.isnan().all()
    assert "spread unknown" in str(found)
    assert lime(model, x, 1, samples=30, repeats=2, **settings).spread.max() < 1e-8
    assert lime(model, x, 1, samples=200, **settings).spread.max() < 1e-8


def test_resamples_without_what_counts_are_left_out():
    """One sample counts nearly as much as all others; resamples of it alone tell nothing."""
    model, x, _ = net("max pooling")
    for seed in range(5):
        found = lime(model, x[:1], 0, segments=grid(9, 8, 12), kernel_width=0.11, samples=60, seed=seed, penalty=1e-3)
        assert found.spread.isfinite().all()
        assert found.r2 < 1


class Impatient:
    """Cancels once resampling has begun."""

    def __init__(self):
        self.labels = []

    def progressed(self, label, done, total):
        self.labels.append((label, done, total))

    def cancelled(self):
        return self.labels[-1:] == [("Resampling", 1, 20)]


def test_resampling_can_be_cancelled():
    model, x, _ = net("max pooling")
    with listening(Impatient()), pytest.raises(Cancelled, match="Resampling"):
        lime(model, x[:1], 0, segments=six_parts(x), samples=40)


def test_everything_stays_as_it_was():
    def explain(model, x, target):
        return [
            lime(model, x[[i]], int(target[i]), segments=six_parts(x), samples=100, fill=0.0).weights for i in range(2)
        ]

    leaves_everything_as_it_is(explain)
    same_in_two_threads(lambda *given: torch.stack(explain(*given)))


def broken(value):
    return lambda inputs: np.full((len(inputs), 2), value)


@pytest.mark.parametrize(
    ("wrong", "error", "text"),
    [
        ({"segments": torch.zeros(9, 9).long()}, ValueError, r"segments must be of shape \(9, 8\).*got \(9, 9\)"),
        ({"segments": torch.zeros(9, 8)}, TypeError, "segments must be a tensor of integer labels"),
        ({"segments": [1, 2]}, TypeError, "segments must be a tensor of integer labels.*list"),
        ({"features": 7}, ValueError, r"features \(K\) must be from 1 to 6"),
        ({"penalty": -0.1}, ValueError, "penalty must be a number from 0"),
        ({"samples": 1}, ValueError, "samples must be an integer from 2"),
        ({"samples": 5, "penalty": 0.0}, ValueError, "samples must determine 6 weights"),
        ({"kernel_width": 0.0}, ValueError, "kernel_width must be a number from 0.001"),
        ({"kernel_width": 0.001}, ValueError, "samples must determine|the kernel counts only"),
        ({"repeats": 0}, ValueError, "repeats must be an integer from 1"),
        ({"seed": 0.5}, TypeError, "seed must be an integer"),
        ({"fill": "pink"}, ValueError, "fill must be one of"),
        ({"target": 3}, ValueError, "target must be a class index from 0 to 2"),
        ({"x": torch.zeros(2, 2, 9, 8, dtype=torch.float64)}, ValueError, "x must hold one input, .* got 2"),
        ({"model": broken(np.nan)}, ValueError, "model must return finite scores"),
        ({"model": lambda inputs: np.zeros((len(inputs), 2, 2))}, ValueError, r"model must return logits \(N, K\)"),
        ({"model": "net"}, TypeError, "model must be a torch.nn.Module or a callable"),
    ],
)
def test_wrong_arguments_are_named(wrong, error, text):
    model, x, _ = net("max pooling")
    given = {"model": model, "x": x[:1], "target": 0, "segments": six_parts(x), "samples": 40}
    given |= {"penalty": 0.0} if "kernel_width" in wrong else {}
    with pytest.raises(error, match=text):
        lime(**{**given, **wrong})
