"""Which LRP rule goes where: composites, and those with a name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from types import MappingProxyType
from typing import Any, Protocol

from torch import Tensor

from xaiwidgets.backward import Call
from xaiwidgets.methods.lrp_input_rules import Flat, WSquare, ZBox
from xaiwidgets.methods.lrp_other_rules import WinnerTakesAll
from xaiwidgets.methods.lrp_rules import LRP0, AlphaBeta, Epsilon, Gamma, Rule, ZPlus

WINNER_TAKES_ALL = WinnerTakesAll()


class PoolingRule(Protocol):
    """What a rule for max pooling must have."""

    def propagate(self, call: Call, relevance: Tensor) -> Tensor:
        """`R_k` -> `R_j`."""


@dataclass(frozen=True)
class Composite:
    """A rule for each kind and place of layer. The most particular one holds: by name, first, by kind.

    Attributes:
        convolution: rule of convolutions.
        dense: rule of dense layers.
        first: rule of the layer, or layers, that see the model's input; None: that of its kind.
        pooling: rule of max pooling.
        layers: rule by module name; the name of a container holds for all inside it.
        operations: rule `(call, R at the output) -> (R at each input,)` by the name of an operation that LRP does not
            know, "layer_norm".
    """

    convolution: Rule
    dense: Rule
    first: Rule | None = None
    pooling: PoolingRule = WINNER_TAKES_ALL
    layers: Mapping[str, Rule] = field(default_factory=dict)
    operations: Mapping[str, Callable[[Call, Tensor], tuple[Tensor, ...]]] = field(default_factory=dict)

    def with_layers(self, layers: Mapping[str, Rule]) -> "Composite":
        """This composite, with other rules for the layers of these names."""
        return replace(self, layers={**self.layers, **layers})

    def without_bias(self) -> "Composite":
        """This composite, with every rule's bias left out, so that no bias absorbs relevance.

        z⁺ and αβ then conserve exactly. LRP-0, ε and γ divide by `z_k - b_k`, which may be near zero: the shares are
        then large, of both signs, and useless to look at.
        """
        kinds = {name: _without_bias(getattr(self, name)) for name in ("convolution", "dense", "first")}
        return replace(self, **kinds, layers={name: _without_bias(rule) for name, rule in self.layers.items()})

    def name_for(self, call: Call) -> str | None:
        """The name by which `layers` has a rule for a call: its own, or the nearest container's."""
        for name in sorted(self.layers, key=len, reverse=True):
            if call.layer == name or call.layer.startswith(f"{name}."):
                return name
        return None

    def rule_of(self, call: Call, is_first: bool) -> Rule:
        """The rule of a linear layer."""
        if (name := self.name_for(call)) is not None:
            return self.layers[name]
        if is_first and self.first is not None:
            return self.first
        return self.convolution if call.operation == "convolution" else self.dense


def _without_bias(rule: Any) -> Any:
    has_bias = is_dataclass(rule) and any(each.name == "bias" for each in fields(rule))
    return replace(rule, bias=False) if has_bias else rule


COMPOSITES: Mapping[str, Composite] = MappingProxyType(
    {
        "LRP-0": Composite(LRP0, LRP0),
        "Epsilon": Composite(Epsilon(), Epsilon()),
        "Gamma": Composite(Gamma(), Gamma()),
        "AlphaBeta": Composite(AlphaBeta(), AlphaBeta()),
        "ZPlus": Composite(ZPlus(), ZPlus()),
        "EpsilonPlus": Composite(ZPlus(), Epsilon()),
        "EpsilonPlusFlat": Composite(ZPlus(), Epsilon(), first=Flat()),
        "EpsilonGammaBox": Composite(Gamma(), Epsilon(), first=ZBox()),
        "EpsilonAlpha2Beta1": Composite(AlphaBeta(2, 1), Epsilon()),
        "EpsilonAlpha2Beta1Flat": Composite(AlphaBeta(2, 1), Epsilon(), first=Flat()),
        "DeepTaylor": Composite(ZPlus(), ZPlus(), first=ZBox()),
        "DeepTaylorReals": Composite(ZPlus(), ZPlus(), first=WSquare()),
    }
)
"""Name -> composite. EpsilonPlus … Flat as in the literature (Kohlbrenner et al. 2020, https://arxiv.org/abs/1910.09840;
Montavon 2019, section 10.3); DeepTaylor for pixels with bounds, DeepTaylorReals for inputs without (Montavon 2017)."""


def composite_of(rules: Any) -> Composite:
    """What `rules` stands for: the name of a composite, a composite, or one rule for all layers.

    Raises:
        ValueError: for an unknown name, with the known ones.
        TypeError: for anything else that has no `propagate`.
    """
    if isinstance(rules, Composite):
        return rules
    if isinstance(rules, str):
        if rules not in COMPOSITES:
            raise ValueError(f"rules has no composite {rules!r}; known composites: {', '.join(COMPOSITES)}")
        return COMPOSITES[rules]
    if isinstance(rules, type) or not hasattr(rules, "propagate"):
        raise TypeError(
            "rules must be the name of a composite, a Composite, or a rule with propagate(layer, relevance); "
            f"got {rules!r}"
        )
    return Composite(rules, rules)
