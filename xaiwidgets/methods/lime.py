"""LIME: fit a linear model to what a black box says about perturbed copies of one input.

Ribeiro, Singh and Guestrin 2016, "Why should I trust you?", https://arxiv.org/abs/1602.04938. The defaults are those of
the authors' program: 1,000 samples, half of the segments on, cosine distance between the binary vectors, a kernel of
width 0.25, ridge with penalty 1 and a free intercept.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from numbers import Integral
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from xaiwidgets.methods.black_box import OUTPUT, BlackBox, Scores
from xaiwidgets.methods.fills import Fill, hiding
from xaiwidgets.methods.lime_fit import (
    Penalty,
    Regression,
    Surrogate,
    UndeterminedError,
    check_features,
    check_samples,
    cosine_distance,
    enough,
    fit,
    kernel,
)
from xaiwidgets.methods.superpixels import in_order, superpixels
from xaiwidgets.parameters import Range, validated
from xaiwidgets.progress import track

BOOTSTRAPS = 20
FEW_BOOTSTRAPS = 5  # where there are more weights than samples: each fit takes long
Draw = tuple[Tensor, Tensor, Callable[[Tensor], Tensor]]  # regressors, what each counts, indices -> perturbed inputs
Fitted = Callable[[Tensor, Tensor, Tensor], Surrogate]
Samples = Annotated[int, Range(2, 1_000_000, log=True, help="perturbed copies of the input that are scored")]
Repeats = Annotated[int, Range(1, 100, help="fits with fresh samples, for the spread; 1: resample the samples")]
Width = Annotated[float, Range(0.001, 1000, log=True, help="kernel: how far a copy may be and still count")]


@dataclass(frozen=True)
class LimeExplanation:
    """A surrogate of the model near one input, with what it takes to judge it.

    Attributes:
        weights: one for each regressor (a segment, a pixel, a column), float64, in units of the score.
        spread: standard deviation of each weight from seed to seed, of the shape of `weights`: over the runs, or, where
            there is one, as far as that tells (from bootstrap resamples, each with its own choice of K; `pixel_lime`
            with its complete design: from what the columns without a weight measure). NaN where too few resamples
            determine the weights: use `repeats` > 1.
        intercept: the part of the score that belongs to no regressor.
        r2: fidelity, the weighted R² of the surrogate on its own samples; near 1 by itself where there are about as
            many weights as samples.
        score: what the model says of the input itself.
        runs: the weights of every repeat, `(repeats, …)`; the first are `weights`.
        surrogate: the fitted model, in its own regressors.
        masks: the regressors of the samples, `(S, n)`: for a picture, which segments are there.
        scores: what the model said of the samples, `(S,)`.
        distance_weights: what each sample counts in the fit, `(S,)`.
        groups: which regressor each place of the input belongs to, `(H, W)`, `(L,)` or `(D,)`.
    """

    weights: Tensor
    spread: Tensor
    intercept: float
    r2: float
    score: float
    runs: Tensor
    surrogate: Surrogate
    masks: Tensor
    scores: Tensor
    distance_weights: Tensor
    groups: Tensor

    def map(self) -> Tensor:
        """The weight of each place of the input, `(H, W)`, `(L,)` or `(D,)`; channels are added up."""
        if self.weights.ndim == 1:
            return self.weights[self.groups]
        return self.weights[0].sum(0) if self.weights.ndim > 2 else self.weights[0]

    def __str__(self) -> str:
        count, repeats = int((self.weights != 0).sum()), len(self.runs)
        how = f"over {repeats} runs" if repeats > 1 else "of one run"
        size, spread = self.weights.abs().mean().item(), self.spread.mean().item()
        spread = "unknown: take more samples or repeats" if spread != spread else f"{spread:.2g}"
        return (
            f"{count} weights of mean size {size:.3g}, spread {spread} ({how}), "
            f"intercept {self.intercept:.3g}, score {self.score:.3g}, fidelity R² {self.r2:.2f}"
        )


@dataclass(frozen=True)
class Run:
    """One fit; see `LimeExplanation`. `spread` computes the spread that this run knows of by itself."""

    surrogate: Surrogate
    spread: Callable[[], Tensor]
    masks: Tensor
    scores: Tensor
    distance_weights: Tensor


@validated
def lime(
    model: Scores,
    x: Tensor | np.ndarray,
    target: Tensor | int,
    *,
    segments: Tensor | np.ndarray | None = None,
    samples: Samples = 1000,
    kernel_width: Width = 0.25,
    features: int | None = None,
    penalty: Penalty = 1.0,
    regression: Regression = "ridge",
    fill: Fill | None = None,
    output: Annotated[str, OUTPUT] = "probability",
    repeats: Repeats = 1,
    seed: int = 0,
) -> LimeExplanation:
    """Which segments, switched on, raise the score near this input?  `f(z) ≈ b + Σ_j β_j z_j`, `z_j` 0 or 1

    Each sample switches every segment on or off by the toss of a coin (the first has all on), hides what is off, and
    asks the model. A sample counts `π = √exp(-d² / σ²)`, `d = 1 - √(share of segments that are on)`. The weighted
    linear fit is `fit_surrogate`.

    Args:
        model: a torch classifier or any callable, see `BlackBox`.
        x: one input, `(1, C, H, W)`, `(1, C, L)` or `(1, D)`.
        target: class index.
        segments: labels of the places, `(H, W)`, `(L,)` or `(D,)`, integers; weight `j` is that of the `j`-th label in
            ascending order. Not given: 50 `superpixels` of a picture; every column of a table for itself.
        samples: `S`, the input itself among them.
        kernel_width: `σ`.
        features: `K`, fit only that many segments, chosen by the path of the Lasso.
        penalty: `λ`.
        regression: "ridge" or "lasso".
        fill: what is seen where a segment is off, see `fill_picture`. Not given: "mean" for pictures and signals,
            "black" (0) for a table, whose one row has no mean.
        output: what is explained.
        repeats: fits with samples of their own; the model is asked for each. 1: the spread is a bootstrap's.
        seed: of the samples. torch's own generator is not touched.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    box = one_input(model, x, target, output)
    groups = segments_of(box.x, segments)
    count = int(groups.max()) + 1
    check_features(features, count)
    fill = ("mean" if box.x.ndim > 2 else "black") if fill is None else fill
    hide = hiding(box.x, fill, seed=seed)
    places = groups.to(box.x.device)

    def drawn(seed: int) -> Draw:
        masks = torch.rand(samples, count, generator=torch.Generator().manual_seed(seed)) < 0.5
        masks[0] = True
        off = ~masks.to(places.device)
        return masks, kernel(cosine_distance(masks), kernel_width), lambda which: hide(which * 0, off[which][:, places])

    fitted = partial(fit, penalty=penalty, features=features, regression=regression)
    return explained(box, partial(sampled, box, drawn, fitted), repeats, seed, groups)


def one_input(model: Scores, x: Tensor | np.ndarray, target: Tensor | int, output: str) -> BlackBox:
    """The black box, or an error if `x` holds more than one input: each has a surrogate of its own."""
    box = BlackBox(model, x, target, output=output)
    if len(box.x) != 1:
        raise ValueError(f"x must hold one input, (1, …), got {len(box.x)}; LIME fits a model to each")
    return box


def segments_of(x: Tensor, segments: Tensor | np.ndarray | None) -> Tensor:
    """The segment of each place of an input, labelled 0 to their number - 1, or an error that says what is wrong."""
    places = x.shape[2:] or x.shape[1:]
    if segments is None:
        return superpixels(x[0]).cpu() if x.ndim == 4 else torch.arange(places.numel()).view(places)
    segments = torch.from_numpy(segments) if isinstance(segments, np.ndarray) else segments
    if not isinstance(segments, Tensor) or segments.is_floating_point() or segments.dtype == torch.bool:
        kind = getattr(segments, "dtype", type(segments).__name__)
        raise TypeError(f"segments must be a tensor of integer labels of shape {tuple(places)}, got {kind}")
    if segments.shape != places:
        raise ValueError(f"segments must be of shape {tuple(places)} like the input, got {tuple(segments.shape)}")
    return in_order(segments.detach().cpu())


def explained(box: BlackBox, run: Callable[[int], Run], repeats: int, seed: int, groups: Tensor) -> LimeExplanation:
    """Draw samples, ask the box, fit; again for each repeat, with the next seed."""
    if isinstance(seed, bool) or not isinstance(seed, Integral):
        raise TypeError(f"seed must be an integer, got {seed!r} ({type(seed).__name__})")
    runs = [run(int(seed) + repeat) for repeat in range(repeats)]
    every, first = torch.stack([each.surrogate.weights for each in runs]), runs[0]
    return LimeExplanation(
        weights=first.surrogate.weights,
        spread=every.std(0) if repeats > 1 else first.spread(),
        intercept=first.surrogate.intercept,
        r2=first.surrogate.r2,
        score=box.start.item(),
        runs=every,
        surrogate=first.surrogate,
        masks=first.masks,
        scores=first.scores,
        distance_weights=first.distance_weights,
        groups=groups,
    )


def sampled(box: BlackBox, drawn: Callable[[int], Draw], fitted: Fitted, seed: int) -> Run:
    """One run: samples drawn at random, and a fit to what the box says of them."""
    masks, counts, perturbed = drawn(seed)
    scores = box.scores(len(masks), lambda _, which: perturbed(which), "Asking about samples")[0]
    samples = check_samples(masks, scores, counts)
    return Run(fitted(*samples), lambda: _bootstrap(*samples, fitted, seed), *samples)


def _bootstrap(masks: Tensor, scores: Tensor, counts: Tensor, fitted: Fitted, seed: int) -> Tensor:
    """The standard deviation of the weights over resamples, in which each sample counts as often as it was drawn.

    Resamples in which too little counts, or which do not determine the weights, are left out; NaN if most are.
    """
    count = BOOTSTRAPS if masks.shape[1] <= len(masks) else FEW_BOOTSTRAPS
    drawn = torch.randint(len(masks), (count, len(masks)), generator=torch.Generator().manual_seed(seed))
    found = []
    for each in track(drawn, "Resampling"):
        resampled = counts * torch.bincount(each, minlength=len(masks))
        if enough(resampled):
            with suppress(UndeterminedError):
                found.append(fitted(masks, scores, resampled).weights)
    if 2 * len(found) < count:
        return masks.new_full(masks.shape[1:], torch.nan)
    return torch.stack(found).std(0)
