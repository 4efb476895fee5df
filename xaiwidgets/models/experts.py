"""The course's experts: densities of its pictures, and how each is fitted."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from .device import choose_device
from .gaussian_expert import GaussianExpert
from .load import read_tensors, trouble
from .mixture_expert import MixtureExpert
from .patch_expert import PatchExpert
from .rbm_expert import RBMExpert
from .recipes import DIGIT_LIMITS, SCENE_LIMITS

AnyExpert = GaussianExpert | MixtureExpert | PatchExpert | RBMExpert
NOISE = 0.1  # deviation of the noise through which Gaussians and mixtures see their pictures


@dataclass(frozen=True)
class ExpertRecipe:
    """The pictures of one expert, its kind and the settings of its `fit`."""

    dataset: str
    split: str
    kind: type[AnyExpert]
    settings: dict[str, float]
    purpose: str
    limits: str
    seed: int = 0

    @property
    def fit(self) -> Callable[[Tensor], AnyExpert]:
        """From pictures (N, C, H, W) to the expert."""
        drawn = {} if self.kind is GaussianExpert else {"seed": self.seed}
        return partial(self.kind.fit, **self.settings, **drawn)


def _gaussian(dataset: str, limits: str, axes: int) -> ExpertRecipe:
    settings = {"axes": axes, "noise": NOISE}
    return ExpertRecipe(dataset, "train", GaussianExpert, settings, "prototypes with an expert", limits)


def _mixture(dataset: str, limits: str, axes: int) -> ExpertRecipe:
    settings = {"components": 20, "axes": axes, "noise": NOISE}
    return ExpertRecipe(dataset, "train", MixtureExpert, settings, "prototypes with an expert", limits)


def _rbm(dataset: str, limits: str, hidden: int, epochs: int, rate: float) -> ExpertRecipe:
    settings = {"hidden": hidden, "deviation": 0.2, "epochs": epochs, "rate": rate}
    return ExpertRecipe(dataset, "train", RBMExpert, settings, "prototypes with an expert", limits)


def _judge(dataset: str, limits: str, kind: type[AnyExpert], **settings: float) -> ExpertRecipe:
    purpose = "how natural a prototype is, by a density of other pictures than the experts', which nothing is raised on"
    return ExpertRecipe(dataset, "test", kind, settings, purpose, limits, seed=1)


SMOOTH = " Smooth pictures, an even grey too, get a higher density than detailed ones: compare like with like."
EXPERT_RECIPES = {
    "digits-gaussian": _gaussian("digits", DIGIT_LIMITS + SMOOTH, 64),
    "digits-mixture": _mixture("digits", DIGIT_LIMITS + SMOOTH, 30),
    "digits-rbm": _rbm("digits", DIGIT_LIMITS, 64, 30, 3e-3),
    "digits-judge": _judge("digits", DIGIT_LIMITS + SMOOTH, MixtureExpert, components=10, axes=30, noise=NOISE),
    "scenes-gaussian": _gaussian("scenes", SCENE_LIMITS + SMOOTH, 36),
    "scenes-mixture": _mixture("scenes", SCENE_LIMITS + SMOOTH, 32),
    "scenes-rbm": _rbm("scenes", SCENE_LIMITS + SMOOTH, 32, 15, 6e-4),
    "scenes-judge": _judge(
        "scenes", SCENE_LIMITS + SMOOTH, PatchExpert, side=8, patches=20_000, components=20, axes=60, noise=0.02
    ),
}
EXPERTS = tuple(EXPERT_RECIPES)


def load_expert(name: str, device: str | torch.device = "cpu") -> AnyExpert:
    """A fitted density of pictures by name: log_density(x) in nats, mean.

    digits-gaussian, scenes-gaussian  one Gaussian
    digits-mixture, scenes-mixture    a mixture of 20 Gaussians
    digits-rbm, scenes-rbm            a Gaussian restricted Boltzmann machine, not normalised
    digits-judge                      a mixture fitted to the test pictures, which no other expert has seen
    scenes-judge                      the same of their patches of 8 x 8 pixels, which tell drawings from noise
    Raises ValueError for an unknown name or an absent device, CheckpointError for a missing or damaged file.
    """
    if name not in EXPERT_RECIPES:
        raise ValueError(f"no expert is called {name!r}; known are {', '.join(EXPERTS)}")
    place = choose_device(device)
    tensors = {key: value.float() for key, value in read_tensors(name).items()}  # partly stored as float16
    try:
        return EXPERT_RECIPES[name].kind(**tensors).eval().to(place)
    except TypeError as error:
        raise trouble(name, f"does not hold the tensors of this expert: {error}") from error
