"""Randomization: an explanation of a network should change when the network forgets what it has learned.

Adebayo et al. 2018, Sanity checks for saliency maps, https://arxiv.org/abs/1810.03292, section 3.1: the weights are
replaced by noise layer by layer, from the output down ("cascading"), and each map is compared with the trained net's.
"""

import copy
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from xaiwidgets.borrow import borrow
from xaiwidgets.evaluation.similarity import rank_correlation
from xaiwidgets.methods.inputs import check_x, class_scores
from xaiwidgets.progress import track


class RandomizationCurve(NamedTuple):
    """How alike the maps of the trained and of the randomised net are.

    layers:     names of the n layers, from the output down
    similarity: `(n + 1, N)`, for each number of randomised layers, 0 first, and each input
    """

    layers: list[str]
    similarity: Tensor


def weighted_layers(model: nn.Module, x: Tensor) -> list[str]:
    """Names of the modules that have parameters of their own, from the output down.

    BatchNorm counts as a layer. The order is that of running for the inputs `x`, `(N, …)`, reversed; a module whose
    parameters are used without calling it stands where the module around it does.
    """
    model = borrow(model)
    x = check_x(model, x)
    names = {module: name for name, module in model.model.named_modules()}
    started: dict[str, int] = {}

    def note(module: nn.Module, _inputs: object) -> None:
        started.setdefault(names[module], len(started))

    handles = [module.register_forward_pre_hook(note) for module in names]
    try:
        with torch.no_grad():
            class_scores(model, x.clone())
    finally:
        for handle in handles:
            handle.remove()
    own = [name for module, name in names.items() if any(True for _ in module.parameters(recurse=False))]
    return sorted(own, key=lambda name: _place(name, started), reverse=True)


def _place(name: str, started: dict[str, int]) -> int:
    """When a module, or the nearest one around it that was called, began to run."""
    while name and name not in started:
        name = name.rpartition(".")[0]
    return started.get(name, -1)


def randomized(model: nn.Module, x: Tensor, depth: int, *, seed: int = 0) -> nn.Module:
    """A copy of `model` whose top `depth` weighted layers have forgotten what they learned.

    Each parameter of these layers becomes normal noise with mean 0 and the root mean square of the trained one, so that
    scores and gradients keep their order of magnitude; running statistics of BatchNorm stay. The noise of a layer
    depends on the seed and on the layers above it, not on `depth`. All other weights are shared with `model`.

    Args:
        model: any module; left as it was found.
        x: inputs, `(N, …)`, to see in which order the layers run.
        depth: how many layers, 0 (none) to `len(weighted_layers(model, x))` (all).
        seed: of the noise.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    return _copy(borrow(model), weighted_layers(model, x), depth, seed)


def cascade(model: nn.Module, x: Tensor, *, seed: int = 0) -> Iterator[nn.Module]:
    """`randomized` copies with 0, 1, … all weighted layers as noise, one after the other."""
    model, layers = borrow(model), weighted_layers(model, x)
    for depth in range(len(layers) + 1):
        yield _copy(model, layers, depth, seed)


def _copy(model: nn.Module, layers: list[str], depth: int, seed: int) -> nn.Module:
    if isinstance(depth, bool) or not isinstance(depth, int) or not 0 <= depth <= len(layers):
        raise ValueError(f"depth must be an integer from 0 to {len(layers)}, the number of layers, got {depth!r}")
    generator = torch.Generator().manual_seed(seed)
    # What stands in the memo is not copied: the weights of the borrowed model are shared, the noise is put in.
    memo = {id(weight): _parameter(weight) for weight in model.parameters()}
    noise: dict[int, nn.Parameter] = {}
    for name in layers[:depth]:
        for weight in model.model.get_submodule(name).parameters(recurse=False):
            if id(weight) not in noise:  # else it is shared with a layer above
                noise[id(weight)] = _parameter(_noise_like(weight, generator))
    return copy.deepcopy(model.model, memo | noise)


def _parameter(weight: Tensor) -> nn.Parameter:
    return nn.Parameter(weight, requires_grad=False)


def _noise_like(weight: Tensor, generator: torch.Generator) -> Tensor:
    if not weight.is_floating_point():
        return weight
    noise = torch.randn(weight.shape, generator=generator, dtype=torch.float64)
    return (noise * weight.double().square().mean().sqrt().cpu()).to(weight)


def randomization_curve(
    method: Callable[[nn.Module, Tensor, Tensor | int], Tensor],
    model: nn.Module,
    x: Tensor,
    target: Tensor | int,
    *,
    similarity: Callable[[Tensor, Tensor], Tensor] = rank_correlation,
    seed: int = 0,
) -> RandomizationCurve:
    """How fast does an explanation forget, when the net forgets from the output down?

    Args:
        method: explanation, `(model, x, target)` -> `(N, …)`.
        model, x, target: what is explained, as for the method; the target stays the same for every copy.
        similarity: of two batches of maps -> `(N,)`.
        seed: of the noise, see `randomized`.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    layers = weighted_layers(model, x)
    copies = track(cascade(model, x, seed=seed), "Randomizing layers", len(layers) + 1)
    maps = [method(each, x, target) for each in copies]
    return RandomizationCurve(layers, torch.stack([similarity(maps[0], each) for each in maps]))
