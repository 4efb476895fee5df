"""What a prototype is made of: pixels, waves, or the code of a decoder."""

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from xaiwidgets.borrow import BorrowedModel, borrow
from xaiwidgets.methods.fourier import Waves
from xaiwidgets.methods.inputs import check_x, class_scores
from xaiwidgets.methods.layers import inner

Bounds = tuple[float, float] | None
PARAMETRIZATIONS = ("pixels", "fourier")


class Space(Protocol):
    """What the ascent changes, `values` `(N, …)`, and the pictures that belong to them."""

    def pictures(self, values: Tensor) -> Tensor:
        """`(N, …)` -> `(N, C, H, W)`, differentiable."""

    def settled(self, values: Tensor) -> Tensor:
        """`values` after a step, back in their range."""


@dataclass(frozen=True)
class Pixels:
    """The picture itself, cut to `bounds`."""

    bounds: Bounds

    def pictures(self, values: Tensor) -> Tensor:
        """The values are the picture."""
        return values

    def settled(self, values: Tensor) -> Tensor:
        """Cut."""
        return values if self.bounds is None else values.clamp(*self.bounds)


@dataclass(frozen=True)
class Fourier:
    """The scaled Fourier coefficients of the picture; see `fourier`."""

    waves: Waves
    pixels: Pixels

    def pictures(self, values: Tensor) -> Tensor:
        """The sum of the waves."""
        return self.waves.picture(values)

    def settled(self, values: Tensor) -> Tensor:
        """The coefficients of the cut picture."""
        return self.waves.coefficients(self.pixels.settled(self.waves.picture(values)))


@dataclass(frozen=True)
class Code:
    """The code of a borrowed decoder: only pictures that it can draw are looked at."""

    decoder: nn.Module

    def pictures(self, values: Tensor) -> Tensor:
        """What the decoder draws."""
        return self.decoder(values.clone())

    def settled(self, values: Tensor) -> Tensor:
        """A code has no range."""
        return values


def space_of(
    model: nn.Module, start: Tensor, decoder: nn.Module | None, parametrization: str, bounds: Bounds
) -> tuple[Space, Tensor]:
    """What the prototypes are made of, and the values to start from, both checked; `model` is borrowed.

    Raises:
        TypeError, ValueError: naming start, decoder or bounds, what came and what was expected.
    """
    _check_bounds(bounds)
    pixels = Pixels(bounds)
    with torch.inference_mode(False), torch.no_grad():
        if decoder is not None:
            if parametrization != "pixels":
                raise ValueError(f"parametrization must be 'pixels' with a decoder, got {parametrization!r}")
            decoder = borrow(decoder)
            codes = _codes(decoder, checked_as("start", decoder, start)).clone()
            _check_decoder(decoder, model, codes)
            return Code(decoder), codes
        start = checked_as("start", model, start).clone()
        try:
            class_scores(model, start[:1].clone())
        except ValueError as error:
            raise ValueError(f"start must be pictures that the model takes: {error}") from error
        if parametrization == "pixels":
            return pixels, pixels.settled(start)
        if start.ndim < 3:
            raise ValueError(f"parametrization 'fourier' needs pictures or signals, got start of {tuple(start.shape)}")
        space = Fourier(Waves.like(start), pixels)
        return space, space.waves.coefficients(pixels.settled(start))


def _check_bounds(bounds: Bounds) -> None:
    try:
        fine = bounds is None or (len(bounds) == 2 and -math.inf < bounds[0] < bounds[1] < math.inf)
    except TypeError:
        fine = False
    if not fine:
        raise ValueError(f"bounds must be None or (smallest, largest) value of a pixel, got {bounds!r}")


def checked_as(name: str, module: BorrowedModel, x: Tensor) -> Tensor:
    """What `check_x` returns; its errors speak of the argument `name`."""
    try:
        return check_x(module, x)
    except (TypeError, ValueError) as error:
        raise type(error)(str(error).replace("x must", f"{name} must", 1)) from None


def _codes(decoder: BorrowedModel, start: Tensor) -> Tensor:
    """`start` as codes `(N, D)`."""
    if start.ndim == 2:
        return start
    encode = getattr(inner(decoder), "encode", None)
    if encode is None:
        shape = tuple(start.shape)
        raise ValueError(f"start must be codes (N, D): decoder has no `encode` for pictures, got shape {shape}")
    return encode(start.clone())


def _check_decoder(decoder: BorrowedModel, model: nn.Module, codes: Tensor) -> None:
    given = f"of codes of shape {tuple(codes.shape[1:])}"
    try:
        drawn = decoder(codes[:1].clone())
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        raise ValueError(f"decoder must draw pictures {given}: {error}") from error
    if not (isinstance(drawn, Tensor) and drawn.ndim > 1 and len(drawn) == 1):
        what = f"shape {tuple(drawn.shape)}" if isinstance(drawn, Tensor) else f"a {type(drawn).__name__}"
        raise ValueError(f"decoder must draw pictures (N, …) {given}, got {what} of 1 code")
    try:
        class_scores(model, drawn.clone())
    except ValueError as error:
        raise ValueError(
            f"decoder must draw what the model takes; {given} it draws {tuple(drawn.shape[1:])}, {drawn.dtype}, but "
            f"{_wanted(model)}: {error.__cause__ or error}"
        ) from error


def _wanted(model: nn.Module) -> str:
    """The first weights of a model say most about its inputs."""
    for name, module in inner(model).named_modules():
        weight = getattr(module, "weight", None)
        if isinstance(weight, Tensor):
            return (
                f"the model's first weights, of its {type(module).__name__} {name!r}, have shape {tuple(weight.shape)}"
            )
    return "the model has no weights"
