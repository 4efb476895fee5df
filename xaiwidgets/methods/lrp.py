"""Layer-wise relevance propagation: how much did each pixel contribute to the score, neuron by neuron on the way back?

A neuron shares out its relevance among what it received, by the rule of its layer (`lrp_rules`, `composites`). One
forward and one backward pass. Bach et al. 2015, https://doi.org/10.1371/journal.pone.0130140; Montavon, Samek and
Müller 2018, https://arxiv.org/abs/1706.07979, section 5.
"""

from typing import Annotated, Any

import torch
from torch import Tensor, nn

from xaiwidgets.methods.composites import COMPOSITES
from xaiwidgets.methods.inputs import check_target, prepare
from xaiwidgets.methods.lrp_pass import Flow, Step, Through, propagate
from xaiwidgets.methods.lrp_paths import ClassStart, UnitStart, check_layers
from xaiwidgets.methods.slopes import sizes
from xaiwidgets.parameters import Choice
from xaiwidgets.progress import chunks

__all__ = ["Flow", "Step", "lrp", "lrp_of_unit", "relevance_flow"]


def lrp(
    model: nn.Module,
    x: Tensor,
    target: Tensor | int,
    *,
    rules: Annotated[Any, Choice(*COMPOSITES, help="which rule goes where")] = "EpsilonPlus",
    against: Tensor | int | None = None,
    through: Through | None = None,
) -> Tensor:
    """What did this pixel contribute to the score?  `R_j = Σ_k R_{j←k}`, from `R = f` at the output

    Relevance passes activations unchanged, goes to the largest value of a max pooling (or as the composite says), and
    is shared in proportion among the values of an average and the branches of a sum. BatchNorm is merged into the layer
    before it. What the model detaches, or computes under `no_grad`, is a constant here. The sum of the result is `f`
    less what biases and ε absorb, which `relevance_flow` shows.

    Args:
        model: classifier, `(N, …)` -> logits `(N, K)`; left as it was found.
        x: inputs, `(N, …)`, floating point, of the model's type and on its device.
        target: class index, or one for each input, `(N,)`.
        rules: name of one of `COMPOSITES`, a `Composite`, or one rule for all layers.
        against: explain `f_target - f_against`, why this class and not that one; the start is then `f_target` at the
            one and `-f_against` at the other logit.
        through: keep only the relevance that passes these neurons: module name -> channel, channels, or a mask `bool`
            of the shape of the module's output without N.

    Returns:
        Relevance of the shape of `x`, in logits.

    Raises:
        UnknownOperationError: if the model uses an operation without a rule; names it, and where it was met.
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    model, x, target = prepare(model, x, target)
    start = ClassStart(target, None if against is None else check_target(against, x))
    if len(x) == 1:
        return propagate(model, x, rules, start, through)[0]
    pieces = [
        propagate(model, x[piece], rules, start[piece], through)[0]
        for piece in chunks(len(x), "Propagating relevance", **sizes(x))
    ]
    return torch.cat(pieces)


def lrp_of_unit(
    model: nn.Module,
    x: Tensor,
    layer: str,
    unit: int | tuple[int, ...] | Tensor,
    *,
    rules: Any = "EpsilonPlus",
    through: Through | None = None,
) -> Tensor:
    """What did this pixel contribute to a hidden neuron?  LRP from `R = a_k` of the neuron, or channel, `k`

    Args:
        model, x, rules, through: as for `lrp`.
        layer: module name.
        unit: index into the module's output without N: a neuron, a channel, or `(channel, row, column)`; or a mask.

    Returns:
        Relevance of the shape of `x`, in the unit of the neuron's activation. Of a module that runs several times, the
        first time counts.

    Raises:
        TypeError, ValueError: as `lrp`; also if the layer does not run, or has no such unit.
    """
    model, x, _ = prepare(model, x, 0)
    check_layers(model, [layer], "layer")
    return propagate(model, x, rules, UnitStart(layer, unit), through)[0]


def relevance_flow(
    model: nn.Module,
    x: Tensor,
    target: Tensor | int,
    *,
    rules: Any = "EpsilonPlus",
    against: Tensor | int | None = None,
    through: Through | None = None,
) -> Flow:
    """Where does relevance go, and where does it get lost?  `lrp`, with the relevance at every operation.

    All inputs go in one pass, and what each operation saw is kept: give a few. Arguments and errors as for `lrp`.
    """
    model, x, target = prepare(model, x, target)
    steps: list[Step] = []
    start = ClassStart(target, None if against is None else check_target(against, x))
    relevance, logits, put = propagate(model, x, rules, start, through, steps.append)
    return Flow(relevance, logits, put, steps)
