"""Which tensors of a forward pass are still the model's input, moved, scaled or pooled, and between which bounds."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_unflatten
from torch.utils.weak import WeakTensorKeyDictionary

from xaiwidgets.methods.inputs import check_baseline
from xaiwidgets.methods.lrp_input_rules import ZBox
from xaiwidgets.operations import SHAPE_ONLY

Bounds = tuple[Tensor, Tensor]
# Operations that no weights of a layer come into, and through which bounds stay bounds.
MONOTONE = frozenset({"scale", "relu", "batch_norm", "average_pool", "max_pool", "sum"})


class InputBounds:
    """Follows the input to the first layer with weights.

    Args:
        x: the tensor that enters the model.
        boxes: the rules that need bounds; if empty, tensors are followed all the same.

    Raises:
        ValueError: if `x` has values outside the bounds.
    """

    def __init__(self, x: Tensor, boxes: Iterable[ZBox]) -> None:
        self._known: Mapping[Tensor, tuple[Bounds, int]] = WeakTensorKeyDictionary()
        self._known[x] = _checked(x.detach(), list(boxes)), x._version

    def of(self, value: Any) -> Bounds | None:
        """The bounds of a tensor; None if it is not the input, or anything wrote to it since."""
        bounds, version = self._known.get(value, (None, 0)) if isinstance(value, Tensor) else (None, 0)
        return bounds if bounds is not None and value._version == version else None

    def sees(self, args: tuple, kwargs: Mapping[str, Any]) -> bool:
        """Whether a function is given the input; before the call, which may write to it."""
        return any(
            self.of(each) is not None
            for value in (*args, *kwargs.values())
            for each in (value if isinstance(value, tuple | list) else (value,))
        )

    def moved(self, function: Callable, args: tuple, kwargs: Mapping[str, Any]) -> list[list[Tensor]]:
        """What a function makes of the lower and of the upper bounds, each as a list of tensors."""
        leaves, form = tree_flatten((args, dict(kwargs)))
        ends = []
        for end in (0, 1):
            moved = [value if (bounds := self.of(value)) is None else bounds[end].clone() for value in leaves]
            given, named = tree_unflatten(moved, form)
            ends.append(_tensors(function(*given, **named)))
        return ends

    def keep(self, output: Any, ends: list[list[Tensor]]) -> None:
        """Remember what came out of a function beside what it made of the bounds."""
        for tensor, low, high in zip(_tensors(output), *ends, strict=True):
            self._known[tensor] = (low, high), tensor._version

    @staticmethod
    def keeps(function: Callable, operation: str) -> bool:
        """Whether bounds stay bounds."""
        return function in SHAPE_ONLY or operation in MONOTONE


def _tensors(values: Any) -> list[Tensor]:
    return [each for each in (values if isinstance(values, tuple | list) else (values,)) if isinstance(each, Tensor)]


def _checked(x: Tensor, boxes: list[ZBox]) -> Bounds:
    if not boxes:
        return x, x  # nobody asks for them
    low, high = (check_baseline(getattr(boxes[0], name), x, name) for name in ("low", "high"))
    if (outside := int(((x < low) | (x > high)).sum())) or (low > high).any():
        raise ValueError(
            f"low and high of ZBox must contain x: {float(low.min()):g} to {float(high.max()):g} given, x goes from "
            f"{float(x.min()):g} to {float(x.max()):g} ({outside} values outside); pass the range of your data"
        )
    return low, high
