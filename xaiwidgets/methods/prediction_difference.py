"""Prediction difference analysis: what would the model say if it did not know what stands here?"""

from typing import Annotated

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from xaiwidgets.methods.black_box import BlackBox, Output, Scores
from xaiwidgets.methods.fills import Seed
from xaiwidgets.methods.patches import conditional, marginal
from xaiwidgets.methods.windows import Size, Windows
from xaiwidgets.parameters import Choice, Range, validated

SAMPLING = ("marginal", "conditional")


@validated
def prediction_difference(
    model: Scores,
    x: Tensor | np.ndarray,
    target: Tensor | int,
    *,
    data: Tensor | np.ndarray,
    sampling: Annotated[str, Choice(*SAMPLING, help="patches of other pictures, or such as fit around")] = "marginal",
    window: Size | None = None,
    stride: Size | None = None,
    samples: Annotated[int, Range(1, 1000, log=True, help="patches tried in each window")] = 10,
    padding: Annotated[int, Range(0, 32, help="width of the surroundings that are looked at")] = 2,
    output: Output = "log-odds",
    seed: Seed = 0,
) -> Tensor:
    """How much of the score is due to what stands in a window, rather than to what usually stands there?

    `R_p = mean over the windows w that cover p of f(x) - f(x without w)`, where the probability without `w` is the mean
    over patches that might have stood there, `p(c | x without w) ≈ 1/S Σ_s p(c | x with patch s in w)`. With log-odds
    this is the weight of evidence (here in nats). Zintgraf, Cohen, Adel and Welling 2017,
    https://arxiv.org/abs/1702.04595, equations 3 and 5, algorithm 1.

    Args:
        model, x, target, window, stride: as for `occlusion`.
        data: inputs to learn from what usually stands where, `(M, …)`.
        sampling: "marginal", the patches of `samples` of the data at the same place; "conditional", drawn from a
            Gaussian fitted to the data at that place, given what is around it.
        samples: patches in each window, `S`.
        padding: for "conditional", how many places around the window are looked at; of a table, all other columns. With
            the window, at most 4096 values: channels count.
        output: "log-odds" or "probability", both of the mean probability; "score", the mean score.
        seed: of the patches; the same for every input of the batch. torch's own generator is not touched.

    Returns:
        Map `(N, H, W)`, `(N, L)` or `(N, D)`, in units of the output.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    box = BlackBox(model, x, target, output=output)
    windows, data = Windows(box.x, window, stride), _checked(data, box.x, 1 if sampling == "marginal" else 2)
    if sampling == "marginal":
        draw = marginal(box.x, windows, data, samples, seed)
    else:
        draw = conditional(box.x, windows, data, samples, seed, None if box.x.ndim == 2 else padding)
    count = windows.count * samples
    scores = box.scores(count, lambda image, which: draw(image, which // samples, which % samples), "Resampling")
    scores = scores.view(len(box.x), windows.count, samples)
    without = _mean_odds(scores) if output == "log-odds" else scores.mean(2)
    return windows.averaged(box.start[:, None] - without)


def _mean_odds(log_odds: Tensor) -> Tensor:
    """The log-odds of the mean of probabilities; in logarithms, as 1 - p has no digits left near p = 1."""
    return F.logsigmoid(log_odds).logsumexp(-1) - F.logsigmoid(-log_odds).logsumexp(-1)


def _checked(data: Tensor | np.ndarray, x: Tensor, least: int) -> Tensor:
    if not isinstance(data, Tensor | np.ndarray):
        raise TypeError(f"data must be a tensor or an array (M, …), got {type(data).__name__}")
    data = torch.as_tensor(data).detach().to(x)
    if data.shape[1:] != x.shape[1:] or len(data) < least:
        raise ValueError(f"data must be {least} or more inputs like x, (M, {_sizes(x)}), got ({_sizes(data[None])})")
    if not data.isfinite().all():
        raise ValueError("data must be finite, got NaN or infinite values")
    return data


def _sizes(x: Tensor) -> str:
    return ", ".join(map(str, x.shape[1:]))
