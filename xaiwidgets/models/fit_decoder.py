"""One training run of a variational autoencoder: from a seed to a decoder."""

import copy
import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Generator, Tensor, nn

from .decoders import VariationalAutoencoder
from .recipes import DecoderRecipe


def fit_decoder(
    build: Callable[[], VariationalAutoencoder],
    images: Tensor,
    critic: nn.Sequential,
    recipe: DecoderRecipe,
    seed: int,
    *,
    steps: int | None = None,
    report: Callable[[str], None] = lambda text: None,
) -> VariationalAutoencoder:
    """An autoencoder trained by the recipe on images (N, C, H, W), in eval mode; `steps` ends it early.

    The loss of a picture is weight (pixels + features) + KL(q(z | x) || N(0, I)). Each error is a squared distance
    over the variance of what it compares; features are the outputs of the critic's ReLUs over a picture's places, as
    in A. Dosovitskiy, T. Brox, "Generating images with perceptual similarity metrics based on deep networks",
    NeurIPS 2016, here without an adversary. Adam on a cosine from recipe.rate to 0.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = build().train().to(memory_format=torch.channels_last)
        log_variance = nn.Linear(model.mean.in_features, model.code_size)
    critic = copy.deepcopy(critic).to(memory_format=torch.channels_last).requires_grad_(False)
    heads = _Heads(model, log_variance, critic)
    _train(heads, images, recipe, Generator().manual_seed(seed), steps, report)
    model = model.eval().to(memory_format=torch.contiguous_format)
    _standardise(model, log_variance, images)
    return model


class _Heads(NamedTuple):
    """What takes part in training: the autoencoder, the head of its code's variance, and the critic."""

    model: VariationalAutoencoder
    log_variance: nn.Linear
    critic: nn.Sequential


def _train(
    heads: _Heads,
    images: Tensor,
    recipe: DecoderRecipe,
    generator: Generator,
    steps: int | None,
    report: Callable[[str], None],
) -> None:
    parameters = [*heads.model.parameters(), *heads.log_variance.parameters()]
    optimizer, weights = torch.optim.Adam(parameters, recipe.rate), torch.tensor([recipe.weight, recipe.weight, 1.0])
    an_epoch, done = len(images) // recipe.batch, 0
    for epoch in range(recipe.epochs):
        losses, order = [], torch.randperm(len(images), generator=generator)
        for chosen in order[: an_epoch * recipe.batch].split(recipe.batch):
            if done == steps:
                return
            optimizer.param_groups[0]["lr"] = recipe.rate * _share(done, recipe.epochs * an_epoch)
            x = recipe.vary(images[chosen], generator).contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", torch.bfloat16):  # a fifth faster
                errors = torch.stack(_losses(heads, x, generator))
            optimizer.zero_grad()
            (errors @ weights).backward()
            optimizer.step()
            losses.append(errors.detach())
            done += 1
        pixels, features, divergence = torch.stack(losses).mean(dim=0).tolist()
        told = f"pixels {pixels:.4f}, features {features:.4f}, divergence {divergence:.1f} nats"
        report(f"epoch {epoch + 1:>3} of {recipe.epochs}: {told}")


@torch.no_grad()
def _standardise(model: VariationalAutoencoder, log_variance: nn.Linear, images: Tensor) -> None:
    """Turn the codes so that those of the images have mean 0 and covariance I exactly; pictures stay as they are.

    z' = L⁻¹ (z − m), with m and L Lᵀ the mean and covariance of all q(z | x) together, goes into the encoder's last
    layer, and its inverse into the decoder's first one.
    """
    features = torch.cat([model.features(part) for part in images.split(200)])
    codes, first = model.mean(features), model.decoder[0]
    centre = codes.mean(dim=0)
    covariance = (codes - centre).T @ (codes - centre) / len(codes) + log_variance(features).exp().mean(dim=0).diag()
    factor = torch.linalg.cholesky(covariance)
    model.mean.weight.copy_(torch.linalg.solve_triangular(factor, model.mean.weight, upper=False))
    model.mean.bias.copy_(torch.linalg.solve_triangular(factor, (model.mean.bias - centre)[:, None], upper=False)[:, 0])
    first.bias.add_(first.weight @ centre)
    first.weight.copy_(first.weight @ factor)


def _losses(heads: _Heads, x: Tensor, generator: Generator) -> tuple[Tensor, Tensor, Tensor]:
    """The relative error of the pixels, that of the features, and the divergence of the code in nats."""
    model, log_variance, critic = heads
    features = model.features(x)
    mean, spread = model.mean(features).float(), log_variance(features).float()
    noise = torch.randn(mean.shape, generator=generator)
    again = model(mean + noise * (spread / 2).exp())
    divergence = (mean.square() + spread.exp() - 1 - spread).sum(dim=1).mean() / 2
    with torch.no_grad():
        wanted = list(_features(critic, x))
    errors = [_relative(found, right) for found, right in zip(_features(critic, again), wanted, strict=True)]
    return _relative(again, x), torch.stack(errors).mean(), divergence


def _features(critic: nn.Sequential, x: Tensor) -> Iterator[Tensor]:
    """What the ReLUs of the critic put out while there are places (N, C, H, W)."""
    for layer in critic:
        x = layer(x)
        if x.ndim != 4:
            return
        if isinstance(layer, nn.ReLU):
            yield x


def _relative(found: Tensor, right: Tensor) -> Tensor:
    return (found.float() - right.float()).square().mean() / right.float().var()


def _share(step: int, total: int) -> float:
    return min(1.0, (step + 1) / 100) * (1 + math.cos(math.pi * step / total)) / 2
