"""What activation maximization maximises: the gain of what is watched, less the penalties of the picture.

With `D` the number of values of a picture (in code space, for the l2 penalty, of a code), penalties are per value, so
that a weight means the same for pictures of any size.
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn

from xaiwidgets.borrow import borrow
from xaiwidgets.methods.experts import Expert
from xaiwidgets.methods.inputs import are_probabilities, as_logits, check_range, check_target, class_scores
from xaiwidgets.methods.layers import inner
from xaiwidgets.methods.units import Unit, check_unit, unit_outputs
from xaiwidgets.parameters import Choice

OBJECTIVES = ("log-probability", "logit")
ObjectiveName = Annotated[str, Choice(*OBJECTIVES, help="what of the class is maximised")]
CLOSEST = 1e-6  # mean square distance of two prototypes below which they repel no stronger


@dataclass(frozen=True)
class Gain:
    """What one look at pictures finds, each `(N,)`: `gain` is maximised; `probability` is known of a class only."""

    gain: Tensor
    score: Tensor
    probability: Tensor | None


@dataclass(frozen=True)
class ClassGain:
    """Each picture's own class: its logit, or the logarithm of its probability."""

    classes: Tensor
    objective: str
    probable: bool  # whether the model returns probabilities

    def of(self, model: nn.Module, x: Tensor, some: slice) -> Gain:
        """Of the pictures `x`, those at `some` of the batch."""
        logits = as_logits(class_scores(model, x.clone()), self.probable)
        chosen = self.classes[some, None]
        logit = logits.gather(1, chosen)[:, 0]
        if logits.shape[1] < 2:
            return Gain(logit, logit, None)
        certain = logits.log_softmax(1).gather(1, chosen)[:, 0]
        return Gain(certain if self.objective == "log-probability" else logit, logit, certain.exp())


@dataclass(frozen=True)
class UnitGain:
    """A neuron's value, a channel's mean over its places, or a whole layer's mean square."""

    unit: Unit

    def of(self, model: nn.Module, x: Tensor, some: slice) -> Gain:
        """Of the pictures `x`."""
        values = unit_outputs(model, x, self.unit).reshape(len(x), -1)
        value = (values.square() if self.unit.channel is None else values).mean(1)
        return Gain(value, value, None)


@dataclass(frozen=True)
class Penalties:
    """The weights of all that is subtracted, and what the penalties compare with.

    Attributes:
        l2, total_variation, expert_weight, near_weight, diversity: weights.
        origin: from where `l2` measures.
        expert: its log-density is added, or None.
        near: the pictures `(N, …)` from which `near_weight` measures, or None.
    """

    l2: float
    total_variation: float
    expert_weight: float
    near_weight: float
    diversity: float
    origin: float
    expert: Expert | None
    near: Tensor | None

    def of(
        self, values: Tensor, x: Tensor, others: Tensor | None, some: slice
    ) -> tuple[dict[str, Tensor], Tensor | None]:
        """Each penalty with its weight, `(N,)`, by name; and the expert's log-density.

        Args:
            values: the pictures, or their codes.
            x: the pictures.
            others: the values of the whole batch, by which these are repelled, or None.
            some: which of the batch these are.
        """
        found, density = {}, None
        if self.l2:
            found["l2"] = self.l2 * mean_square(values - self.origin)
        if self.total_variation:
            found["total variation"] = self.total_variation * total_variation(x)
        if self.expert is not None:
            density = log_density(self.expert, x)
            found["expert"] = -self.expert_weight * density / x[0].numel()
        if self.near is not None:
            found["near"] = self.near_weight * mean_square(x - self.near[some])
        if others is not None:
            found["diversity"] = self.diversity * repulsion(values, others, some)
        return found, density


def mean_square(values: Tensor) -> Tensor:
    """`‖v‖² / D` of each of `(N, …)`, `(N,)`."""
    return values.flatten(1).square().mean(1)


def total_variation(x: Tensor) -> Tensor:
    """`Σ |x(u) - x(v)| / D` over neighbours along each axis of places of `(N, C, …)`, `(N,)`."""
    steps = [x.diff(dim=axis).abs().flatten(1).sum(1) for axis in range(2, x.ndim)]
    return sum(steps) / x[0].numel()


def repulsion(values: Tensor, others: Tensor, some: slice) -> Tensor:
    """How close prototypes are to the others: minus the mean over `j ≠ i` of `log(‖v_i - v_j‖² / D)`, `(N,)`.

    The force on a prototype falls with the distance, as between charges in the plane; nothing but the picture itself
    (in code space: its code) is compared. Of a single prototype it is 0.
    """
    distance = (values[:, None] - others[None]).flatten(2).square().mean(2)
    rows = torch.arange(len(others), device=values.device)[some]
    apart = rows[:, None] != torch.arange(len(others), device=values.device)
    logs = torch.where(apart, (distance + CLOSEST).log(), 0)
    return -logs.sum(1) / max(1, len(others) - 1)


def log_density(expert: Expert, x: Tensor) -> Tensor:
    """What the expert says of pictures, or an error that says what it did instead."""
    try:
        found = expert.log_density(x)
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        raise ValueError(f"expert.log_density failed on pictures of shape {tuple(x.shape)}: {error}") from error
    if not isinstance(found, Tensor) or found.shape != (len(x),):
        got = f"shape {tuple(found.shape)}" if isinstance(found, Tensor) else type(found).__name__
        raise ValueError(f"expert.log_density must return one number for each picture, ({len(x)},), got {got}")
    if x.requires_grad and not found.requires_grad:  # it would be climbed as if it were not there
        raise ValueError("expert.log_density must be differentiable; it does not depend on x through torch operations")
    return found


def gain_of(model: nn.Module, x: Tensor, target: int | Tensor | Unit, objective: str) -> ClassGain | UnitGain:
    """What is maximised for as many prototypes as `x`, from checked arguments.

    Args:
        model: borrowed.
        x: pictures `(N, …)` as the model will see; only the first is looked at.
        target: a class, one class for each prototype, or a unit.
        objective: of a class.
    """
    if isinstance(target, Unit) and (target.layer is not None or target.channel is None):
        return UnitGain(check_unit(model, x, target))
    classes = check_target(target.channel if isinstance(target, Unit) else target, x)
    with torch.inference_mode(False), torch.no_grad():
        logits = class_scores(model, x[:1].clone())
    check_range(logits, classes)
    if logits.shape[1] < 2 and objective == "log-probability":
        raise ValueError(
            f"objective 'log-probability' needs two classes, got logits of shape {tuple(logits.shape)}; take 'logit'"
        )
    return ClassGain(classes.clone(), objective, are_probabilities(logits))


def borrowed_expert(expert: Expert | None) -> Expert | None:
    """`expert`, borrowed if it is a module, or an error if it is none."""
    if expert is not None and not callable(getattr(expert, "log_density", None)):
        raise TypeError(f"expert must have a method log_density(x) -> (N,), got {type(expert).__name__}")
    return inner(borrow(expert)) if isinstance(expert, nn.Module) else expert
