"""The operations of torch that a backward rule can meet: by which names they are called, and what they do.

A table from each function of torch to an `Operation`: its name among the rules, the names of its parameters (torch's
own functions do not tell them), and how to run it without writing to its input.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import inf
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Operation:
    """An operation that can be given a rule.

    Attributes:
        name: in the table of rules.
        parameters: names of the parameters, in the order in which they can be given by position.
        run: the operation out of place, called with arguments by name.
        inputs: which of the parameters are data; the others are settings and weights.
        in_place: whether the function writes to its input.
        applies: whether these arguments make it this operation ("clamp" is a ReLU for min=0 only).
        otherwise: the operation that it is if not; None: one that is not in the table.
    """

    name: str
    parameters: tuple[str, ...]
    run: Callable[..., Tensor]
    inputs: tuple[str, ...] = ("input",)
    in_place: bool = False
    applies: Callable[[Mapping[str, Any]], bool] = lambda arguments: True
    otherwise: "Operation | None" = None

    def bind(self, args: tuple, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments by name."""
        given = {ALIASES.get(name, name): value for name, value in kwargs.items()}
        return {**dict(zip(self.parameters, args, strict=False)), **given}


ALIASES = MappingProxyType(
    {"self": "input", "axis": "dim", "keepdims": "keepdim", "mat2": "other", "vec": "other", "tensor2": "other"}
)

_table: dict[Callable, Operation] = {}


def _put(name: str, functions: list[Callable], parameters: str = "input", run: Any = None, **more: Any) -> None:
    for function in functions:
        called = getattr(function, "__name__", "")
        plain = called.rstrip("_")
        in_place = called == f"{plain}_"
        # A method cannot be called with its first argument by name; the function of the same name can.
        out_of_place = run or (getattr(torch, plain, None) if hasattr(Tensor, called) else function)
        _table[function] = Operation(name, tuple(parameters.split()), out_of_place, in_place=in_place, **more)


def _find(*names: str) -> list[Callable]:
    """The functions of these names in torch, `torch.nn.functional` and `Tensor`, also those that work in place."""
    found = [
        getattr(home, form)
        for name in names
        for form in (name, f"{name}_")
        for home in (torch, F, Tensor)
        if hasattr(home, form)
    ]
    return list(dict.fromkeys(found))


def _clamps_at_zero(arguments: Mapping[str, Any]) -> bool:
    """`clamp(min=0)` is a ReLU by another name."""
    return _is_number(arguments.get("min"), 0) and (arguments.get("max") is None or _is_number(arguments["max"], inf))


def _threshold_at_zero(arguments: Mapping[str, Any]) -> bool:
    return _is_number(arguments.get("threshold"), 0) and _is_number(arguments.get("value"), 0)


def _is_number(value: Any, number: float) -> bool:
    """Whether a setting, also as a tensor, is this number."""
    return (
        isinstance(value, int | float | Tensor)
        and (not isinstance(value, Tensor) or value.numel() == 1)
        and (float(value) == number)
    )


def _runs_in_training(arguments: Mapping[str, Any]) -> bool:
    return bool(arguments.get("training", True))


def _power(input: Any, exponent: Any) -> Tensor:
    return torch.pow(input, exponent)


def _relu(input: Tensor, **_settings: Any) -> Tensor:
    return torch.relu(input)


_put("relu", _find("relu"), "input inplace", run=_relu)
_CLAMP = Operation("activation", ("input", "min", "max"), torch.clamp)
_CLAMPS = {"run": _relu, "applies": _clamps_at_zero, "otherwise": _CLAMP}
_put("relu", _find("clamp", "clip", "clamp_min"), "input min max", **_CLAMPS)
_THRESHOLD = Operation("activation", ("input", "threshold", "value"), F.threshold)
_THRESHOLDS = {"run": _relu, "applies": _threshold_at_zero, "otherwise": _THRESHOLD}
_put("relu", _find("threshold"), "input threshold value inplace", **_THRESHOLDS)
# Dropout that runs in evaluation: what it lets through is scaled.
_put("scale", [F.dropout, torch.dropout], "input p training inplace", run=F.dropout, applies=_runs_in_training)

# Other pointwise activations: one input value, one output value.
_PLAIN = ("sigmoid", "tanh", "exp", "abs", "sqrt", "square", "softsign", "logsigmoid")
_FUNCTIONAL = ("gelu", "silu", "selu", "mish", "relu6", "hardswish", "hardsigmoid")
_WITH_SETTINGS = {"elu": "alpha", "celu": "alpha", "leaky_relu": "negative_slope", "softplus": "beta threshold"}
for _name in _PLAIN:
    _put("activation", _find(_name), run=getattr(torch, _name, None) or getattr(F, _name))
for _name in _FUNCTIONAL:
    _put("activation", _find(_name), "input inplace", run=getattr(F, _name))
for _name, _settings in {**_WITH_SETTINGS, "hardtanh": "min_val max_val"}.items():
    _put("activation", _find(_name), f"input {_settings} inplace", run=getattr(F, _name))
_put("activation", [*_find("pow"), Tensor.__pow__], "input exponent", run=_power, inputs=("input", "exponent"))
_put("linear", [F.linear], "input weight bias")
for _name in ("conv1d", "conv2d", "conv3d"):
    _put("convolution", [getattr(torch, _name)], "input weight bias stride padding dilation groups")
for _name in ("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"):
    _put("convolution", [getattr(torch, _name)], "input weight bias stride padding output_padding groups dilation")
_put("matmul", [*_find("matmul", "mm"), Tensor.__matmul__], "input other", run=torch.matmul, inputs=("input", "other"))
_put("batch_norm", [F.batch_norm], "input running_mean running_var weight bias training momentum eps")

for _d in ("1d", "2d", "3d"):
    _max = "input kernel_size stride padding dilation ceil_mode return_indices"
    _put("max_pool", _find(f"max_pool{_d}"), _max)
    _put("max_pool", _find(f"adaptive_max_pool{_d}"), "input output_size return_indices")
    _put("average_pool", _find(f"adaptive_avg_pool{_d}"), "input output_size")
    _average = "input kernel_size stride padding ceil_mode count_include_pad divisor_override"
    _put("average_pool", _find(f"avg_pool{_d}"), _average)
    _put("lp_pool", _find(f"lp_pool{_d}"), "input norm_type kernel_size stride ceil_mode")
_put("average_pool", _find("mean"), "input dim keepdim")
_put("sum", _find("sum"), "input dim keepdim")
_put("max_pool", _find("amax"), "input dim keepdim")

_TWO = {"parameters": "input other alpha", "inputs": ("input", "other")}
_put("add", [*_find("add"), Tensor.__radd__], run=torch.add, **_TWO)
_put("add", [*_find("sub"), *_find("subtract")], run=torch.sub, **_TWO)
_put("add", [Tensor.__rsub__, torch.rsub], run=torch.rsub, **_TWO)
_TWO = {"parameters": "input other rounding_mode", "inputs": ("input", "other")}
_put("multiply", [*_find("mul", "multiply"), Tensor.__rmul__], run=torch.mul, **_TWO)
_put("multiply", [*_find("div", "divide", "true_divide")], run=torch.div, **_TWO)
_put("scale", _find("neg", "negative"))
_put("softmax", _find("softmax", "log_softmax"), "input dim")

OPERATIONS: Mapping[Callable, Operation] = MappingProxyType(_table)
"""Function of torch -> the operation it is."""

NAMES = tuple(sorted({operation.name for operation in OPERATIONS.values()} | {"scale"}))
"""Names of all operations that can be given a rule."""


def operation_of(function: Callable, args: tuple, kwargs: Mapping[str, Any]) -> tuple[Operation | None, dict[str, Any]]:
    """The operation that a call of `function` is, None for one that is not in the table, and its arguments by name."""
    operation = OPERATIONS.get(function)
    if operation is None:
        return None, {}
    arguments = operation.bind(args, kwargs)
    if arguments.get("return_indices"):
        return None, {}  # returns two tensors
    if not operation.applies(arguments):
        operation = operation.otherwise and replace(operation.otherwise, in_place=operation.in_place)
    return operation, arguments


# Operations that only move values, or copy them: the gradient takes to each value what belongs to it.
_MOVING = """
    alias alpha_dropout bfloat16 broadcast_to cat channel_shuffle chunk clone concat concatenate contiguous cpu cuda
    detach double dropout dropout1d dropout2d dropout3d dstack expand expand_as feature_alpha_dropout flatten flip
    float gather half hstack index_select masked_fill moveaxis movedim narrow pad permute pixel_shuffle
    pixel_unshuffle ravel repeat reshape reshape_as roll rot90 select split squeeze stack swapaxes swapdims t
    take_along_dim tensor_split tile to transpose type type_as unbind unflatten unfold unsqueeze view view_as vstack
    where
"""
SHAPE_ONLY = frozenset([*_find(*_MOVING.split()), Tensor.__getitem__, Tensor.T.__get__, Tensor.mT.__get__])


def resolved(operation: Operation, arguments: dict[str, Any]) -> tuple[Operation, dict[str, Tensor], dict[str, Any]]:
    """What an operation amounts to here, its data and its settings by name: data are what depends on the model's input.

    With one of two factors or summands constant it only scales or moves values; a matrix product with a constant matrix
    is a linear layer.
    """
    data = {name: arguments[name] for name in operation.inputs if depends(arguments.get(name))}
    if computed := [name for name in ("weight", "bias") if depends(arguments.get(name))]:
        # Weights that depend on the input themselves: no layer, but a product of two such values.
        data |= {name: arguments[name] for name in computed}
        operation = replace(operation, name="multiply", inputs=tuple(data))
    elif operation.name in ("add", "multiply") and len(data) == 1:
        reciprocal = operation.run is torch.div and "other" in data
        operation = replace(operation, name="activation" if reciprocal else "scale")
    elif operation.name == "matmul" and list(data) == ["input"] and arguments["other"].ndim == 2:
        operation = replace(operation, name="linear", run=torch.nn.functional.linear)
        arguments = {"weight": arguments["other"].mT, "bias": None}
    return operation, data, {name: value for name, value in arguments.items() if name not in data}


# Which operations may turn out to be one of this name.
COMES_FROM = {"activation": ("relu", "multiply"), "scale": ("add", "multiply"), "linear": ("matmul",)}


def depends(value: Any) -> bool:
    """Whether a value depends on the model's input."""
    return isinstance(value, Tensor) and value.requires_grad


def name_of(function: Callable) -> str:
    """Name of a function of torch."""
    return getattr(function, "__name__", "") or str(function)


@functools.cache
def may_write(function: Callable) -> bool:
    """Whether a function can write to its first argument: by its name, or when asked to."""
    name = name_of(function)
    code = getattr(function, "__code__", None)
    asked = code is not None and "inplace" in code.co_varnames[: code.co_argcount]
    return asked or name == "__setitem__" or (name.endswith("_") and not name.endswith("__"))
