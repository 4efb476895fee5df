"""Activation maximization: which input does a class, a neuron, a channel or a layer react to most? Its prototype.

Montavon, Samek and Müller 2018, Methods for interpreting and understanding deep neural networks, section 3. Notation:
`x` is the picture, `D` its number of values, `g(x)` what is maximised, such as `log p(c | x)` of a class `c`.
"""

from collections.abc import Iterator
from typing import Annotated

import torch
from torch import Tensor, nn

from xaiwidgets.borrow import borrow
from xaiwidgets.methods.descent import random_moves
from xaiwidgets.methods.experts import Expert
from xaiwidgets.methods.fills import Seed
from xaiwidgets.methods.inputs import check_baseline
from xaiwidgets.methods.prototype_ascent import Ascent, PrototypeFrame
from xaiwidgets.methods.prototype_objective import ObjectiveName, Penalties, borrowed_expert, gain_of
from xaiwidgets.methods.prototype_space import PARAMETRIZATIONS, Bounds, space_of
from xaiwidgets.methods.units import Unit
from xaiwidgets.parameters import Choice, Range, validated

LONGEST = 2000  # steps
STRONGEST = 10_000  # penalties are means over all values: a unit that looks at few of them needs large weights

Parametrization = Annotated[str, Choice(*PARAMETRIZATIONS, help="what the ascent changes: pixels, or waves")]
L2 = Annotated[float, Range(0, STRONGEST, help="weight of the mean square distance from grey, or of the code")]
TotalVariation = Annotated[float, Range(0, STRONGEST, help="weight of the mean difference of neighbouring pixels")]
Jitter = Annotated[int, Range(0, 8, unit="px", help="the picture is moved by up to this many pixels at each step")]
Blur = Annotated[float, Range(0, 4, unit="px", help="the picture is what the ascent changes, blurred: no finer detail")]
ExpertWeight = Annotated[float, Range(0, STRONGEST, help="weight of the expert's log-density, in nats per value")]
NearWeight = Annotated[float, Range(0, STRONGEST, help="weight of the mean square distance from the given picture")]
Diversity = Annotated[float, Range(0, STRONGEST, help="weight of the repulsion between the prototypes")]
Steps = Annotated[int, Range(1, LONGEST, log=True, help="of gradient ascent")]
Rate = Annotated[float, Range(0.001, 1, log=True, help="largest change of a value in a step")]
Every = Annotated[int, Range(1, LONGEST, help="steps from frame to frame")]


def activation_maximization(model: nn.Module, target: int | Tensor | Unit, start: Tensor, **settings: object) -> Tensor:
    """Which input makes the model react most? The pictures of the last frame of `learning_prototypes`.

    Args:
        model, target, start, settings: as for `learning_prototypes`.

    Returns:
        The prototypes, `(N, C, H, W)`.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    *_, last = learning_prototypes(model, target, start, **{"every": LONGEST, **settings})
    return last.pictures


@validated
def learning_prototypes(
    model: nn.Module,
    target: int | Tensor | Unit,
    start: Tensor,
    *,
    objective: ObjectiveName = "log-probability",
    parametrization: Parametrization = "pixels",
    decoder: nn.Module | None = None,
    l2: L2 = 0.0,
    total_variation: TotalVariation = 0.0,
    jitter: Jitter = 0,
    blur: Blur = 0.0,
    expert: Expert | None = None,
    expert_weight: ExpertWeight = 1.0,
    near: Tensor | None = None,
    near_weight: NearWeight = 10.0,
    diversity: Diversity = 0.0,
    bounds: Bounds = (0.0, 1.0),
    steps: Steps = 200,
    rate: Rate = 0.02,
    seed: Seed = 0,
    every: Every = 5,
) -> Iterator[PrototypeFrame]:
    """Which input makes the model react most? Gradient ascent, shown while it climbs.

    Maximised is, for each prototype `x_i` of the batch by itself but for the last term,

        g(x_i) - λ2 ‖x_i - m‖² / D - λtv Σ |x_i(u) - x_i(v)| / D + λe log p(x_i) / D - λn ‖x_i - x₀‖² / D
            + λd mean_{j≠i} log(‖x_i - x_j‖² / D)

    with the weights `l2`, `total_variation`, `expert_weight`, `near_weight` and `diversity`; `m` is the middle of
    `bounds` (grey; 0 without bounds), `u`, `v` are neighbours, `log p` is the expert's log-density in nats (with
    `λe = D` and `g = log p(c | x)`, the sum is `log p(x | c)` plus a constant: Bayes' rule), `x₀` the picture `near`.
    Each step is one of Adam, cut to `bounds`. In code space `x = decoder(z)`, the code `z` is changed, `λ2 ‖z‖² / D`
    and the repulsion are taken of codes of `D` numbers, and nothing is cut.

    Args:
        model: `(N, …)` -> logits `(N, K)`, or probabilities; differentiable, left as it was found.
        target: a class index, one class for each prototype `(N,)`, or a `Unit`: a channel's mean over places is
            maximised, a neuron's value, or the mean square of a whole layer (as deep dream does).
        start: where to begin: pictures `(N, C, H, W)`, signals `(N, C, L)` or tables `(N, D)`; see `start_noise` and
            `start_sample`. In code space codes `(N, D)`, or pictures, encoded by `decoder.encode`.
        objective: of a class, "log-probability" `log p(c | x)`, which also pushes the other classes down, or "logit".
        parametrization: "pixels", or "fourier": scaled coefficients of waves, see `fourier`.
        decoder: code `(N, D)` -> pictures; left as it was found. Makes the ascent one in code space (Nguyen et al.
            2016, Synthesizing the preferred inputs for neurons in neural networks via deep generator networks).
        l2, total_variation, near_weight, diversity: weights, see above. They weigh means over the whole picture: a
            neuron that looks at a tenth of it needs tenfold ones.
        jitter: the model sees the picture moved by up to so many pixels, another move at each step.
        blur: standard deviation in pixels of a Gaussian: the picture is what the ascent changes, blurred.
        expert: an object with `log_density(x)` -> `(N,)`, differentiable; left as it was found.
        expert_weight: weight of its log-density.
        near: a picture that fits `start`, for a local prototype.
        bounds: smallest and largest value of a pixel; None for no limits.
        steps, rate: of the ascent.
        seed: of the jitter; torch's own generator is not touched.
        every: steps from one frame to the next; the first frame is the start, the last the result.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    with torch.inference_mode(False), torch.no_grad():  # what autograd keeps must not be of inference mode
        model = borrow(model)
        space, values = space_of(model, start, decoder, parametrization, bounds)
        drawn = space.pictures(values[:1])
        if drawn.ndim < 3 and (total_variation or jitter or blur):
            raise ValueError("total_variation, jitter and blur must be 0 for a table: its columns are no neighbours")
        x = drawn.expand(len(values), *drawn.shape[1:])
        near = None if near is None else check_baseline(near, x, "near").clone()
        origin = 0.0 if bounds is None or decoder is not None else (bounds[0] + bounds[1]) / 2
        weights = (l2, total_variation, expert_weight, near_weight, diversity)
        penalties = Penalties(*weights, origin, borrowed_expert(expert), near)
        ascent = Ascent(model, gain_of(model, x, target, objective), penalties, space, blur)
    return ascent.frames(values, random_moves(x, jitter, steps, seed), rate, every)
