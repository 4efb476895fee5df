"""LIME for a row of a table: a linear fit to the answers at rows drawn around it."""

import math
from functools import partial
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from xaiwidgets.methods.black_box import OUTPUT, Scores
from xaiwidgets.methods.lime import Draw, LimeExplanation, Repeats, Samples, explained, one_input, sampled
from xaiwidgets.methods.lime_fit import Penalty, Regression, check_features, fit, kernel
from xaiwidgets.parameters import Range, validated

WIDTH = 0.75  # of the kernel, times √D, as in the program of Ribeiro et al.


@validated
def tabular_lime(
    model: Scores,
    x: Tensor | np.ndarray,
    target: Tensor | int,
    *,
    data: Tensor | np.ndarray,
    samples: Samples = 5000,
    radius: Annotated[float, Range(1e-6, 1000, log=True, help="of the neighbourhood, in standard deviations")] = 1.0,
    kernel_width: float | None = None,
    features: int | None = None,
    penalty: Penalty = 1.0,
    regression: Regression = "ridge",
    output: Annotated[str, OUTPUT] = "probability",
    repeats: Repeats = 1,
    seed: int = 0,
) -> LimeExplanation:
    """Which columns move the score near this row?  `f(x + r σ z) ≈ b + Σ_d β_d r z_d`, `z ~ N(0, 1)`

    `σ_d` is the standard deviation of column `d` in `data` (1 for a column that never changes). A sample counts
    `π = √exp(-d² / width²)`, `d = r ‖z‖`; the first is the row itself. Ribeiro et al. 2016,
    https://arxiv.org/abs/1602.04938, equation 2; their program draws around the mean of the data unless told otherwise,
    and cuts columns into quartiles first. Here columns stay as they are.

    Args:
        model: any callable, or a torch classifier; see `BlackBox`.
        x: one row, `(1, D)`.
        target: class index.
        data: rows `(M, D)` of which the scale of the columns is learned; a DataFrame will do.
        samples: `S`, the row itself among them.
        radius: `r`, standard deviation of the samples, in standard deviations of the data.
        kernel_width: width of the kernel; `0.75 √D` if not given.
        features, penalty, regression, output, repeats, seed: as for `lime`.

    Returns:
        The explanation; its weights `(D,)` are in units of the score per standard deviation of a column, its masks are
        the samples' distances from the row in standard deviations.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    box = one_input(model, x, target, output)
    if box.x.ndim != 2:
        raise ValueError(f"x must be one row of a table, (1, D), got shape {tuple(box.x.shape)}")
    count = box.x.shape[1]
    check_features(features, count)
    scale = _scale(data, box.x)
    width = _width(kernel_width, count)

    def drawn(seed: int) -> Draw:
        steps = radius * torch.randn(samples, count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        steps[0] = 0
        rows = box.x + (steps * scale).to(box.x)
        return steps, kernel(steps.norm(dim=1), width), lambda which: rows[which]

    fitted = partial(fit, penalty=penalty, features=features, regression=regression)
    return explained(box, partial(sampled, box, drawn, fitted), repeats, seed, torch.arange(count))


def _scale(data: Tensor | np.ndarray, x: Tensor) -> Tensor:
    data = data if isinstance(data, Tensor) else torch.from_numpy(np.array(data))
    data = data.detach().cpu().double()
    if data.ndim != 2 or len(data) < 2 or data.shape[1] != x.shape[1]:
        raise ValueError(f"data must be two or more rows (M, {x.shape[1]}), got shape {tuple(data.shape)}")
    if not data.isfinite().all():
        raise ValueError("data must be finite, got NaN or infinite values")
    scale = data.std(0, correction=0)
    return torch.where(scale > 0, scale, 1.0)


def _width(width: float | None, count: int) -> float:
    if width is None:
        return WIDTH * math.sqrt(count)
    Range(0.001, 1e6).check("kernel_width", width, integer=False)
    return width
