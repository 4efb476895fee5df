"""The ways to a prototype that the course compares, with weights at which classes are reached with certainty."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from xaiwidgets.borrow import borrow, device_and_dtype
from xaiwidgets.methods.activation_maximization import learning_prototypes
from xaiwidgets.methods.experts import Expert
from xaiwidgets.methods.prototype_ascent import PrototypeFrame
from xaiwidgets.methods.prototype_start import start_noise
from xaiwidgets.methods.units import Unit


@dataclass(frozen=True)
class Variant:
    """One way to a prototype.

    Attributes:
        idea: what it does, in a sentence.
        settings: of `learning_prototypes`, where they differ from its defaults.
        needs: "expert" or "decoder", or "" if it needs neither.
    """

    idea: str
    settings: dict[str, Any] = field(default_factory=dict)
    needs: str = ""


VARIANTS: dict[str, Variant] = {
    "none": Variant("only the score counts"),
    "l2": Variant("pixels far from grey cost", {"l2": 3.0}),
    "total variation": Variant("differences of neighbouring pixels cost", {"total_variation": 2.0}),
    "jitter and blur": Variant("must work wherever it stands; fine detail is blurred away", {"jitter": 2, "blur": 1.0}),
    "fourier": Variant("steps change waves of all lengths alike", {"parametrization": "fourier", "rate": 0.01}),
    "gaussian": Variant("a Gaussian of the data is the expert", {"expert_weight": 1.5}, "expert"),
    "mixture": Variant("a mixture of Gaussians is the expert", {"expert_weight": 1.5}, "expert"),
    "rbm": Variant("a restricted Boltzmann machine is the expert", {"expert_weight": 2.0}, "expert"),
    "code space": Variant("only what the decoder draws", {"l2": 0.1, "rate": 0.1}, "decoder"),
}


def settings_of(variant: str, *, expert: Expert | None = None, decoder: nn.Module | None = None) -> dict[str, Any]:
    """The arguments of `learning_prototypes` for one of `VARIANTS`.

    Args:
        variant: its name.
        expert: the density of the data, for a variant that needs one; others leave it out.
        decoder: code -> picture, for the variant that needs one; others leave it out.

    Raises:
        ValueError: if there is no such variant, or it lacks its expert or decoder.
    """
    if variant not in VARIANTS:
        raise ValueError(f"variant must be one of {', '.join(map(repr, VARIANTS))}, got {variant!r}")
    chosen, parts = VARIANTS[variant], {"expert": expert, "decoder": decoder}
    if chosen.needs and parts[chosen.needs] is None:
        raise ValueError(f"{chosen.needs} must be given for the variant {variant!r}, got None")
    return chosen.settings | ({chosen.needs: parts[chosen.needs]} if chosen.needs else {})


def start_of(
    variant: str,
    shape: tuple[int, ...],
    *,
    count: int = 1,
    seed: int = 0,
    expert: Expert | None = None,
    decoder: nn.Module | None = None,
) -> Tensor:
    """Where a variant begins: noise about grey, about the expert's mean, or a random code.

    Args:
        variant, expert, decoder: as for `settings_of`.
        shape: of one picture, `(C, H, W)`.
        count: how many prototypes.
        seed: of the noise.
    """
    needs = VARIANTS[variant].needs
    if needs == "decoder":
        return start_noise((decoder.code_size,), count, seed, mean=0, deviation=0.3)
    mean = expert.mean.detach().cpu() if needs == "expert" else 0.5
    return start_noise(shape, count, seed, mean=mean)


def variant_prototypes(
    model: nn.Module,
    target: int | Tensor | Unit,
    variant: str,
    shape: tuple[int, ...],
    *,
    count: int = 1,
    seed: int = 0,
    expert: Expert | None = None,
    decoder: nn.Module | None = None,
    **changes: Any,
) -> Iterator[PrototypeFrame]:
    """`learning_prototypes` of one of `VARIANTS`, from its own start.

    Args:
        model, target: as for `learning_prototypes`; of classes `(N,)`, `count` must be N.
        variant, shape, count, seed, expert, decoder: as for `start_of`.
        changes: other settings of `learning_prototypes`.
    """
    parts = {"expert": expert, "decoder": decoder}
    settings = settings_of(variant, **parts)
    start = start_of(variant, shape, count=count, seed=seed, **parts)
    device, dtype = device_and_dtype(borrow(model)) or (start.device, start.dtype)
    return learning_prototypes(model, target, start.to(device, dtype), **{**settings, "seed": seed, **changes})


def prototype(
    model: nn.Module, target: int | Tensor | Unit, variant: str, shape: tuple[int, ...], **settings: Any
) -> PrototypeFrame:
    """The last frame of `variant_prototypes`."""
    *_, last = variant_prototypes(model, target, variant, shape, **settings)
    return last
