"""Decoders: from a code of a few numbers to a picture, each the half of a variational autoencoder."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from .architectures import DIGIT_PIXELS, Rescale
from .device import choose_device
from .load import CheckpointError, read_tensors, trouble


class VariationalAutoencoder(nn.Module):
    """From pictures to codes and back, trained so that codes z of pictures follow N(0, I).

    forward(code) decodes: (N, D) -> pictures (N, C, H, W) in [0, 1], D = code_size. encode(x) goes back: the mean of
    q(z | x), (N, D). The variance of q(z | x) is needed while training only.
    Source: D. P. Kingma, M. Welling, "Auto-encoding variational Bayes", ICLR 2014.
    """

    def __init__(self, features: nn.Module, width: int, decoder: nn.Module, code_size: int) -> None:
        super().__init__()
        self.features, self.mean, self.decoder = features, nn.Linear(width, code_size), decoder
        self.code_size = code_size

    def forward(self, code: Tensor) -> Tensor:
        """Pictures (N, C, H, W) in [0, 1] of codes (N, D)."""
        if code.ndim != 2 or code.shape[1] != self.code_size:
            raise ValueError(f"code must be (N, {self.code_size}), got {tuple(code.shape)}")
        return self.decoder(code)

    def encode(self, x: Tensor) -> Tensor:
        """The code (N, D) of pictures (N, C, H, W) in [0, 1]."""
        return self.mean(self.features(x))


def digits_vae() -> VariationalAutoencoder:
    """Dense layers: 28 x 28 pictures, codes of 16 numbers."""
    size, width = 16, 200
    features = nn.Sequential(Rescale(), nn.Flatten(), nn.Linear(DIGIT_PIXELS, width), nn.ReLU())
    layers = [nn.Linear(size, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, DIGIT_PIXELS)]
    decoder = nn.Sequential(*layers, nn.Sigmoid(), nn.Unflatten(1, (1, 28, 28)))
    return VariationalAutoencoder(features, width, decoder, size)


def scenes_vae() -> VariationalAutoencoder:
    """Strided convolutions down to 4 x 4 places and back up: 64 x 64 pictures, codes of 64 numbers."""
    size, top = 64, 128
    features = [Rescale(), *_down(3, 24), *_down(24, 40), *_down(40, 64), *_down(64, top), nn.Flatten()]
    decoder = [nn.Linear(size, top * 16), nn.Unflatten(1, (top, 4, 4)), nn.BatchNorm2d(top), nn.ReLU()]
    decoder += [*_up(top, 80), *_up(80, 48), *_up(48, 32)]
    decoder += [nn.ConvTranspose2d(32, 3, 4, stride=2, padding=1), nn.Sigmoid()]
    return VariationalAutoencoder(nn.Sequential(*features), top * 16, nn.Sequential(*decoder), size)


def _down(before: int, after: int) -> list[nn.Module]:
    return [nn.Conv2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]


def _up(before: int, after: int) -> list[nn.Module]:
    return [nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]


DECODERS: dict[str, Callable[[], VariationalAutoencoder]] = {"digits-vae": digits_vae, "scenes-vae": scenes_vae}


def load_decoder(name: str, device: str | torch.device = "cpu") -> VariationalAutoencoder:
    """A trained decoder by name, in eval mode: codes (N, code_size), typically from N(0, I), to pictures in [0, 1].

    digits-vae  28 x 28 digits, (N, 1, 28, 28)
    scenes-vae  64 x 64 scenes, (N, 3, 64, 64)
    Raises ValueError for an unknown name or an absent device, CheckpointError for a missing or damaged file.
    """
    if name not in DECODERS:
        raise ValueError(f"no decoder is called {name!r}; known are {', '.join(DECODERS)}")
    place = choose_device(device)
    model = DECODERS[name]()
    try:
        model.load_state_dict(read_tensors(name))  # stored as float16, copied into float32
    except RuntimeError as error:
        if isinstance(error, CheckpointError):
            raise
        raise trouble(name, f"does not hold the tensors of this decoder: {error}") from error
    return model.eval().to(place)
