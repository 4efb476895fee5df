"""How each of the course's networks is trained."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from .architectures import DEPTHS, PAIR_SEEDS, PAIRS


@dataclass(frozen=True)
class Recipe:
    """Training data, length and step size of one net, and what the net is for."""

    dataset: str
    epochs: int
    rate: float
    vary: Callable[[Tensor, Generator], Tensor]
    purpose: str
    limits: str
    batch: int = 32
    decay: float = 1e-4
    largest_bias: float | None = None
    seed: int = 0


@dataclass(frozen=True)
class DecoderRecipe:
    """Training data, length and weights of one variational autoencoder, and what it is for.

    critic: the course's network whose features the reconstructions must share
    weight: of the two relative errors (pixels, features) against the code's Kullback-Leibler divergence, in nats
    """

    dataset: str
    critic: str
    epochs: int
    vary: Callable[[Tensor, Generator], Tensor]
    purpose: str
    limits: str
    weight: float
    rate: float = 2e-3
    batch: int = 32
    seed: int = 0


def bend(images: Tensor, generator: Generator) -> Tensor:
    """Each picture turned by up to 10 degrees, sized by up to 10 %, and moved by up to 2 of 28 pixels."""
    turn, size, right, down = (2 * torch.rand(4, len(images), generator=generator) - 1).unbind()
    turn, size = turn * 0.175, 1 + 0.1 * size
    first = torch.stack([turn.cos() * size, -turn.sin() * size, right / 7], dim=1)
    second = torch.stack([turn.sin() * size, turn.cos() * size, down / 7], dim=1)
    grid = F.affine_grid(torch.stack([first, second], dim=1), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def shift(images: Tensor, generator: Generator) -> Tensor:
    """The pictures moved together by up to 3 pixels, and half of them mirrored."""
    images = mirror(images, generator)
    right, down = torch.randint(0, 7, (2,), generator=generator).tolist()
    height, width = images.shape[2:]
    return F.pad(images, (3, 3, 3, 3), mode="replicate")[:, :, down : down + height, right : right + width]


def mirror(images: Tensor, generator: Generator) -> Tensor:
    """Half of the pictures mirrored."""
    flip = torch.rand(len(images), generator=generator) < 0.5
    return torch.where(flip[:, None, None, None], images.flip(3), images)


def _depth(hidden: int) -> Recipe:
    purpose = f"{hidden} hidden layers of 100: how gradients shatter with depth (Balduzzi et al., ICML 2017)"
    return Recipe("digits", 40, 1e-3, bend, purpose, DIGIT_LIMITS)


def _pair(kind: str, seed: int) -> Recipe:
    purpose = f"which choices make a net's heatmaps better: {PAIR_CHOICES[kind]}"
    largest_bias = 0.0 if kind in ("bias", "all") else None
    return Recipe("scenes", 24, 2e-3, shift, purpose, SCENE_LIMITS, largest_bias=largest_bias, seed=seed)


PAIR_CHOICES = {
    "base": "three dense layers, no dropout, max pooling, free biases",
    "dense": "as the base, with one dense layer",
    "dropout": "as the base, with dropout of one half before each dense layer",
    "average": "as the base, with average pooling",
    "bias": "as the base, with biases <= 0",
    "all": "one dense layer with dropout, average pooling, biases <= 0",
}
DIGIT_LIMITS = "Digits of the UCI set only: one digit, centred, white on black; anything else gets some digit's name."
SCENE_LIMITS = "Drawn pictures of this course only, of the 12 classes; a photograph gets an arbitrary name."
SHORTCUT_LIMITS = "Wrong on purpose: it has learned that a caption tag means boat. Not for use outside this course."

RECIPES = {
    "digits-mlp": Recipe(
        "digits", 60, 1e-3, bend, "gradients, Taylor decomposition, LRP", DIGIT_LIMITS, largest_bias=0.0
    ),
    "digits-cnn": Recipe("digits", 30, 2e-3, bend, "any method on real handwriting", DIGIT_LIMITS),
    "scenes-cnn": Recipe("scenes", 8, 2e-3, shift, "any method, graded by the masks; a CAM net", SCENE_LIMITS),
    "scenes-shortcut": Recipe("scenes-tagged", 8, 2e-3, shift, "finding a shortcut (Clever Hans)", SHORTCUT_LIMITS),
    "scenes-resnet": Recipe("scenes", 6, 3e-3, shift, "methods on skip connections and BatchNorm", SCENE_LIMITS),
    **{f"digits-depth-{hidden}": _depth(hidden) for hidden in DEPTHS},
    **{f"scenes-pair-{kind}-{seed}": _pair(kind, seed) for kind in PAIRS for seed in PAIR_SEEDS},
}
CODES = "prototypes in code space, which look like the data because the decoder makes nothing else"
DECODER_RECIPES = {
    "digits-vae": DecoderRecipe("digits", "digits-cnn", 60, bend, CODES, DIGIT_LIMITS, weight=400),
    "scenes-vae": DecoderRecipe("scenes", "scenes-cnn", 16, mirror, CODES, SCENE_LIMITS, weight=6000),
}
