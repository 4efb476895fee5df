"""The rules a reader has chosen: a composite, other rules for single layers, and their parameters."""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from xaiwidgets.explorers.lrp_layers import WEIGHTED, Layer
from xaiwidgets.methods.composites import COMPOSITES, Composite, composite_of
from xaiwidgets.methods.linear_layer import LinearLayer
from xaiwidgets.methods.lrp_input_rules import Flat, WSquare, ZBox
from xaiwidgets.methods.lrp_other_rules import Proportional, WinnerTakesAll
from xaiwidgets.methods.lrp_rules import LRP0, AlphaBeta, Epsilon, Gamma, Rule, ZPlus

HOME = Path(__file__).parents[1]  # of this package
AS_COMPOSITE = "as the composite"
GIVEN = "as given"
RULES: Mapping[str, Rule] = {
    "LRP-0": LRP0, "Epsilon": Epsilon(), "Gamma": Gamma(), "AlphaBeta": AlphaBeta(), "ZPlus": ZPlus(),
    "ZBox": ZBox(), "WSquare": WSquare(), "Flat": Flat(),
}  # fmt: skip
POOLING = {"winner takes all": WinnerTakesAll(), "proportional": Proportional()}


@dataclass(frozen=True)
class Choices:
    """What the reader has set.

    Attributes:
        composite: name of a composite, of an own rule, or `GIVEN`.
        layers: other rules, `(module name, name of the rule)`.
        epsilon, gamma, alpha: parameters of the rules of these names.
        pooling: name of a rule of max pooling.
    """

    composite: str
    layers: tuple[tuple[str, str], ...]
    epsilon: float
    gamma: float
    alpha: float
    pooling: str


@dataclass(frozen=True)
class OwnRule:
    """A rule of the reader's own, under its name; what it returns is checked.

    Raises:
        TypeError, ValueError: when it returns no tensor, or one of another shape than the layer's input.
    """

    name: str
    rule: Rule

    def propagate(self, layer: LinearLayer, relevance: Tensor) -> Tensor:
        """`R_k` -> `R_j`, by the reader's rule."""
        passed, shape = self.rule.propagate(layer, relevance), tuple(layer.x.shape)
        if not isinstance(passed, Tensor):
            raise TypeError(
                f"rule {self.name!r} must return the relevance of its layer's input, a tensor of the shape of "
                f"layer.x, {shape}; got {type(passed).__name__}"
            )
        if tuple(passed.shape) != shape:
            raise ValueError(
                f"rule {self.name!r} must return relevance of the shape of layer.x, {shape}; got {tuple(passed.shape)}"
            )
        return passed


class RuleBook:
    """The rules that can be chosen: those of LRP, and the reader's own.

    Args:
        rules: what the explorer opens with; the name of a composite, a composite, or one rule for all layers.
        own: name -> rule with `propagate(layer, relevance)`.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """

    def __init__(self, rules: Any, own: Mapping[str, Rule] | None) -> None:
        self.own = _checked(own)
        if not isinstance(rules, str | Composite):
            composite_of(rules)
            rules = composite_of(_own(type(rules).__name__, rules))
        self.given = None if isinstance(rules, str) else rules
        if self.given is None and rules not in self.own:
            composite_of(rules)
        self.begin = rules if self.given is None else GIVEN

    @property
    def opening(self) -> Composite:
        """The composite that the explorer opens with."""
        return self.given or composite_of(self.own.get(self.begin, self.begin))

    @property
    def composites(self) -> list[str]:
        """Names to choose from for the whole net."""
        return [*([GIVEN] if self.given else []), *COMPOSITES, *self.own]

    def composite(self, choices: Choices) -> Composite:
        """The composite that was chosen, with its parameters and the rules of single layers."""
        return self._whole(choices).with_layers({name: self._rule(rule, choices) for name, rule in choices.layers})

    def _whole(self, choices: Choices) -> Composite:
        if choices.composite == GIVEN:
            return self.given  # a reader's own objects are used as they are
        if choices.composite in self.own:
            return replace(composite_of(self.own[choices.composite]), pooling=POOLING[choices.pooling])
        base = COMPOSITES[choices.composite]
        kinds = {name: tuned(getattr(base, name), choices) for name in ("convolution", "dense", "first")}
        return replace(base, **kinds, pooling=POOLING[choices.pooling])

    def _rule(self, name: str, choices: Choices) -> Rule:
        return self.own[name] if name in self.own else tuned(RULES[name], choices)

    def controls(self, layers: list[Layer]) -> list[dict[str, Any]]:
        """Controls of the composite and of the parameters."""
        max_pool = any(layer.operation == "max_pool" for layer in layers)
        items = [
            {"name": "composite", "label": "Rules of the whole net", "kind": "choice", "options": self.composites,
             "labels": [f"{name} in all layers" if name in self.own else name for name in self.composites],
             "default": self.begin},
            {"name": "epsilon", "label": "ε of Epsilon", "kind": "range", "minimum": 1e-6, "maximum": 10, "log": True,
             "default": 1e-6},
            {"name": "gamma", "label": "γ of Gamma", "kind": "range", "minimum": 0, "maximum": 4, "step": 0.05,
             "default": 0.25},
            {"name": "alpha", "label": "α of AlphaBeta; β = α − 1", "kind": "range", "minimum": 1, "maximum": 4,
             "step": 0.25, "default": 2},
        ]  # fmt: skip
        pooling = {"name": "pooling", "label": "Max pooling", "kind": "choice", "options": list(POOLING)}
        return [*items, pooling] if max_pool else items

    def layer_controls(self, layers: list[Layer]) -> list[dict[str, Any]]:
        """One choice for each layer with weights, from input to output."""
        weighted = {layer.name: layer for layer in layers if layer.operation in WEIGHTED and layer.name}
        # ZBox needs the bounds of what comes in, which the pixels have.
        return [
            {"name": layer.name, "label": f"Rule of {layer.title}", "kind": "choice",
             "options": [AS_COMPOSITE, *(name for name in RULES if name != "ZBox" or not index), *self.own]}
            for index, layer in enumerate(weighted.values())
        ]  # fmt: skip

    def choices(self, whole: Mapping[str, Any], layers: Mapping[str, str]) -> Choices:
        """The choices in the values of both sets of controls."""
        others = tuple((name, rule) for name, rule in layers.items() if rule != AS_COMPOSITE)
        return Choices(layers=others, **{"pooling": next(iter(POOLING)), **whole})


def tuned(rule: Any, choices: Choices) -> Any:
    """A rule of LRP with the chosen parameter; LRP-0 keeps its ε of zero."""
    if isinstance(rule, Epsilon) and rule.epsilon:
        return replace(rule, epsilon=choices.epsilon)
    if isinstance(rule, Gamma):
        return replace(rule, gamma=choices.gamma)
    if isinstance(rule, AlphaBeta):
        return replace(rule, alpha=choices.alpha, beta=choices.alpha - 1)
    return rule


def line_of_rule(error: Exception) -> str:
    """Where a rule of the reader's own failed, as a second line of an error; "" for other errors."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.name == "propagate" and HOME not in Path(frame.filename).parents]
    return f"\nin propagate, line {own[-1].lineno}: {own[-1].line}" if own else ""


def _checked(own: Any) -> dict[str, Rule]:
    if own is not None and not isinstance(own, Mapping):
        raise TypeError(f"own_rules must map names to rules, as {{'mine': MyRule()}}, got {type(own).__name__}")
    for name, rule in (own or {}).items():
        if name in (*COMPOSITES, *RULES, AS_COMPOSITE, GIVEN):
            raise ValueError(f"own_rules must not use the name {name!r}, which LRP's own rules have")
        if isinstance(rule, type) or not hasattr(rule, "propagate"):
            raise TypeError(
                f"own_rules[{name!r}] must be a rule with propagate(layer, relevance), as MyRule(); got {rule!r}"
            )
    return {name: _own(name, rule) for name, rule in (own or {}).items()}


def _own(name: str, rule: Rule) -> Rule:
    """LRP's own rules need no checking, and some are known by their class."""
    return rule if type(rule).__module__.startswith(f"{HOME.name}.methods") else OwnRule(name, rule)
