"""Train one of the course's decoders, measure it, and write its checkpoint and card."""

import inspect
import time
from pathlib import Path

import torch
from torch import Generator, Tensor, nn

from ..datasets import Dataset, load_dataset
from .checkpoint import write_checkpoint
from .decoders import DECODERS, VariationalAutoencoder
from .fit_decoder import fit_decoder
from .load import load_model
from .recipes import DECODER_RECIPES


def train_decoder(name: str, folder: Path, seed: int | None = None) -> VariationalAutoencoder:
    """Train one decoder, from its recipe's seed or another, and write NAME.safetensors and its card NAME.md."""
    recipe = DECODER_RECIPES[name]
    seed = recipe.seed if seed is None else seed
    dataset, critic, begin = load_dataset(recipe.dataset, "train"), load_model(recipe.critic), time.perf_counter()
    told = {"report": lambda text: print(f"{name}: {text}", flush=True)}
    model = fit_decoder(DECODERS[name], dataset.images, critic, recipe, seed, **told)
    seconds = time.perf_counter() - begin
    tensors = {key: value.half() if value.is_floating_point() else value for key, value in model.state_dict().items()}
    model.load_state_dict(tensors)  # measured as it will be loaded
    test = load_dataset(recipe.dataset, "test")
    facts = {
        "data": f'load_dataset("{recipe.dataset}"), {len(dataset):,} to train, {len(test):,} to test',
        "varied while training": inspect.getdoc(recipe.vary) or "",
        "parameters": f"{sum(parameter.numel() for parameter in model.parameters()):,}, stored in float16",
        "training": f"Adam, {recipe.epochs} epochs of batches of {recipe.batch}, features of {recipe.critic}",
        "step size, weight of the errors": f"{recipe.rate:g}, {recipe.weight:g}",
        "seed": str(seed),
        "code size": str(model.code_size),
        **reconstruction_numbers(model, critic, test),
        **sample_numbers(model, critic, 500),
    }
    use = f'Load it with `xaiwidgets.models.load_decoder("{name}")`; it takes codes (N, {model.code_size}), N(0, I).'
    texts = {"architecture": str(model), "purpose": recipe.purpose, "limits": recipe.limits, "use": use}
    write_checkpoint(folder, name, tensors, facts, seconds, **texts)
    return model


@torch.no_grad()
def reconstruction_numbers(model: VariationalAutoencoder, net: nn.Module, test: Dataset) -> dict[str, str]:
    """How well pictures come back out of their codes, and what the course's net makes of them."""
    codes = torch.cat([model.encode(part) for part in test.images.split(100)])
    again = _decoded(model, codes)
    found = torch.cat([net(part).argmax(dim=1) for part in again.split(100)])
    error = (again - test.images).square().mean()
    return {
        "pixel error of test pictures": f"{error.sqrt():.3f} (root mean square)",
        "explained variance of their pixels": f"{1 - error / test.images.var():.1%}",
        "accuracy of the net on them, decoded": f"{(found == test.labels).float().mean():.1%}",
        "codes of test pictures": f"mean square {codes.square().mean():.2f} a number (1 for N(0, I))",
    }


@torch.no_grad()
def sample_numbers(model: VariationalAutoencoder, net: nn.Module, count: int) -> dict[str, str]:
    """How sure the course's net is of the class of pictures of codes drawn from N(0, I)."""
    codes = torch.randn(count, model.code_size, generator=Generator().manual_seed(0))
    sure = torch.cat([net(part).softmax(dim=1).amax(dim=1) for part in _decoded(model, codes).split(100)])
    return {f"the net's probability for its class, {count} samples": f"median {sure.median():.2f}"}


def _decoded(model: VariationalAutoencoder, codes: Tensor) -> Tensor:
    return torch.cat([model(part) for part in codes.split(100)])
