"""One training run: from a seed to a net, the same on every run with the same number of threads."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..datasets import Dataset
from .recipes import Recipe


def fit(
    build: Callable[[], nn.Module],
    dataset: Dataset,
    recipe: Recipe,
    seed: int,
    *,
    steps: int | None = None,
    report: Callable[[str], None] = lambda text: None,
) -> nn.Module:
    """A net trained by the recipe on the dataset, in eval mode; `steps` ends it early.

    Adam with decoupled weight decay on a cosine from recipe.rate to 0, after a short warm-up.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # for the first weights and for dropout
        model = build().train().to(memory_format=torch.channels_last)  # a third faster on CPUs
        model.apply(_initialise)
        _train(model, dataset, recipe, torch.Generator().manual_seed(seed), steps, report)
    return model.eval().to(memory_format=torch.contiguous_format)


def _train(
    model: nn.Module,
    dataset: Dataset,
    recipe: Recipe,
    generator: torch.Generator,
    steps: int | None,
    report: Callable[[str], None],
) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), recipe.rate, weight_decay=recipe.decay)
    an_epoch = len(dataset) // recipe.batch
    total, done = recipe.epochs * an_epoch, 0
    for epoch in range(recipe.epochs):
        losses, order = [], torch.randperm(len(dataset), generator=generator)
        for chosen in order[: an_epoch * recipe.batch].split(recipe.batch):
            if done == steps:
                return
            optimizer.param_groups[0]["lr"] = recipe.rate * _share(done, total)
            losses.append(_step(model, optimizer, recipe, dataset.images[chosen], dataset.labels[chosen], generator))
            done += 1
        report(f"epoch {epoch + 1:>3} of {recipe.epochs}: loss {sum(losses) / len(losses):.4f}")


def _step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    recipe: Recipe,
    images: Tensor,
    labels: Tensor,
    generator: torch.Generator,
) -> float:
    images = recipe.vary(images, generator).contiguous(memory_format=torch.channels_last)
    loss = F.cross_entropy(model(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if recipe.largest_bias is not None:
        limit_biases(model, recipe.largest_bias)
    return loss.item()


def _initialise(layer: nn.Module) -> None:
    """Weights that keep the signal's size from ReLU layer to ReLU layer (K. He et al., ICCV 2015), biases 0."""
    if isinstance(layer, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def limit_biases(model: nn.Module, largest: float) -> None:
    """Cut every bias of the model to at most `largest`, in place."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.clamp_(max=largest)


def _share(step: int, total: int) -> float:
    warm = min(1.0, (step + 1) / max(1, total // 20))
    return warm * (1 + math.cos(math.pi * step / total)) / 2
