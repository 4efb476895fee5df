"""The pass of DASP through a net: every value has a mean, and beside it a variance; notation as in `dasp`."""

from collections.abc import Callable, MutableMapping
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_unflatten
from torch.utils.weak import WeakTensorKeyDictionary

from xaiwidgets.backward import UnknownOperationError
from xaiwidgets.calls import Call
from xaiwidgets.interception import Interception
from xaiwidgets.methods.dasp_moments import RULES, Rule
from xaiwidgets.methods.deeplift_rules import own_statistics
from xaiwidgets.operations import SHAPE_ONLY, depends, name_of

NONLINEAR = frozenset({"relu", "max_pool"})
# Made like a value, but not of it.
LIKE = frozenset(
    {"zeros_like", "ones_like", "full_like", "empty_like", "new_zeros", "new_ones", "new_full", "new_empty"}
)
# Ways from a value to a number of Python's, by which a model could choose what it does.
READING = frozenset({"item", "tolist", "numpy", "__array__", "__bool__", "__float__", "__int__", "__index__", "equal"})


class Sums:
    """Collects what each player alone adds to values that are linear in the coalition: sum and sum of squares.

    The first pass is of nobody, one row; the rows of the others are some players, each alone.
    """

    def __init__(self, players: int) -> None:
        self.players = players
        self.nobody: list[Tensor] = []
        self.sums: list[list[Tensor]] = []

    def variance(self, values: Tensor, place: int) -> Tensor:
        """Zeros: one player alone is no random coalition. `place` counts where this is asked for in a pass."""
        if place == len(self.sums):
            self.nobody.append(values.clone())  # the next operation may be in place
            self.sums.append([torch.zeros_like(values[0], dtype=torch.float64)] * 2)
        else:
            added = (values - self.nobody[place]).double()
            both = added.sum(0), added.square().sum(0)
            self.sums[place] = [before + more for before, more in zip(self.sums[place], both, strict=True)]
        return torch.zeros_like(values)


class Coalitions:
    """Variances of values that are linear in the coalition, by the rules of sampling without replacement.

    Rows come in pairs, a coalition without and with its player: their difference is what that player adds, whoever the
    others are.

    Args:
        sums: of all players.
        spread: for each row `k (n - 1 - k) / (n - 2)`, `(R,)`; times the variance among the `n - 1` other players it is
            the variance of the sum of `k` of them.
    """

    def __init__(self, sums: Sums, spread: Tensor) -> None:
        self.sums, self.spread = sums, spread

    def variance(self, values: Tensor, place: int) -> Tensor:
        """Of each of `values` `(R, …)`."""
        if place >= len(self.sums.sums) or self.sums.sums[place][0].shape != values.shape[1:]:
            raise ValueError("model must run the same operations for every input; its forward depends on values")
        total, square = self.sums.sums[place]
        own, others = values.double().unflatten(0, (-1, 2)).diff(dim=1), max(self.sums.players - 1, 1)
        among = (square - own.square()) / others - ((total - own) / others).square()
        among = among.clamp(min=0).expand(-1, 2, *values.shape[1:]).flatten(0, 1)
        return (among * self.spread.view(-1, *[1] * (values.ndim - 1))).to(values)


def refusal(operation: str, layer: str) -> UnknownOperationError:
    """The error for an operation without a rule."""
    where = f"in layer {layer!r}" if layer else "in the model's own forward"
    advice = "explain the logits: leave out the softmax" if operation == "softmax" else "permutation_shapley only asks"
    return UnknownOperationError(f"DASP has no rule for the operation {operation!r}, met {where}; {advice}")


class MomentsPass(Interception):
    """Runs a model on means, and carries their variances along.

    The first dimension of the input counts coalitions. Until the first operation that is not linear, values are linear
    in who takes part; their variance is computed when it is needed, from `coalitions`.
    """

    def __init__(self, coalitions: Sums | Coalitions) -> None:
        super().__init__(RULES, refuse=refusal)
        self.coalitions, self.asked, self.rows = coalitions, 0, 0
        # Means -> their variance (None: still linear), and the version of the means then.
        self.variances: MutableMapping[Tensor, tuple[Tensor | None, int]] = WeakTensorKeyDictionary()

    def begun(self, rows: Tensor) -> Tensor:
        """The model's input."""
        self.rows = len(rows)
        return self.noted(rows, None)

    def noted(self, mean: Tensor, variance: Tensor | None) -> Tensor:
        """`mean`, known from now on to be uncertain; under `no_grad` every tensor may ask for a gradient."""
        mean.requires_grad_()
        self.variances[mean] = variance, mean._version
        return mean

    def check_known(self, mean: Tensor) -> tuple[Tensor | None, int]:
        """What is known of a mean, or an error if anything wrote to it, or made it, that could not be seen."""
        known = self.variances.get(mean)
        if known is None or known[1] != mean._version:
            raise UnknownOperationError(
                f"DASP met a value, in layer {self.layers[-1]!r}, that was made or overwritten out of its sight: "
                "as a part of another tensor, or by the model's own torch.autograd.Function"
            )
        return known

    def settled(self, mean: Tensor) -> Tensor:
        """The variance of a mean."""
        variance, version = self.check_known(mean)
        if variance is None:
            if len(mean) != self.rows:
                raise UnknownOperationError(
                    "DASP needs the batch as the first dimension up to the first ReLU or pooling"
                )
            variance = self.coalitions.variance(mean.detach(), self.asked)
            self.asked += 1
            self.variances[mean] = variance, version
        return variance

    def __torch_function__(self, function: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        with torch.no_grad():
            return super().__torch_function__(function, types, args, kwargs)

    def attach(self, call: Call, rule: Rule, inputs: list[Tensor]) -> Tensor:
        """Run `call` on means and variances."""
        call.inputs = tuple(each.detach() for each in inputs)
        if own_statistics(call):
            raise refusal(call.operation, call.layer)
        linear = all(self.check_known(each)[0] is None for each in inputs) and call.operation not in NONLINEAR
        if linear:
            mean, variance = call.run(*call.inputs), None
        else:
            mean, variance = rule(call, [(each.detach(), self.settled(each)) for each in inputs])
        return self.noted(inputs[0].copy_(mean) if call.in_place else mean, variance)

    def other(self, function: Callable, args: tuple, kwargs: dict[str, Any]) -> Any:
        """An operation that is not in the table: it may only move values."""
        name, (leaves, form) = name_of(function), tree_flatten((args, kwargs))
        uncertain = [each for each in leaves if depends(each)]
        if not uncertain or function not in SHAPE_ONLY:
            output = function(*args, **kwargs)
            tensors = any(isinstance(each, Tensor) for each in tree_flatten(output)[0])
            if uncertain and (name in READING or (tensors and name not in LIKE)):
                raise refusal(name, self.layers[-1])
            return output
        linear = all(self.check_known(each)[0] is None for each in uncertain)
        moved = leaves if linear else [self.settled(each).clone() if depends(each) else each for each in leaves]
        output = function(*args, **kwargs)
        made, _ = tree_flatten(output)
        variances = [None] * len(made) if linear else self._moved(function, leaves, moved, form)
        for each, variance in zip(made, variances, strict=True):
            self.noted(each, variance)
        return output

    @staticmethod
    def _moved(function: Callable, leaves: list, moved: list, form: Any) -> list[Tensor]:
        """Variances where `function` moves them; constants that it puts beside them have none."""
        nothing = [torch.zeros_like(new) if new is not old else new for old, new in zip(leaves, moved, strict=True)]
        results = []
        for each in (moved, nothing):
            args, kwargs = tree_unflatten(each, form)
            results.append(tree_flatten(function(*args, **kwargs))[0])
        return [with_ - without for with_, without in zip(*results, strict=True)]
