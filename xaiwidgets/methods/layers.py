"""Layers and units of a model: their names, their shapes, and what they hand on.

A layer is named by the dotted name of its module. Of a module that runs several times, its last call is meant. What it
hands on is read before an in-place operation after it may overwrite it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from xaiwidgets.borrow import BorrowedModel, borrow
from xaiwidgets.methods.inputs import check_x, class_scores
from xaiwidgets.methods.names import near
from xaiwidgets.progress import chunks

AT_ONCE = 2**22  # input values in one forward pass


class Tap:
    """A forward hook that keeps a layer's output.

    With `cut` the output becomes the start of the graph: nothing below it is differentiated. With `instead` the layer
    hands that on in place of its output.
    """

    def __init__(self, cut: bool, instead: Tensor | None) -> None:
        self.cut, self.instead, self.output, self.thread = cut, instead, None, threading.get_ident()

    def __call__(self, module: nn.Module, inputs: tuple, output: Any) -> Tensor | None:
        """Keep a copy of the output, which nothing later overwrites, and pass on what is attached to it."""
        if threading.get_ident() != self.thread:
            return None  # another thread runs the same module
        self.output = output
        if not isinstance(output, Tensor) or not output.is_floating_point():
            return None
        if not self.cut:
            self.output = output.clone()
            return None
        replaced = self.instead is not None and self.instead.shape == output.shape
        shared = any(isinstance(each, Tensor) and each.data_ptr() == output.data_ptr() for each in inputs)
        kept = self.instead if replaced else output.clone() if shared else output
        self.output = kept.detach().requires_grad_(torch.is_grad_enabled())
        if any(output is each for each in inputs):
            # An in-place layer: the caller may go on with its input and ignore what is returned.
            output.copy_(self.output)
            return None
        return self.output.clone()


@contextmanager
def tapped(model: nn.Module, layer: str, *, cut: bool = False, instead: Tensor | None = None) -> Iterator[Tap]:
    """Listen to a layer of `model` inside the `with` block; see `Tap`."""
    tap = Tap(cut, instead)
    handle = inner(model).get_submodule(layer).register_forward_hook(tap)
    try:
        yield tap
    finally:
        handle.remove()


def inner(model: nn.Module) -> nn.Module:
    """The user's modules, whose names the user knows."""
    return model.model if isinstance(model, BorrowedModel) else model


def outputs_by_layer(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """What each module handed on for the inputs `x`, by name, in the order in which they ran, without gradient.

    A module that only hands on the output of one of its parts is left out, and so are outputs that are no
    floating-point tensor with one entry for each input.
    """
    found: dict[str, Tensor] = {}
    thread = threading.get_ident()

    def keep(name: str) -> Any:
        def hook(module: nn.Module, inputs: tuple, output: Any) -> None:
            if threading.get_ident() != thread:
                return  # another thread runs the same module
            found.pop(name, None)
            handed_on = any(True for _ in module.children()) and any(output is each for each in found.values())
            usable = isinstance(output, Tensor) and output.is_floating_point() and output.ndim > 1
            if usable and not handed_on and len(output) == len(x):
                found[name] = output

        return hook

    handles = [module.register_forward_hook(keep(name)) for name, module in inner(model).named_modules() if name]
    try:
        with torch.inference_mode(False), torch.no_grad():
            class_scores(model, x.clone())
    finally:
        for handle in handles:
            handle.remove()
    return found


def layer_shapes(model: nn.Module, x: Tensor) -> dict[str, tuple[int, ...]]:
    """Which layers does the model have, and what does each hand on for one input?

    Args:
        model: classifier, `(N, …)` -> logits `(N, K)`; left as it was found.
        x: inputs, `(N, …)`; one is enough.

    Returns:
        Name of the module -> shape of its output without N, such as `(C, h, w)` or `(D,)`, in running order.
    """
    model = borrow(model)
    return {name: tuple(output.shape[1:]) for name, output in outputs_by_layer(model, check_x(model, x)[:1]).items()}


def known_layer(model: nn.Module, layer: str) -> bool:
    """Whether a module of the model has this name."""
    try:
        return layer != "" and inner(model).get_submodule(layer) is not None
    except AttributeError:
        return False


def near_layers(model: nn.Module, layer: str) -> str:
    """Names of modules that a reader may have meant, for an error's text."""
    return near(layer, [name for name, _ in inner(model).named_modules() if name])


def check_layer(model: nn.Module, x: Tensor, layer: str | None) -> str | None:
    """Return `layer`, or raise an error that lists near names; None stands for the logits.

    Raises:
        TypeError, ValueError: if it is no name of a module, or the module hands on no numbers for each input.
    """
    if layer is None:
        return None
    if not isinstance(layer, str):
        raise TypeError(f"layer must be the name of a module, or None for the logits, got {type(layer).__name__}")
    shapes = layer_shapes(model, x)
    if layer in shapes:
        return layer
    if not known_layer(model, layer):
        raise ValueError(
            f"layer must be the name of a module, or None for the logits, got {layer!r}; "
            f"near names: {near_layers(model, layer)}"
        )
    # A container that hands on what its last part does is a right name too.
    with torch.inference_mode(False), torch.no_grad(), tapped(borrowed := borrow(model), layer) as tap:
        class_scores(borrowed, check_x(borrowed, x)[:1].clone())
    if isinstance(tap.output, Tensor) and tap.output.is_floating_point() and tap.output.ndim > 1:
        return layer
    what = "did not run in the forward pass" if tap.output is None else f"hands on a {type(tap.output).__name__}"
    raise ValueError(f"layer {layer!r} {what}; layers with numbers: {', '.join(map(repr, shapes)) or 'none'}")


def activations(model: nn.Module, x: Tensor, layer: str | None) -> Tensor:
    """What does a layer hand on for each input?

    Args:
        model: classifier, `(N, …)` -> logits `(N, K)`; left as it was found.
        x: inputs, `(N, …)`.
        layer: name of a module; None: the model itself, whose logits are returned.

    Returns:
        `(N, …)`, such as maps `(N, C, h, w)`, without gradient.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    model = borrow(model)
    x = check_x(model, x)
    layer = check_layer(model, x, layer)
    most = max(1, AT_ONCE // x[0].numel())
    with torch.inference_mode(False), torch.no_grad():
        return torch.cat([run_to(model, x[some], layer) for some in chunks(len(x), "Recording", largest=most)])


def run_to(model: nn.Module, x: Tensor, layer: str | None) -> Tensor:
    """One forward pass of a borrowed model, and what a checked layer hands on in it, attached to the graph of `x`."""
    x = x.clone()  # a model may write to its input
    if layer is None:
        return class_scores(model, x)
    with tapped(model, layer) as tap:
        class_scores(model, x)
    if not (isinstance(tap.output, Tensor) and len(tap.output) == len(x)):
        raise ValueError(f"layer {layer!r} must hand on one entry for each of {len(x)} inputs in every forward pass")
    return tap.output
