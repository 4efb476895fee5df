"""Where activation maximization begins, and the filters that need none."""

import torch
from torch import Tensor, nn

from xaiwidgets.borrow import borrow
from xaiwidgets.methods.layers import inner
from xaiwidgets.methods.prototype_objective import ObjectiveName, gain_of
from xaiwidgets.methods.prototype_space import checked_as
from xaiwidgets.methods.units import Unit
from xaiwidgets.parameters import validated
from xaiwidgets.progress import chunks

AT_ONCE = 2**22  # input values in one forward pass


def start_noise(
    shape: tuple[int, ...], count: int = 1, seed: int = 0, *, mean: float | Tensor = 0.5, deviation: float = 0.01
) -> Tensor:
    """Gaussian noise to begin with, `(count, *shape)`, float32; of codes with `mean=0, deviation=1`.

    The noise of one seed begins with the same prototypes for every `count`; torch's own generator is not touched.

    Args:
        shape: of one picture, `(C, H, W)`, or of one code, `(D,)`.
        count: how many.
        seed: of the noise.
        mean: a number, or a picture such as an expert's mean.
        deviation: standard deviation of the noise.
    """
    if count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    generator = torch.Generator().manual_seed(int(seed))
    return mean + deviation * torch.randn(count, *shape, generator=generator)


def start_sample(
    model: nn.Module, target: int | Unit, data: Tensor, *, count: int = 1, objective: str = "log-probability"
) -> Tensor:
    """The pictures of a data set to which the model reacts most, best first, `(count, …)`; see `reactions`."""
    found = reactions(model, target, data, objective=objective)
    if not 1 <= count <= len(data):
        raise ValueError(f"count must be from 1 to the number of pictures, {len(data)}, got {count}")
    return data[found.argsort(descending=True, stable=True)[:count]].detach().clone()


@validated
def reactions(
    model: nn.Module, target: int | Unit, data: Tensor, *, objective: ObjectiveName = "log-probability"
) -> Tensor:
    """How much does the model react to each picture of a data set? `g(x)` of `learning_prototypes`, `(N,)`.

    Of a class that is its log-probability: a picture with a large logit may have a larger one for another class.

    Args:
        model: classifier, `(N, …)` -> logits `(N, K)`; left as it was found.
        target: a class or a unit.
        data: pictures `(N, …)`.
        objective: of a class, "log-probability" or "logit"; a model of one logit has no probability.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    model = borrow(model)
    data = checked_as("data", model, data)
    gain, most = gain_of(model, data, target, objective), max(1, AT_ONCE // data[0].numel())
    with torch.inference_mode(False), torch.no_grad():
        return torch.cat([gain.of(model, data[some], some).gain for some in chunks(len(data), "Looking", largest=most)])


def first_layer_filters(model: nn.Module) -> Tensor:
    """The filters of the first convolution, as they are: `(C_out, C_in, k, k)`, or `(C_out, C_in, k)` of signals.

    They act on pixels, so each is a picture of what its unit looks for; no ascent is needed.

    Raises:
        ValueError: if the model has no convolution.
    """
    for module in inner(borrow(model)).modules():
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d):
            return module.weight.detach().clone()
    raise ValueError(f"model must have a convolution to show filters of, got {type(model).__name__} without one")
