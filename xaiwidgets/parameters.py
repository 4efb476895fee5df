"""What is interactive about a parameter, said once, in its annotation.

    def integrated_gradients(model, x, target, *, steps: Annotated[int, Range(1, 256, log=True)] = 64): ...

Controls, the catalogue, the parameter sweeps of the tests and the benchmark read it with `parameters_of`;
`@validated` checks a call against it.
"""

import functools
import inspect
import math
import typing
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any


@dataclass(frozen=True)
class Range:
    """A number between `minimum` and `maximum`, both included."""

    minimum: float
    maximum: float
    step: float | None = None
    log: bool = False
    unit: str = ""
    help: str = ""
    kind = "range"

    def check(self, name: str, value: Any, integer: bool) -> None:
        """Raise `TypeError` or `ValueError`, naming the parameter, unless `value` lies in the range."""
        kind = "an integer" if integer else "a number"
        if isinstance(value, bool) or not isinstance(value, Integral if integer else Real):
            raise TypeError(f"{name} must be {kind}, got {value!r} ({type(value).__name__})")
        if not (math.isfinite(value) and self.minimum <= value <= self.maximum):
            raise ValueError(f"{name} must be {kind} from {self.minimum:g} to {self.maximum:g}, got {value!r}")


@dataclass(frozen=True, init=False)
class Choice:
    """One of a few named options."""

    options: tuple[str, ...]
    help: str = ""
    kind = "choice"

    def __init__(self, *options: str, help: str = "") -> None:
        object.__setattr__(self, "options", options)
        object.__setattr__(self, "help", help)

    def check(self, name: str, value: Any, integer: bool = False) -> None:
        """Raise `ValueError`, naming the parameter and its options, unless `value` is one of them."""
        if value not in self.options:
            raise ValueError(f"{name} must be one of {', '.join(map(repr, self.options))}, got {value!r}")


@dataclass(frozen=True)
class Flag:
    """On or off."""

    help: str = ""
    kind = "flag"

    def check(self, name: str, value: Any, integer: bool = False) -> None:
        """Raise `TypeError`, naming the parameter, unless `value` is a bool."""
        if not isinstance(value, bool):
            raise TypeError(f"{name} must be True or False, got {value!r}")


Annotation = Range | Choice | Flag


@dataclass(frozen=True)
class Parameter:
    """A parameter of a method that a person may change: its name, default and `Range`, `Choice` or `Flag`."""

    name: str
    default: Any
    annotation: Annotation
    integer: bool

    @property
    def label(self) -> str:
        """As a person reads it."""
        return self.name.replace("_", " ").capitalize()

    @property
    def kind(self) -> str:
        """Of control: "range", "choice" or "flag"."""
        return self.annotation.kind

    def check(self, value: Any) -> None:
        """Raise an error that names the parameter unless `value` is allowed."""
        self.annotation.check(self.name, value, self.integer)


@functools.cache
def parameters_of(function: Callable) -> dict[str, Parameter]:
    """The parameters of `function` that carry a `Range`, `Choice` or `Flag`, in the order of its signature."""
    hints = typing.get_type_hints(function, include_extras=True)
    found = {}
    for name, parameter in inspect.signature(function).parameters.items():
        notes = [note for note in getattr(hints.get(name), "__metadata__", ()) if isinstance(note, Annotation)]
        if notes:
            integer = typing.get_args(hints[name])[0] is int
            found[name] = Parameter(name, parameter.default, notes[0], integer)
    return found


def validated(function: Callable) -> Callable:
    """Check the annotated parameters at each call, so that a bad one is answered before any work is done."""
    signature = inspect.signature(function)

    @functools.wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        given = signature.bind(*args, **kwargs).arguments
        for name, parameter in parameters_of(function).items():
            if name in given:
                parameter.check(given[name])
        return function(*args, **kwargs)

    return checked
