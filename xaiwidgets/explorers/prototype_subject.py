"""Whom `PrototypeExplorer` asks: a net, its pictures, and who judges how natural a picture is."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import Any

import torch
from torch import Tensor, nn

from xaiwidgets.borrow import borrow
from xaiwidgets.datasets import Dataset, load_dataset
from xaiwidgets.explorers.pictures import named_classes, on_device
from xaiwidgets.methods.experts import Expert
from xaiwidgets.methods.inputs import are_probabilities
from xaiwidgets.methods.layers import layer_shapes
from xaiwidgets.methods.prototype_objective import borrowed_expert, log_density
from xaiwidgets.methods.prototype_space import space_of
from xaiwidgets.methods.prototype_start import reactions
from xaiwidgets.methods.prototype_variants import VARIANTS
from xaiwidgets.methods.units import Unit
from xaiwidgets.models import load_decoder, load_expert, load_model

COURSE = {  # net: the pictures that it was trained on, and those that its experts know
    "scenes-cnn": ("scenes", "scenes"),
    "digits-cnn": ("digits", "digits"),
    "scenes-shortcut": ("scenes-tagged", "scenes"),
}
GALLERY = 60  # pictures to choose from
REAL = 200  # pictures that a prototype is compared with
EXPERTS = tuple(name for name, variant in VARIANTS.items() if variant.needs == "expert")
OWN = "gaussian"  # the variant whose settings are used with an expert of the reader's own
OPENING = ("none", "l2", "jitter and blur", "gaussian", "mixture", "code space")


@dataclass(frozen=True)
class Naturalness:
    """A judge, and what it says of real pictures.

    judge: its log-density is the measure
    real:  `(n,)` log-densities of real pictures in nats, increasing
    """

    judge: Expert
    real: Tensor

    def of(self, pictures: Tensor) -> Tensor:
        """Log-density `(N,)` of pictures `(N, C, H, W)`, in nats."""
        with torch.no_grad():
            return self.judge.log_density(pictures).detach().double().cpu()

    def share(self, nats: float) -> float:
        """Share of the real pictures that are less natural."""
        return float((self.real < nats).double().mean())

    @property
    def range(self) -> tuple[float, float]:
        """Between which log-densities 90 % of the real pictures lie, in nats."""
        low, high = torch.quantile(self.real, torch.tensor([0.05, 0.95]).to(self.real)).tolist()
        return low, high


@dataclass(frozen=True, eq=False)
class Subject:
    """A net and what goes with it.

    model:       classifier, `(N, C, H, W)` -> logits `(N, K)`
    data:        real pictures to start from
    class_names: one a class
    experts:     by the name of their variant, what gives the density model; asked for when it is needed
    decoder:     from codes to pictures; None: there is none
    judge:       gives who says how natural a picture is, beside real ones; None: nobody does
    net:         name of the course's net; empty: the reader's own
    """

    model: nn.Module
    data: Dataset
    class_names: tuple[str, ...]
    experts: dict[str, Callable[[], Expert]]
    decoder: nn.Module | None
    judge: Callable[[], Naturalness] | None
    net: str = ""

    @property
    def variants(self) -> list[str]:
        """Names of the variants for which everything that they need is there."""
        missing = {"expert": set(EXPERTS) - set(self.experts), "decoder": set(VARIANTS) if self.decoder is None else ()}
        return [name for name, variant in VARIANTS.items() if name not in missing.get(variant.needs, ())]

    def parts(self, variant: str) -> dict[str, Any]:
        """The expert and the decoder of a variant, where it needs one."""
        needs = VARIANTS[variant].needs
        given = {"expert": lambda: self.experts[variant](), "decoder": lambda: self.decoder}
        return {needs: given[needs]()} if needs else {}

    def label(self, variant: str) -> str:
        """What a variant is called on the page."""
        return "expert" if variant in self.experts and not self.net else variant

    @property
    def left_out(self) -> str:
        """Why some variants cannot be chosen; empty: all can."""
        missing = [] if self.experts else ["no expert: nothing that keeps to a density"]
        if self.decoder is None:
            missing.append("no decoder: no code space")
        return "; ".join(missing) + (". See the arguments." if missing else "")

    @property
    def opening(self) -> list[str]:
        """The variants that are shown first."""
        return [name for name in OPENING if name in self.variants]

    @cached_property
    def naturalness(self) -> Naturalness | None:
        """How natural a picture is; None where nobody can tell. The first time it takes a moment."""
        return None if self.judge is None else self.judge()

    @cached_property
    def layers(self) -> dict[str, tuple[str, tuple[int, ...]]]:
        """Layers with weights before the last, by a name for a person: the module's name and its output's shape."""
        shapes = layer_shapes(self.model, on_device(self.model, self.data.images[:1]))
        found: dict[str, tuple[str, tuple[int, ...]]] = {}
        weighted = [name for name in shapes if _weight(self.model, name) is not None]
        for name in weighted[:-1]:
            kind = "convolution" if _weight(self.model, name).ndim > 2 else "dense layer"
            number = sum(label.startswith(kind) for label in found) + 1
            found[f"{kind} {number}"] = (name, shapes[name])
        return found

    def filters(self, label: str) -> Tensor | None:
        """The weights `(C, c, k, k)` of a layer that reads the pixels and can be drawn as they are; else None."""
        if label != next(iter(self.layers), None):
            return None
        weight = _weight(self.model, self.layers[label][0])
        return weight.detach().cpu() if weight.ndim == 4 and weight.shape[1] in (1, 3) else None

    def unit(self, label: str | None, index: int, whole: bool) -> Unit:
        """A class (no label), or a channel of a layer: as a whole, or its neuron in the middle."""
        if label is None:
            return Unit(channel=index)
        name, shape = self.layers[label]
        return Unit(name, index, None if whole or len(shape) == 1 else tuple(length // 2 for length in shape[1:]))

    def reactions(self, unit: Unit) -> Tensor:
        """What a unit says of each real picture, `(N,)`: a log-probability, or its activation, a channel's mean."""
        if unit not in self._reactions:
            self._reactions[unit] = reactions(self.model, unit, on_device(self.model, self.data.images)).cpu()
        return self._reactions[unit]

    @cached_property
    def _reactions(self) -> dict[Unit, Tensor]:
        return {}


def beside(judge: Expert, images: Tensor) -> Naturalness:
    """A judge who has looked at real pictures `(N, C, H, W)`."""
    with torch.no_grad():
        return Naturalness(judge, log_density(judge, images).double().cpu().sort().values)


@cache
def _course_judge(name: str) -> Naturalness:
    """The judge of a data set; the pictures it is shown are not those that it was fitted to."""
    return beside(load_expert(f"{name}-judge"), load_dataset(name, "train", count=REAL).images)


def course_subject(net: str) -> Subject:
    """One of the course's nets with the pictures, experts, decoder and judge that go with it."""
    pictures, name = COURSE[net]
    data = load_dataset(pictures, count=GALLERY)
    return Subject(
        model=load_model(net),
        data=data,
        class_names=data.class_names,
        experts={kind: cache(partial(load_expert, f"{name}-{kind}")) for kind in EXPERTS},
        decoder=load_decoder(f"{name}-vae"),
        judge=partial(_course_judge, name),
        net=net,
    )


def as_probabilities(logits: Tensor) -> Tensor:
    """Class probabilities `(N, K)`, also of a model that returns such."""
    return logits if are_probabilities(logits) else logits.softmax(1)


def _weight(model: nn.Module, name: str) -> Tensor | None:
    """The weights of a layer that has a matrix or kernels of its own."""
    weight = getattr(model.get_submodule(name), "weight", None)
    return weight if isinstance(weight, Tensor) and weight.ndim > 1 else None


def own_subject(
    model: nn.Module, data: Dataset, expert: Expert | None, decoder: nn.Module | None, judge: Expert | None
) -> Subject:
    """The reader's own net and pictures; without a judge the expert says how natural a picture is."""
    names, judge = named_classes(model, data), expert if judge is None else judge
    if decoder is not None and not isinstance(getattr(decoder, "code_size", None), int):
        raise TypeError(f"decoder must say the size of its codes as `code_size` (int), got {type(decoder).__name__}")
    x = on_device(model, data.images[:1])
    for density in (each for each in (expert, judge) if each is not None):
        beside(borrowed_expert(density), x)  # an error that says what does not fit comes now, not later
    if decoder is not None:
        space_of(borrow(model), x.new_zeros(1, decoder.code_size), decoder, "pixels", None)
    return Subject(
        model=model,
        data=data[:GALLERY],
        class_names=names,
        experts={} if expert is None else {OWN: lambda: expert},
        decoder=decoder,
        judge=None if judge is None else partial(beside, judge, on_device(model, data.images[:REAL])),
    )
