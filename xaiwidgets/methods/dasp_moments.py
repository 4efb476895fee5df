"""Mean and variance of values behind an operation, from those of independent Gaussian values in front of it.

Gast and Roth 2018, Lightweight probabilistic deep networks, https://arxiv.org/abs/1805.11327, section 4. Notation: `μ`
and `v` are mean and variance, `φ` and `Φ` the standard normal density and distribution.
"""

import math
from collections.abc import Callable
from functools import reduce

import torch
from torch import Tensor

from xaiwidgets.backward import Call, UnknownOperationError
from xaiwidgets.methods.linear_layer import LinearLayer

Moments = tuple[Tensor, Tensor]  # mean, variance
Rule = Callable[[Call, list[Moments]], Moments]


def rectified(mean: Tensor, variance: Tensor) -> Moments:
    """Of `max(x, 0)`: with `α = μ/√v`, mean `μ Φ(α) + √v φ(α)`, second moment `(μ² + v) Φ(α) + μ √v φ(α)`."""
    return larger((mean, variance), (torch.zeros_like(mean), torch.zeros_like(variance)))


def larger(a: Moments, b: Moments) -> Moments:
    """Of the larger of two independent values. Clark 1961, The greatest of a finite set of random variables.

    With `θ² = v_a + v_b` and `α = (μ_a - μ_b)/θ`: mean `μ_a Φ(α) + μ_b Φ(-α) + θ φ(α)`, second moment
    `(μ_a² + v_a) Φ(α) + (μ_b² + v_b) Φ(-α) + (μ_a + μ_b) θ φ(α)`; here as seen from the larger mean, which keeps the
    variance's digits: it is then 0, and the other `-δ`.
    """
    (mean_a, variance_a), (mean_b, variance_b) = a, b
    delta, a_leads = (mean_a - mean_b).abs(), mean_a >= mean_b
    theta = (variance_a + variance_b).sqrt()
    alpha = delta / theta.clamp(min=torch.finfo(theta.dtype).tiny ** 0.25)
    overtaken = torch.erfc(alpha / math.sqrt(2)) / 2  # Φ(-α): how often the value of smaller mean is the larger one
    bump = theta * torch.exp(-alpha.square() / 2) / math.sqrt(2 * math.pi)
    rise = bump - delta * overtaken
    leading, other = torch.where(a_leads, variance_a, variance_b), torch.where(a_leads, variance_b, variance_a)
    second = leading + (delta.square() + other - leading) * overtaken - delta * bump
    return torch.maximum(mean_a, mean_b) + rise, (second - rise.square()).clamp(min=0)


def _relu(call: Call, values: list[Moments]) -> Moments:
    return rectified(*values[0])


def _weighted(call: Call, values: list[Moments]) -> Moments:
    """`y = Σ_j w_j x_j + b`: the variance is `Σ_j w_j² v_j`."""
    layer = LinearLayer(call)
    return call.run(values[0][0]), layer.forward(values[0][1], layer.weight.square())


def _scaled(call: Call, values: list[Moments]) -> Moments:
    """`y = a x + b` for each value alone: the variance is `a² v`."""
    mean, variance = values[0]
    if call.function == "dropout":
        raise UnknownOperationError("DASP has no rule for dropout that runs in evaluation: it is random")
    return call.run(mean), (call.run(torch.ones_like(mean)) - call.run(torch.zeros_like(mean))).square() * variance


def _added(call: Call, values: list[Moments]) -> Moments:
    """`y = x ± x'`: variances add up, as if the two were independent."""
    if call.arguments.get("alpha") not in (None, 1):
        raise UnknownOperationError("DASP has no rule for the operation 'add' with alpha")
    return call.run(*[mean for mean, _ in values]), values[0][1] + values[1][1]


def _summed(call: Call, values: list[Moments]) -> Moments:
    return call.run(values[0][0]), call.run(values[0][1])


def _averaged(call: Call, values: list[Moments]) -> Moments:
    """`y = c Σ_j x_j` over the `J` values of a window: `c² Σ_j v_j`, where `c` is what ones give, over `J`."""
    mean, variance = values[0]
    output, ones = call.run(mean), call.run(torch.ones_like(mean))
    if call.function == "mean":
        count = mean.numel() / output.numel()
    else:
        each = [valid.sum(1).to(mean) for _, valid in _windows(call, mean, output)]
        count = reduce(lambda before, along: before[..., None] * along, each)
    return output, call.run(variance) * ones / count


def _largest(call: Call, values: list[Moments]) -> Moments:
    """The maximum of a window, from maxima of two, in a tournament."""
    mean, variance = values[0]
    output = call.run(mean)
    if call.function == "amax":
        axes = call.arguments.get("dim", ())
        axes = [axes] if isinstance(axes, int) else list(axes)
        mean, variance = (_last(each, axes) for each in (mean, variance))
    else:
        windows = _windows(call, mean, output)
        mean, variance = _gathered(mean, windows, _far(mean, variance)), _gathered(variance, windows, 0)
    while (count := mean.shape[-1]) > 1:
        half = count // 2
        pairs = [(mean[..., part], variance[..., part]) for part in (slice(half), slice(half, 2 * half))]
        left = slice(2 * half, count)
        won = larger(*pairs)
        mean = torch.cat([won[0], mean[..., left]], -1)
        variance = torch.cat([won[1], variance[..., left]], -1)
    return mean.reshape(output.shape), variance.reshape(output.shape)


def _far(mean: Tensor, variance: Tensor) -> Tensor:
    """Mean of a certain value that no maximum notices: so many deviations below all, that `φ` and `Φ` there are 0."""
    type_ = torch.finfo(mean.dtype)
    deviations = 1 + math.sqrt(-2 * (math.log(type_.tiny) + math.log(type_.eps)))
    return mean.min() - deviations * variance.max().sqrt()  # a fixed one is too large for the square, or too small


def _last(values: Tensor, axes: list[int]) -> Tensor:
    axes = axes or list(range(values.ndim))
    return values.movedim(axes, list(range(-len(axes), 0))).flatten(-len(axes))


def _windows(call: Call, x: Tensor, output: Tensor) -> list[tuple[Tensor, Tensor]]:
    """For each spatial axis: places in each window, `(windows, largest window)`, and which of them there are."""
    spatial = int(call.function.rstrip("d_")[-1])
    found = []
    for axis in range(spatial):
        length, count = x.shape[axis - spatial], output.shape[axis - spatial]
        number = torch.arange(count, device=x.device)[:, None]
        if call.function.startswith("adaptive"):
            start, stop, step = number * length // count, -(-(number + 1) * length // count), 1
            most = int((stop - start).max())
        else:
            given = {name: _along(call.arguments.get(name), axis) for name in ("kernel_size", "stride", "padding")}
            step, most = _along(call.arguments.get("dilation"), axis) or 1, given["kernel_size"]
            start, stop = number * (given["stride"] or most) - (given["padding"] or 0), length
        place = start + step * torch.arange(most, device=x.device)
        valid = (place >= 0) & (place < torch.as_tensor(stop, device=x.device).clamp(max=length))
        found.append((place.clamp(0, length - 1), valid))
    return found


def _along(setting: int | tuple[int, ...] | None, axis: int) -> int | None:
    if setting is None or isinstance(setting, int):
        return setting
    return (setting[axis] if len(setting) > 1 else setting[0]) if len(setting) else None


def _gathered(values: Tensor, windows: list[tuple[Tensor, Tensor]], missing: float | Tensor) -> Tensor:
    """The values of each window, in a new last axis."""
    front, spatial = values.ndim - len(windows), len(windows)
    for axis in reversed(range(spatial)):
        place, valid = windows[axis]
        values = values.index_select(front + axis, place.flatten()).unflatten(front + axis, place.shape)
        values = values.masked_fill(~valid.view(*valid.shape, *[1] * (2 * (spatial - axis - 1))), missing)
    return _last(values, [front + 1 + 2 * axis for axis in range(spatial)])


RULES: dict[str, Rule] = {
    "relu": _relu,
    "linear": _weighted,
    "convolution": _weighted,
    "scale": _scaled,
    "batch_norm": _scaled,
    "add": _added,
    "sum": _summed,
    "average_pool": _averaged,
    "max_pool": _largest,
}
"""Name of an operation -> its rule."""
