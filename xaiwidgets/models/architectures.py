"""The course's networks. All take pictures in [0, 1] as the datasets give them, and return logits (N, K)."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

DIGIT_PIXELS, DIGITS, SCENES = 28 * 28, 10, 12


class Rescale(nn.Module):
    """Pictures from [0, 1] to [-1, 1]: fixed, without parameters, the first layer of every net here."""

    def forward(self, x: Tensor) -> Tensor:
        """2 x - 1."""
        return x * 2 - 1


def mlp(*widths: int) -> nn.Sequential:
    """Linear layers of these widths for 28 x 28 digits, ReLU after each, and a linear output of 10 logits."""
    layers: list[nn.Module] = [Rescale(), nn.Flatten()]
    for before, width in zip((DIGIT_PIXELS, *widths), widths, strict=False):
        layers += [nn.Linear(before, width), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(widths[-1], DIGITS))


def digits_mlp() -> nn.Sequential:
    """Three ReLU layers, trained with biases <= 0: the kind of net of the tutorial on deep Taylor decomposition.

    Source: G. Montavon, W. Samek, K.-R. Müller, "Methods for interpreting and understanding deep neural networks",
    Digital Signal Processing 73 (2018). With input in [-1, 1] and no positive bias, no evidence comes out of nothing.
    """
    return mlp(200, 100, 100)


def digits_cnn() -> nn.Sequential:
    """Three convolutions with max pooling, and two dense layers."""
    layers = [Rescale(), *_convolution(1, 16), nn.MaxPool2d(2), *_convolution(16, 32), nn.MaxPool2d(2)]
    layers += [*_convolution(32, 32), nn.Flatten(), nn.Linear(32 * 7 * 7, 64), nn.ReLU(), nn.Linear(64, DIGITS)]
    return nn.Sequential(*layers)


def scenes_cnn() -> nn.Sequential:
    """Convolutions down to 64 maps of 16 x 16, global average pooling, one dense layer: a class-activation-map net.

    Source: B. Zhou et al., "Learning deep features for discriminative localization", CVPR 2016.
    """
    layers = [Rescale(), *_convolution(3, 12), nn.MaxPool2d(2), *_convolution(12, 24), nn.MaxPool2d(2)]
    layers += [*_convolution(24, 48), *_convolution(48, 48), *_convolution(48, 64)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, SCENES))


def scenes_pair(
    *, hidden: tuple[int, ...] = (96, 96), dropout: float = 0.0, pool: Callable[[int], nn.Module] = nn.MaxPool2d
) -> nn.Sequential:
    """Three convolutions, each followed by pooling, then dense layers: one of a pair that differs in one choice.

    hidden:  widths of the dense layers before the last one
    dropout: share of its inputs that each dense layer goes without while it learns
    pool:    the pooling layer's class
    The first convolution has stride 2 and a window of 4, so that every pixel is seen equally often.
    Source: G. Montavon, W. Samek, K.-R. Müller 2018 (as above), on which networks can be explained well.
    """
    layers = [Rescale(), nn.Conv2d(3, 16, 4, stride=2, padding=1), nn.ReLU(), pool(2)]
    layers += [*_convolution(16, 24), pool(2), *_convolution(24, 32), pool(2), nn.Flatten()]
    widths = (32 * 4 * 4, *hidden, SCENES)
    for before, after in pairwise(widths):
        layers += [nn.Dropout(dropout)] * (dropout > 0) + [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def _convolution(before: int, after: int) -> list[nn.Module]:
    return [nn.Conv2d(before, after, 3, padding=1), nn.ReLU()]


class Block(nn.Module):
    """Two convolutions with batch normalization and a way around them (K. He et al., CVPR 2016)."""

    def __init__(self, before: int, after: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(after)
        self.around = nn.Identity()
        if stride != 1 or before != after:
            self.around = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x: Tensor) -> Tensor:
        """(N, before, H, W) -> (N, after, H / stride, W / stride)."""
        out = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(out)) + self.around(x))


class SceneResNet(nn.Module):
    """A small residual net for 64 x 64 pictures: 64 maps of 16 x 16, averaged, one dense layer."""

    def __init__(self) -> None:
        super().__init__()
        self.rescale = Rescale()
        self.conv = nn.Conv2d(3, 12, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(12)
        self.blocks = nn.Sequential(Block(12, 24, stride=2), Block(24, 48), Block(48, 64))
        self.dense = nn.Linear(64, SCENES)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, 64, 64) in [0, 1] -> logits (N, 12)."""
        x = F.max_pool2d(F.relu(self.norm(self.conv(self.rescale(x)))), 2)
        return self.dense(self.blocks(x).mean(dim=(2, 3)))


DEPTHS = (1, 3, 7, 15)
PAIRS: dict[str, Callable[[], nn.Module]] = {
    "base": scenes_pair,
    "dense": partial(scenes_pair, hidden=()),
    "dropout": partial(scenes_pair, dropout=0.5),
    "average": partial(scenes_pair, pool=nn.AvgPool2d),
    "bias": scenes_pair,
    "all": partial(scenes_pair, hidden=(), dropout=0.5, pool=nn.AvgPool2d),
}
PAIR_SEEDS = (0, 1, 2)
ARCHITECTURES: dict[str, Callable[[], nn.Module]] = {
    "digits-mlp": digits_mlp,
    "digits-cnn": digits_cnn,
    "scenes-cnn": scenes_cnn,
    "scenes-shortcut": scenes_cnn,
    "scenes-resnet": SceneResNet,
    **{f"digits-depth-{depth}": partial(mlp, *[100] * depth) for depth in DEPTHS},
    **{f"scenes-pair-{kind}-{seed}": build for kind, build in PAIRS.items() for seed in PAIR_SEEDS},
}
