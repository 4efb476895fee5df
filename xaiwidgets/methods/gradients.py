"""Explanations from the gradient: how does the score of a class change with the input?

Notation: `f` is the logit of the class `target`, `x` the input, `d` one of its values (a pixel), `x̃` a root point or
baseline. Every function takes batches and gives back raw, signed values of the shape of `x`.
"""

from typing import Annotated

import torch
from torch import Tensor, nn

from xaiwidgets.methods.inputs import check_baseline, prepare, target_scores
from xaiwidgets.methods.quadrature import RULES, quadrature
from xaiwidgets.methods.roots import find_root
from xaiwidgets.methods.slopes import slope, weighted_slopes
from xaiwidgets.parameters import Choice, Range, validated


def gradient(model: nn.Module, x: Tensor, target: Tensor | int) -> Tensor:
    """How would the score change if this pixel changed a little?  `R_d = ∂f/∂x_d`

    Simonyan, Vedaldi and Zisserman 2014, https://arxiv.org/abs/1312.6034, section 3 (there: its absolute value).

    Args:
        model: classifier, `(N, …)` -> logits `(N, K)`; left as it was found.
        x: inputs, `(N, …)`, floating point, of the model's type and on its device.
        target: class index, or one for each input, `(N,)`.

    Returns:
        Attribution of the shape of `x`, in logits per unit of `x`.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    return slope(*prepare(model, x, target))


def sensitivity(model: nn.Module, x: Tensor, target: Tensor | int) -> Tensor:
    """To which pixels is the score most sensitive?  `R_d = (∂f/∂x_d)²`

    Sums to `‖∇f‖²`, not to `f`: it tells what would change the score, not what made it.
    Montavon, Samek and Müller 2018, https://arxiv.org/abs/1706.07979, section 4.1. Arguments as for `gradient`.
    """
    return gradient(model, x, target).square()


def gradient_x_input(model: nn.Module, x: Tensor, target: Tensor | int) -> Tensor:
    """What did this pixel contribute, were the model linear?  `R_d = ∂f/∂x_d · x_d`

    Sums to `f` for a piecewise linear model without biases. Shrikumar et al. 2016, https://arxiv.org/abs/1605.01713.
    Arguments as for `gradient`; the result is in logits.
    """
    return gradient(model, x, target) * x.detach()


def squared_gradient_x_input(model: nn.Module, x: Tensor, target: Tensor | int) -> Tensor:
    """The lecture slide's form of gradient x input, `R_d = (∂f/∂x_d)² · x_d`.

    It keeps no sign of the gradient, so evidence for and against a class look alike; the standard form is
    `gradient_x_input`. Arguments as for `gradient`.
    """
    return sensitivity(model, x, target) * x.detach()


@validated
def simple_taylor(
    model: nn.Module,
    x: Tensor,
    target: Tensor | int,
    *,
    search: Annotated[str, Choice("gradient", "line", help="where to look for the root point")] = "gradient",
    baseline: Tensor | float | None = None,
    root: Tensor | float | None = None,
) -> Tensor:
    """What does each pixel contribute, seen from a root point?  `R_d = ∂f/∂x_d(x̃) · (x_d - x̃_d)`, with `f(x̃) = 0`

    The first-order Taylor expansion at the root point `x̃`; what it leaves out is of second order. Montavon, Samek and
    Müller 2018, https://arxiv.org/abs/1706.07979, section 4.2.

    Args:
        model, x, target: as for `gradient`.
        search: where `root_point` looks: "gradient", straight down (or up) the gradient at `x`; "line", on the way
            from `x` to `baseline`.
        baseline: end of the line, a number or a tensor that fits `x`; zeros if not given.
        root: the root point itself, if you know one; not searched for then, nor checked.

    Returns:
        Attribution of the shape of `x`, in logits.

    Raises:
        NoRootError: if no root point is found for some input.
    """
    model, x, target = prepare(model, x, target)
    if root is None:
        root = find_root(model, x, target, search, check_baseline(baseline, x))
    root = check_baseline(root, x, "root")
    return slope(model, root, target) * (x - root)


@validated
def integrated_gradients(
    model: nn.Module,
    x: Tensor,
    target: Tensor | int,
    *,
    baseline: Tensor | float | None = None,
    steps: Annotated[int, Range(1, 256, log=True, help="gradients taken on the way")] = 64,
    rule: Annotated[str, Choice(*RULES, help="where on the way they are taken")] = "midpoint",
) -> Tensor:
    """What did each pixel contribute on the way from the baseline?

    `R_d = (x_d - x̃_d) ∫₀¹ ∂f/∂x_d(x̃ + α (x - x̃)) dα`, by a quadrature of `steps` nodes. Sums to `f(x) - f(x̃)` up to
    the error of the quadrature, which `completeness_gap` measures. Sundararajan, Taly and Yan 2017,
    https://arxiv.org/abs/1703.01365, equation 1.

    Args:
        model, x, target: as for `gradient`.
        baseline: the input `x̃` that stands for "nothing", a number or a tensor that fits `x`; zeros if not given.
        steps: number of gradients taken; "trapezoid" needs two or more.
        rule: the quadrature; the error of none falls evenly with the steps on a net of ReLUs.

    Returns:
        Attribution of the shape of `x`, in logits.
    """
    model, x, target = prepare(model, x, target)
    baseline = check_baseline(baseline, x)
    nodes, weights = quadrature(rule, steps, x)
    way = x - baseline

    def on_the_way(image: Tensor, step: Tensor) -> Tensor:
        return baseline[image] + nodes[step].view(-1, *[1] * (x.ndim - 1)) * way[image]

    return way * weighted_slopes(model, x, target, on_the_way, weights, "Integrating")


@validated
def smoothgrad(
    model: nn.Module,
    x: Tensor,
    target: Tensor | int,
    *,
    samples: Annotated[int, Range(1, 256, log=True, help="noisy copies of the input")] = 32,
    noise: Annotated[float, Range(0, 0.5, step=0.01, help="standard deviation, as a share of max - min")] = 0.1,
    seed: Annotated[int, Range(0, 99, help="of the noise")] = 0,
) -> Tensor:
    """How would the score change with this pixel, on average near the input?  `R_d = mean over n of ∂f/∂x_d(x + ε_n)`

    Smilkov et al. 2017, https://arxiv.org/abs/1706.03825, section 3; `ε_n` is Gaussian.

    Args:
        model, x, target: as for `gradient`.
        samples: number of noisy copies, `n`.
        noise: standard deviation of the noise, as a share of each input's `max - min` (the paper's noise level).
        seed: of the noise; the same noise for every input of the batch. torch's own generator is not touched.

    Returns:
        Attribution of the shape of `x`, in logits per unit of `x`.
    """
    model, x, target = prepare(model, x, target)
    generator = torch.Generator().manual_seed(seed)
    epsilon = torch.stack([torch.randn(x.shape[1:], generator=generator, dtype=torch.float64) for _ in range(samples)])
    epsilon = epsilon.to(x)
    flat = x.flatten(1)
    sigma = noise * (flat.amax(1) - flat.amin(1)).view(-1, *[1] * (x.ndim - 1))

    def nearby(image: Tensor, sample: Tensor) -> Tensor:
        return x[image] + sigma[image] * epsilon[sample]

    weights = torch.full((samples,), 1 / samples, dtype=x.dtype, device=x.device)
    return weighted_slopes(model, x, target, nearby, weights, "Smoothing")


def root_point(
    model: nn.Module,
    x: Tensor,
    target: Tensor | int,
    *,
    search: str = "gradient",
    baseline: Tensor | float | None = None,
) -> Tensor:
    """The first zero of the score, `f(x̃) = 0`, that a scan of the way from `x` meets; closed in on by bisection.

    Arguments and errors as for `simple_taylor`. Returns a tensor of the shape of `x`.
    """
    model, x, target = prepare(model, x, target)
    return find_root(model, x, target, search, check_baseline(baseline, x))


def completeness_gap(
    model: nn.Module, x: Tensor, target: Tensor | int, attribution: Tensor, baseline: Tensor | float | None = None
) -> Tensor:
    """By how much a sum misses what it should explain: `Σ_d R_d - (f(x) - f(x̃))`, `(N,)`, in logits.

    Args:
        model, x, target: as for `gradient`.
        attribution: of the shape of `x`.
        baseline: as for `integrated_gradients`.
    """
    model, x, target = prepare(model, x, target)
    with torch.no_grad():
        difference = target_scores(model, x, target) - target_scores(model, check_baseline(baseline, x), target)
    return attribution.flatten(1).sum(1) - difference
