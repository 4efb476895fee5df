"""Methods that only ask, with the signature of `ATTRIBUTIONS`: each value of the input is a player, an absent one is 0.

The methods themselves take many kinds of players and of absence; here they are comparable with the others.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

import torch
from torch import Tensor, nn

from xaiwidgets.methods import ATTRIBUTIONS
from xaiwidgets.methods.black_box import BlackBox
from xaiwidgets.methods.dasp import deep_approximate_shapley
from xaiwidgets.methods.kernel_shap import kernel_shap
from xaiwidgets.methods.lime_fit import cosine_distance, fit_surrogate, kernel
from xaiwidgets.methods.lrp import lrp
from xaiwidgets.methods.occlusion import occlusion
from xaiwidgets.methods.shapley import every_coalition, exact_shapley
from xaiwidgets.methods.shapley_games import Game
from xaiwidgets.methods.shapley_sampling import permutation_shapley
from xaiwidgets.methods.slopes import sizes
from xaiwidgets.progress import chunks

Method = Callable[[nn.Module, Tensor, Tensor], Tensor]
LIME_WIDTH = 0.25
SAMPLES = 1000  # for which LIME's penalty of 1 is meant


def one_at_a_time(model: nn.Module, x: Tensor, target: Tensor | int) -> Tensor:
    """`occlusion` with a window of one value: `R_d = f(x) - f(x without d)`, for `(N, D)`."""
    return occlusion(model, x, target, window=1, stride=1)


def lime_of_values(model: nn.Module, x: Tensor, target: Tensor | int) -> Tensor:
    """LIME's weights when each value is a segment, from all `2**D` coalitions in place of a sample, for `(N, D)`.

    The penalty is as large for each coalition as `lime`'s for each of its 1,000 samples.
    """
    box = BlackBox(model, x, target)
    masks = every_coalition(x.shape[1]).to(x.device)
    scores = box.scores(len(masks), lambda row, which: x[row] * masks[which], "Asking")
    near = kernel(cosine_distance(masks), LIME_WIDTH)
    if x.shape[1] == 1:
        near = torch.ones_like(near)  # the kernel would leave one sample of two
    weights = [fit_surrogate(masks, each, near, penalty=len(masks) / SAMPLES).weights for each in scores]
    return torch.stack(weights).to(x)


def by_game(values: Callable[[Game], Tensor], model: nn.Module, x: Tensor, target: Tensor | int) -> Tensor:
    """What `values` gives for the game of each row of `x` `(N, D)`; as `table_game`, but all rows borrow one model."""
    box = BlackBox(model, x, target)

    def worth(row: int, members: Tensor) -> Tensor:
        members = members.to(x.device)
        pieces = chunks(len(members), "Asking about coalitions", **sizes(x))
        return torch.cat([box(torch.where(members[piece], x[row], 0), row) for piece in pieces])

    games = (Game.of(partial(worth, row), x.shape[1]) for row in range(len(x)))
    return torch.stack([values(game) for game in games]).to(x)


def from_orders(game: Game) -> Tensor:
    """From four orders and their reverses."""
    return permutation_shapley(game, permutations=4, seed=0).values


def from_coalitions(game: Game) -> Tensor:
    """By KernelSHAP, from 24 coalitions."""
    return kernel_shap(game, samples=24, seed=0).values


ASKING: Mapping[str, Method] = MappingProxyType(
    {
        "Occlusion": one_at_a_time,
        "LIME": lime_of_values,
        "Shapley values": partial(by_game, exact_shapley),
        "Shapley, 8 orders": partial(by_game, from_orders),
        "KernelSHAP, 24 coalitions": partial(by_game, from_coalitions),
    }
)
"""Name -> method `(model, x, target)` on tables `(N, D)` that asks for scores only."""

OTHERS = {"LRP z+": partial(lrp, rules="ZPlus"), "DASP": deep_approximate_shapley}
EVERY_METHOD: Mapping[str, Method] = MappingProxyType({**ATTRIBUTIONS, **OTHERS, **ASKING})
"""All methods of the course so far: `ATTRIBUTIONS`, LRP by the z+ rule, DASP, and `ASKING`."""
