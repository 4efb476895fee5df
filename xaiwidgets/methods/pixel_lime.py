"""LIME with noise on every pixel, as the lecture draws it: a linear fit in a neighbourhood of radius epsilon.

How many samples does it take? There are `D` weights to learn (12,288 for a picture of 3 x 64 x 64). With Gaussian noise
and a model that is linear nearby, the fit is exact from `S = D + 1` samples on; fewer see only `S` directions, and the
cosine with the gradient is about `√(S / D)`, so 0.99 needs `0.98 D`. A complete orthogonal design (the default) asks at
`2 P` points, `P` a power of two above `D`: no linear system is to be solved, and effects of even order cancel.
"""

from dataclasses import replace
from functools import partial
from numbers import Integral
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from xaiwidgets.methods.black_box import OUTPUT, Scores
from xaiwidgets.methods.hadamard import complete
from xaiwidgets.methods.lime import Draw, LimeExplanation, Repeats, explained, one_input, sampled
from xaiwidgets.methods.lime_fit import Penalty, Regression, check_features, fit
from xaiwidgets.parameters import Range, validated


@validated
def pixel_lime(
    model: Scores,
    x: Tensor | np.ndarray,
    target: Tensor | int,
    *,
    epsilon: Annotated[float, Range(1e-6, 1e3, log=True, help="amplitude of the noise, in units of x")] = 0.1,
    samples: int | None = None,
    cells: int | None = None,
    features: int | None = None,
    penalty: Penalty = 0.0,
    regression: Regression = "ridge",
    output: Annotated[str, OUTPUT] = "score",
    repeats: Repeats = 1,
    seed: int = 0,
) -> LimeExplanation:
    """Which linear model answers like this one in a neighbourhood of radius epsilon?  `f(x + ε z) ≈ b + ε Σ_d w_d z_d`

    As `ε -> 0` and with enough samples, `w` tends to the gradient `∂f/∂x`; for a larger `ε` it is the slope of the best
    linear fit to the neighbourhood. All samples count the same: in so many dimensions they are all about as far from x.
    After Ribeiro et al. 2016, https://arxiv.org/abs/1602.04938, equation 1.

    Args:
        model: a torch classifier or any callable, see `BlackBox`.
        x: one input, `(1, …)`.
        target: class index.
        epsilon: `ε`, the standard deviation of the noise. In float32 rounding dominates below about 1e-4 (digits at
            1e-6: the cosine with the gradient is 0.98); for less, give model and x in float64.
        samples: `S` samples of Gaussian noise, `z ~ N(0, 1)`. Not given: a complete orthogonal design, `z = ±1`: the
            rows of a Hadamard matrix and their negatives, the columns drawn and turned at random.
        cells: noise on `cells x cells` blocks of each channel (or of a signal) instead of on each pixel. Fewer weights
            need fewer samples; each pixel gets the mean slope of its block.
        features: `K`, keep only that many pixels or blocks: along the path of the Lasso.
        penalty: `λ` of the regression on `z`, so that it does not depend on `ε`.
        regression, output, repeats, seed: as for `lime`.

    Returns:
        The explanation; its `weights` and `spread` are of the shape of `x`, in units of the score per unit of `x`. With
        the complete design it keeps no masks.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    box = one_input(model, x, target, output)
    groups = _blocks(box.x, cells)
    count = int(groups.max()) + 1
    check_features(features, count)
    settings = {"penalty": penalty, "features": features, "regression": regression}
    if samples is None:
        run = partial(complete, box, groups, epsilon, settings)
    else:
        _check_samples(samples, count, penalty)
        noise = partial(_gaussian, box.x, groups, epsilon, samples)
        run = partial(sampled, box, noise, partial(fit, **settings))
    return _on_pixels(explained(box, run, repeats, seed, groups), epsilon)


def _blocks(x: Tensor, cells: int | None) -> Tensor:
    """The regressor of each value of an input, in the shape of the input."""
    if cells is None:
        return torch.arange(x[0].numel()).view(x.shape[1:])
    if isinstance(cells, bool) or not isinstance(cells, Integral):
        raise TypeError(f"cells must be an integer or None, got {cells!r} ({type(cells).__name__})")
    if x.ndim < 3:
        raise ValueError("cells must be None for a table: its columns have no neighbours")
    if not 1 <= cells <= min(x.shape[2:]):
        raise ValueError(f"cells must be from 1 to {min(x.shape[2:])}, the shorter side of x, got {cells}")
    places = [torch.arange(length) * cells // length for length in x.shape[1:]]
    places[0] = torch.arange(x.shape[1])
    return sum(
        place.view(-1, *[1] * (x.ndim - 2 - axis)) * cells ** (x.ndim - 2 - axis) for axis, place in enumerate(places)
    )


def _check_samples(samples: int, count: int, penalty: float) -> None:
    if isinstance(samples, bool) or not isinstance(samples, Integral):
        raise TypeError(f"samples must be an integer or None, got {samples!r} ({type(samples).__name__})")
    if samples < 2:
        raise ValueError(f"samples must be 2 or more, got {samples}")
    if penalty == 0 and samples <= count:
        raise ValueError(
            f"samples must be more than {count}, the number of weights, got {samples}; "
            "or take a penalty > 0, fewer cells, or samples=None for a complete design"
        )


def _gaussian(x: Tensor, groups: Tensor, epsilon: float, samples: int, seed: int) -> Draw:
    count, places = int(groups.max()) + 1, groups.to(x.device)
    noise = torch.randn(samples, count, generator=torch.Generator().manual_seed(seed))
    steps = epsilon * noise.to(x)
    return noise, torch.ones(samples), lambda which: x + steps[which][:, places]


def _on_pixels(found: LimeExplanation, epsilon: float) -> LimeExplanation:
    """From weights of unit noise on blocks to slopes on values of the input."""
    unit = epsilon * found.groups.flatten().bincount()
    slopes = {name: (getattr(found, name) / unit)[..., found.groups] for name in ("weights", "spread", "runs")}
    return replace(found, **{name: value if name == "runs" else value[None] for name, value in slopes.items()})
