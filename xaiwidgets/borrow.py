"""The only place that touches a user's model.

`borrow(model)` returns a structural copy that shares the weights. All work is done on the copy, so nothing has to be
undone: training flags, hooks, `.grad`, buffers, `requires_grad` and the state of the random generators stay as they
were found, after success, error, cancel and interrupt, and two threads can explain one model at once.
"""

import copy
from collections import OrderedDict
from typing import Any

import torch
from torch import Tensor, nn

from xaiwidgets.loans import UNCHANGING, lend, lent

OWN_WAY = ("__deepcopy__", "__reduce__", "__reduce_ex__", "__getstate__")  # of being copied


class BorrowedModel(nn.Module):
    """Marks a copy as ours, so that a method that calls another one borrows once."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.place = device_and_dtype(model)

    def forward(self, x: Tensor) -> Tensor:
        """What the model returns."""
        return self.model(x)


def _tensors(model: nn.Module) -> dict[int, Tensor]:
    """Every tensor a module holds, by the id of the original: weights shared, buffers copied."""
    shared: dict[int, Tensor] = {}
    for module in model.modules():
        for parameter in module._parameters.values():
            if parameter is not None:
                shared[id(parameter)] = parameter.detach()
        for buffer in module._buffers.values():
            # A forward pass may write to a buffer; there are few, so each copy has its own.
            if buffer is not None:
                shared[id(buffer)] = buffer.detach().clone()
        for value in vars(module).values():
            # Weights computed from others (weight_norm) are plain attributes that deepcopy refuses.
            if isinstance(value, Tensor):
                shared[id(value)] = value.detach()
    return shared


def _twin(module: nn.Module, memo: dict[int, Any]) -> nn.Module:
    """What `copy.deepcopy(module, memo)` returns, several times as fast; a class with a way of its own keeps it."""
    if (inside := getattr(module, "_orig_mod", None)) is not None and type(module).__name__ == "OptimizedModule":
        module = inside  # torch.compile's wrapper: its operations could not be seen
        if id(module) in memo:
            return memo[id(module)]
    kind = type(module)
    if any(getattr(kind, name, None) is not getattr(nn.Module, name, None) for name in OWN_WAY):
        return copy.deepcopy(module, memo)
    twin = memo[id(module)] = kind.__new__(kind)
    twin.__setstate__(_fill({}, vars(module), memo))
    return twin


def _copied(value: Any, memo: dict[int, Any]) -> Any:
    kind = type(value)
    if kind in UNCHANGING:
        return value
    if id(value) in memo:
        return memo[id(value)]
    if kind in (OrderedDict, dict, set) and not value:
        new = memo[id(value)] = kind()
        return new
    if kind in (OrderedDict, dict):
        return _fill(memo.setdefault(id(value), kind()), value, memo)
    return _twin(value, memo) if isinstance(value, nn.Module) else copy.deepcopy(value, memo)


def _fill(new: dict, old: dict, memo: dict[int, Any]) -> dict:
    for key, value in old.items():
        new[key] = _copied(value, memo)
    return new


def borrow(model: nn.Module) -> nn.Module:
    """Return a copy of `model` that shares its weights, in eval mode, without `requires_grad`.

    Hooks that the user registered belong to the computation and are copied with it; they are called for the copy, too.

    Args:
        model: any module; left as it was found.

    Raises:
        TypeError: if `model` is no `nn.Module`, or if it cannot be copied.
    """
    if isinstance(model, BorrowedModel):
        return model
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, got {type(model).__name__}")
    if (known := lent(model)) is not None:
        return known
    try:
        with torch.inference_mode(False):
            twin = _twin(model, _tensors(model))
    except Exception as error:
        raise TypeError(
            f"model ({type(model).__name__}) cannot be copied, so it cannot be explained without being changed: {error}"
        ) from error
    return lend(model, BorrowedModel(twin).eval())


def device_and_dtype(model: nn.Module) -> tuple[torch.device, torch.dtype] | None:
    """Where the model's weights are and their floating-point type; None for a model without weights."""
    for module in model.modules():
        for tensor in (*module._parameters.values(), *module._buffers.values(), *vars(module).values()):
            if isinstance(tensor, Tensor) and tensor.is_floating_point():
                return tensor.device, tensor.dtype
    return None
