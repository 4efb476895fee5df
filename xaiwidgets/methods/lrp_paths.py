"""Where relevance starts, and through which neurons it may pass: by module name, on a borrowed copy."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from xaiwidgets.methods.inputs import check_scores, class_scores
from xaiwidgets.methods.names import near


def check_layers(model: nn.Module, names: Iterable[str], argument: str) -> None:
    """Raise an error that lists near names if one is no module of the borrowed model."""
    names = list(names)
    known = [name for name, _ in model.model.named_modules() if name] if names else []
    for name in names:
        if name not in known:
            raise ValueError(f"{argument} has no layer {name!r}; near names: {near(name, known)}")


def mask_of(unit: Any, output: Tensor, argument: str) -> Tensor:
    """Which values of a module's output `(N, …)` are meant, `(1, …)` bool.

    Args:
        unit: an index, a tuple of indices, a list of channels, or a bool tensor of the shape of the output without N.
        output: of the module.
        argument: named in an error.
    """
    shape = output.shape[1:]
    if isinstance(unit, Tensor) and unit.dtype == torch.bool:
        if unit.shape != shape:
            raise ValueError(f"{argument} must be a mask of shape {tuple(shape)}, got {tuple(unit.shape)}")
        return unit.to(output.device)[None]
    mask = torch.zeros(shape, dtype=torch.bool, device=output.device)
    try:
        mask[unit] = True
    except (IndexError, TypeError) as error:
        raise ValueError(f"{argument} must be an index into an output of shape {tuple(shape)}, got {unit!r}") from error
    return mask[None]


@dataclass(frozen=True)
class ClassStart:
    """Relevance that starts at the logits: the score of the target, and minus that of the class it is compared with."""

    target: Tensor
    against: Tensor | None = None

    def __post_init__(self) -> None:
        if self.against is not None and (same := (self.against == self.target).nonzero()).numel():
            raise ValueError(f"against must be another class than target, got {int(self.target[same[0]])} for both")

    def __getitem__(self, piece: slice) -> "ClassStart":
        return ClassStart(self.target[piece], None if self.against is None else self.against[piece])

    def __call__(self, model: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
        """The logits, and the relevance there."""
        logits = check_scores(class_scores(model, x), self.target)
        values, target = logits.detach(), self.target[:, None]
        start = torch.zeros_like(values).scatter_(1, target, values.gather(1, target))
        if self.against is not None:
            check_scores(values, self.against)
            start.scatter_(1, self.against[:, None], -values.gather(1, self.against[:, None]))
        return logits, start


class UnitStart:
    """Relevance that starts at a hidden unit: the value of the unit, at its place."""

    def __init__(self, layer: str, unit: Any) -> None:
        self.layer, self.unit = layer, unit

    def __call__(self, model: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
        """The layer's output, and the relevance there; what lies behind the layer does not run."""

        def stop(module: nn.Module, given: Any, output: Any) -> None:
            raise _Reached(output)

        hook = model.model.get_submodule(self.layer).register_forward_hook(stop)
        try:
            model(x)
        except _Reached as reached:
            output = reached.output
        else:
            raise ValueError(f"layer {self.layer!r} does not run for this input")
        finally:
            hook.remove()
        if not isinstance(output, Tensor):
            raise TypeError(f"layer {self.layer!r} must return a tensor, got {type(output).__name__}")
        return output, output.detach() * mask_of(self.unit, output, "unit")


class _Reached(Exception):  # noqa: N818 - carries a result
    def __init__(self, output: Any) -> None:
        self.output = output


class Filter:
    """Lets relevance pass only through given neurons, for the time of the block."""

    def __init__(self, through: Mapping[str, Any], model: nn.Module) -> None:
        self.through, self.model = through, model
        self.hooks: list[Any] = []
        self.passed: set[str] = set()

    def __enter__(self) -> "Filter":
        for name, unit in self.through.items():
            module = self.model.model.get_submodule(name)
            self.hooks.append(module.register_forward_hook(partial(self._on, name, unit)))
        return self

    def __exit__(self, *error: Any) -> None:
        for hook in self.hooks:
            hook.remove()

    def _on(self, name: str, unit: Any, _module: nn.Module, _given: Any, output: Tensor) -> None:
        mask = mask_of(unit, output, f"through[{name!r}]")

        def keep(relevance: Tensor) -> Tensor:
            self.passed.add(name)
            return relevance * mask

        output.register_hook(keep)

    def check(self) -> None:
        """Raise an error if no relevance came to a filter: it would have changed nothing."""
        for name in self.through:
            if name not in self.passed:
                raise ValueError(
                    f"through: no relevance passes the output of layer {name!r}; name the BatchNorm if it is merged "
                    "with one, or the layer whose output the next one uses"
                )
