"""The rules of layer-wise relevance propagation for linear layers: how a neuron shares out its relevance.

Notation: neuron `k` with relevance `R_k` gets `a_j w_jk` from neuron `j`; `( )⁺` and `( )⁻` are positive and negative
parts; `0/0 = 0`. A rule is a frozen dataclass with one `propagate(layer, relevance)`: `R_k (shape of layer.output) ->
R_j (shape of layer.x)`. Your own is made in the same way, also in a notebook cell.

Sources: Bach et al. 2015 (https://doi.org/10.1371/journal.pone.0130140); Montavon et al. 2017 (deep Taylor,
https://arxiv.org/abs/1512.02479); Montavon et al. 2019 (https://doi.org/10.1007/978-3-030-28954-6_10), table 10.1.
"""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from xaiwidgets.methods.linear_layer import LinearLayer, divided, stabilized


class Rule(Protocol):
    """What a rule must have."""

    def propagate(self, layer: LinearLayer, relevance: Tensor) -> Tensor:
        """`R_k` -> `R_j`."""


@dataclass(frozen=True)
class Epsilon:
    """LRP-ε: `R_j = Σ_k a_j w_jk / (z_k + ε sign(z_k)) R_k`; ε = 0 is LRP-0.

    ε absorbs weak and contradictory relevance. Montavon 2019, section 10.2.1 and 10.2.2; Bach 2015, equation 58.

    Attributes:
        epsilon: ε, in the unit of `z_k`.
        bias: whether `z_k` has the bias in it, which then absorbs its share.
    """

    epsilon: float = 1e-6
    bias: bool = True

    def propagate(self, layer: LinearLayer, relevance: Tensor) -> Tensor:
        """`R_k` -> `R_j`."""
        z = layer.output if self.bias else layer.output - layer.bias_part
        s = relevance / stabilized(z, self.epsilon) if self.epsilon else divided(relevance, z)
        return layer.x * layer.backward(s, layer.weight)


LRP0 = Epsilon(0.0)


@dataclass(frozen=True)
class Gamma:
    """LRP-γ: `R_j = Σ_k a_j (w_jk + γ w_jk⁺) / Σ_j a_j (w_jk + γ w_jk⁺) R_k`; favours what speaks for the neuron.

    Montavon 2019, section 10.2.3. For inputs of both signs its general form: in neurons with `z_k > 0` the positive
    `a_j w_jk` are raised by `1 + γ`, in those with `z_k < 0` the negative ones.

    Attributes:
        gamma: γ >= 0; 0 is LRP-0, and towards infinity it becomes z⁺.
        bias: whether the sum has `b_k + γ b_k⁺` in it, which then absorbs its share. Without it the sum of a neuron
            that its bias made positive may be near zero, and its shares then large.
    """

    gamma: float = 0.25
    bias: bool = True

    def propagate(self, layer: LinearLayer, relevance: Tensor) -> Tensor:
        """`R_k` -> `R_j`."""
        # What is raised has the sign of the neuron's output.
        result = self._share(layer, relevance * (layer.output > 0), 1)
        rest = relevance * (layer.output < 0)
        return result + self._share(layer, rest, -1) if rest.any() else result

    def _share(self, layer: LinearLayer, relevance: Tensor, sign: int) -> Tensor:
        same, other = part(layer.weight, sign), part(layer.weight, -sign)
        raised = layer.weight + self.gamma * same
        if layer.x_is_positive:
            s = divided(relevance, self._sum(layer, layer.forward(layer.x, same), sign))
            return layer.x * layer.backward(s, raised)
        positive, negative = part(layer.x, 1), part(layer.x, -1)
        z = self._sum(layer, layer.forward(positive, same) + layer.forward(negative, other), sign)
        s = divided(relevance, z)
        return positive * layer.backward(s, raised) + negative * layer.backward(s, layer.weight + self.gamma * other)

    def _sum(self, layer: LinearLayer, same: Tensor, sign: int) -> Tensor:
        """The neuron's sum; `same` is the sum of its contributions of the sign that is raised."""
        z = layer.output + self.gamma * same
        if layer.bias is None:
            return z
        return z + self.gamma * part(layer.bias_part, sign) if self.bias else z - layer.bias_part


@dataclass(frozen=True)
class AlphaBeta:
    """LRP-αβ: `R_j = Σ_k (α (a_j w_jk)⁺ / Σ_j (a_j w_jk)⁺ - β (a_j w_jk)⁻ / Σ_j (a_j w_jk)⁻) R_k`, with `α - β = 1`.

    Keeps evidence for and against apart. Bach 2015, equation 60; Montavon 2018, https://arxiv.org/abs/1706.07979,
    section 5.1.

    Attributes:
        alpha, beta: weights of the positive and of the negative contributions.
        bias: whether the sums have `b_k⁺` and `b_k⁻` in them, which then absorb their share.
    """

    alpha: float = 2.0
    beta: float = 1.0
    bias: bool = False

    def __post_init__(self) -> None:
        if self.beta < 0 or abs(self.alpha - self.beta - 1) > 1e-9:
            raise ValueError(
                f"alpha and beta must satisfy alpha - beta = 1 and beta >= 0, so that relevance is conserved, "
                f"got alpha={self.alpha}, beta={self.beta}"
            )

    def propagate(self, layer: LinearLayer, relevance: Tensor) -> Tensor:
        """`R_k` -> `R_j`."""
        result = self.alpha * share_of_one_sign(layer, relevance, 1, self.bias)
        return result - self.beta * share_of_one_sign(layer, relevance, -1, self.bias) if self.beta else result


@dataclass(frozen=True)
class ZPlus:
    """LRP-z⁺: `R_j = Σ_k (a_j w_jk)⁺ / Σ_j (a_j w_jk)⁺ R_k`, the αβ-rule with α = 1, β = 0.

    The rule of deep Taylor decomposition for hidden layers. Montavon 2017, section 5.

    Attributes:
        bias: whether the sum has `b_k⁺` in it, which then absorbs its share.
    """

    bias: bool = False

    def propagate(self, layer: LinearLayer, relevance: Tensor) -> Tensor:
        """`R_k` -> `R_j`."""
        return share_of_one_sign(layer, relevance, 1, self.bias)


def share_of_one_sign(layer: LinearLayer, relevance: Tensor, sign: int, bias: bool) -> Tensor:
    """`Σ_k (a_j w_jk)^± / Σ_j (a_j w_jk)^± R_k`: relevance along the contributions of one sign, 1 or -1."""
    same, other = part(layer.weight, sign), part(layer.weight, -sign)
    absorbed = part(layer.bias, sign) if bias and layer.bias is not None else None
    if layer.x_is_positive:
        s = divided(relevance, layer.forward(layer.x, same, absorbed))
        return layer.x * layer.backward(s, same)
    positive, negative = part(layer.x, 1), part(layer.x, -1)
    s = divided(relevance, layer.forward(positive, same, absorbed) + layer.forward(negative, other))
    return positive * layer.backward(s, same) + negative * layer.backward(s, other)


def part(values: Tensor, sign: int) -> Tensor:
    """The positive (1) or negative (-1) part of each value."""
    return values.clamp(min=0) if sign > 0 else values.clamp(max=0)
