"""What a forward pass shows of a model: the operations it ran, and what came out."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import torch
from torch import Tensor, nn

from xaiwidgets.backward import Call, trace
from xaiwidgets.borrow import borrow, device_and_dtype
from xaiwidgets.methods.composites import COMPOSITES
from xaiwidgets.methods.deeplift_rules import own_statistics
from xaiwidgets.methods.gradients import gradient
from xaiwidgets.methods.inputs import check_x, class_scores
from xaiwidgets.methods.lrp import Flow, relevance_flow

SIDES = (224, 64, 32, 28, 16, 12, 8)  # of made-up inputs


@dataclass(frozen=True)
class Patient:
    """A borrowed model, one input, and what a forward pass showed."""

    model: nn.Module
    x: Tensor
    made_up: bool
    training: list[str]
    logits: Tensor
    again: Tensor
    calls: list[Call]

    @cached_property
    def target(self) -> int:
        """The class that the model names."""
        return int(self.logits.argmax(1))

    @cached_property
    def slope(self) -> Tensor | Exception:
        """The gradient, or the error."""
        return tried(partial(gradient, self.model, self.x, self.target))

    @cached_property
    def flow(self) -> Flow | Exception:
        """Relevance without biases, or the error."""
        rules = COMPOSITES["EpsilonPlus"].without_bias()
        return tried(partial(relevance_flow, self.model, self.x, self.target, rules=rules))

    @cached_property
    def operations(self) -> Counter:
        """How often each operation ran."""
        return Counter(call.operation for call in self.calls)

    @cached_property
    def probabilities(self) -> bool:
        """Whether the output looks like one."""
        last = self.calls[-1].operation if self.calls else ""
        several = self.logits.shape[1] > 1
        return last == "softmax" or bool(several and self.logits.min() >= 0 and abs(self.logits.sum() - 1) < 1e-4)

    @cached_property
    def random(self) -> bool:
        """Whether two passes differ."""
        return not torch.equal(self.logits, self.again)

    @cached_property
    def batch_statistics(self) -> int:
        """How many BatchNorms have no running statistics."""
        return sum(call.operation == "batch_norm" and own_statistics(call) for call in self.calls)

    @cached_property
    def curved(self) -> bool:
        """Whether the score is not linear on the way from zero to the input, found by comparing slopes."""
        ends = [tried(partial(gradient, self.model, scale * self.x, self.target)) for scale in (0.0, 0.5, 1.0)]
        return any(isinstance(end, Exception) or not torch.allclose(end, ends[0], 1e-5, 1e-8) for end in ends)

    @cached_property
    def other_activations(self) -> str:
        """Names of the activations that are no ReLU."""
        return ", ".join(dict.fromkeys(call.function for call in self.calls if call.operation == "activation"))


def tried(call: Callable) -> object:
    """The result, or the error that says why there is none."""
    try:
        return call()
    except torch.OutOfMemoryError:
        raise
    except (NotImplementedError, RuntimeError, TypeError, ValueError) as error:
        return error


def examined(model: nn.Module, x: Tensor | None) -> Patient:
    """What a forward pass shows, on a borrowed copy."""
    borrowed = borrow(model)
    made_up = x is None
    x = example_input(borrowed) if made_up else check_x(borrowed, x)[:1].clone()
    training = [name or type(module).__name__ for name, module in model.named_modules() if module.training]
    with torch.inference_mode(False), torch.no_grad():
        logits, again = class_scores(borrowed, x.clone()), class_scores(borrowed, x.clone())
    return Patient(borrowed, x, made_up, training, logits, again, trace(borrowed, x))


def example_input(model: nn.Module) -> Tensor:
    """Random numbers of a shape that a borrowed model takes, guessed from its first layer with weights.

    Raises:
        ValueError: if no guess fits.
    """
    device, dtype = device_and_dtype(model) or (None, None)
    generator = torch.Generator().manual_seed(0)
    for shape in _shapes(model):
        x = torch.randn(1, *shape, generator=generator).to(device, dtype)
        with torch.no_grad():
            logits = tried(partial(class_scores, model, x))
        if isinstance(logits, Tensor):
            return x
    raise ValueError("x must be given: no shape of an input could be guessed from the model's first layer")


def _shapes(model: nn.Module) -> list[tuple[int, ...]]:
    for module in model.modules():
        if isinstance(module, nn.Linear):
            return [(module.in_features,)]
        if isinstance(module, nn.modules.conv._ConvNd):
            axes = len(module.kernel_size)
            return [(module.in_channels, *[side] * axes) for side in SIDES if side**axes <= SIDES[0] ** 2]
    return []
