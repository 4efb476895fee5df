"""What the guided explorer computes: maps by rule, of one or two classes, of the trained or a randomised net."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from xaiwidgets.borrow import borrow
from xaiwidgets.evaluation import randomization_curve, randomized, rank_correlation
from xaiwidgets.explorers.maps import Map, share_inside
from xaiwidgets.explorers.pictures import recorded_scores
from xaiwidgets.methods.guided_backprop import backpropagation, relu_layers, relu_steps

MIX = "Your mix"
RULE_OF = {"Gradient": "gradient", "Guided": "guided", "Deconvolution": "deconvolution"}
MAPS = (*RULE_OF, MIX)
SLIDERS = -1  # no ReLU of the net: the numbers of the sliders


@dataclass(frozen=True)
class Request:
    """What the user has set.

    Attributes:
        image, target: the picture and the class that is explained.
        other: a second class, or None.
        maps: names of `MAPS`.
        mix: the rule of each ReLU in "Your mix".
        depth, seed: how many layers are noise, and which noise.
        curve: whether every depth is computed.
        relu, place: index of the ReLU to look into, or `SLIDERS`; pixel `(row, column)`, or None.
    """

    image: int
    target: int
    other: int | None
    maps: tuple[str, ...]
    mix: tuple[str, ...]
    depth: int
    seed: int
    curve: bool
    relu: int
    place: tuple[int, int] | None


@dataclass(frozen=True)
class Neuron:
    """One neuron of a ReLU: where it stands, its pre-activation `z`, and `r`, what arrives in the gradient's pass."""

    where: str
    z: float
    r: float


@dataclass(frozen=True)
class Result:
    """What is shown: logits of the net as it is now, maps, the curves `(k, depths)` and a neuron, if asked for."""

    request: Request
    logits: Tensor
    maps: list[Map]
    curves: Tensor | None
    neuron: Neuron | None


def explain(model: nn.Module, x: Tensor, mask: Tensor | None, request: Request, class_names: tuple[str, ...]) -> Result:
    """Everything that is shown for a request; `x` is its picture, `(1, C, H, W)`, where the model is."""
    trained = borrow(model)
    shown = borrow(randomized(trained, x, request.depth, seed=request.seed)) if request.depth else trained
    with recorded_scores(shown, x) as scores:
        maps = [one for name in request.maps for one in _maps(name, trained, shown, x, mask, request, class_names)]
    curves = torch.stack([_curve(name, trained, x, request) for name in request.maps]) if request.curve else None
    neuron = None if request.relu == SLIDERS else _neuron(shown, x, request)
    return Result(request, scores()[0], maps, curves, neuron)


def _method(name: str, request: Request) -> Callable[[nn.Module, Tensor, Tensor | int], Tensor]:
    """The map `(N, H, W)` by name, summed over the colour channels."""
    arguments = {"rule": RULE_OF[name]} if name in RULE_OF else {"layers": dict(enumerate(request.mix))}
    explain_by = partial(backpropagation, **arguments)
    return lambda model, x, target: explain_by(model, x, target).sum(1)


def _maps(
    name: str,
    trained: nn.Module,
    shown: nn.Module,
    x: Tensor,
    mask: Tensor | None,
    request: Request,
    class_names: tuple[str, ...],
) -> list[Map]:
    """The map of the class, and beside it that of the second class if there is one."""
    classes = [request.target] if request.other is None else [request.target, request.other]
    method, batch = _method(name, request), x.expand(len(classes), *x.shape[1:])
    values = method(shown, batch, torch.tensor(classes)).cpu()
    before = method(trained, batch, torch.tensor(classes)).cpu() if request.depth else values
    alike = rank_correlation(values, before)
    found = []
    for place, each in enumerate(classes):
        lines = [] if (inside := share_inside(values[place].abs(), mask)) is None else [f"{inside:.0%} of |R| inside"]
        lines += [f"{_rho(alike[place])} to the trained net's"] if request.depth else []
        if place:
            lines.append(f"{_rho(rank_correlation(values[:1], values[1:])[0])} to {class_names[classes[0]]}'s")
        title = name if request.other is None else f"{name}, {class_names[each]}"
        found.append(Map(title, values[place], "\n".join(lines)))
    return found


def _rho(correlation: Tensor) -> str:
    return f"ρ {float(correlation):.2f}" if correlation.isfinite() else "ρ undefined"


def _curve(name: str, trained: nn.Module, x: Tensor, request: Request) -> Tensor:
    curve = randomization_curve(_method(name, request), trained, x, request.target, seed=request.seed)
    return curve.similarity[:, 0].cpu()


def _neuron(model: nn.Module, x: Tensor, request: Request) -> Neuron:
    """The neuron at the chosen place that most arrives at; anywhere, if no place is chosen."""
    name = relu_layers(model, x)[request.relu]
    steps = {step.layer: step for step in relu_steps(model, x, request.target, rule="gradient")}
    if name not in steps:
        raise ValueError(f"the score of this class does not depend on the ReLU in layer {name!r}")
    step = steps[name]
    z, r = step.z[0].cpu(), step.arriving[0].cpu()
    if z.ndim != 3:
        unit = int(r.abs().argmax())
        return Neuron(f"Layer {step.layer}, unit {unit}", float(z.flatten()[unit]), float(r.flatten()[unit]))
    channels, height, width = z.shape
    if request.place is None:
        best = int(r.abs().argmax())
        row, column = best // width % height, best % width
    else:
        row, column = request.place[0] * height // x.shape[-2], request.place[1] * width // x.shape[-1]
    channel = int(r[:, row, column].abs().argmax())
    where = f"Layer {step.layer}, channel {channel} of {channels}, row {row}, column {column}"
    return Neuron(where, float(z[channel, row, column]), float(r[channel, row, column]))
