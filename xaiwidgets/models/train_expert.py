"""Fit one of the course's experts, measure it, and write its checkpoint and card."""

import time
from pathlib import Path

import torch
from torch import Generator, Tensor

from ..datasets import load_dataset
from .checkpoint import write_checkpoint
from .experts import EXPERT_RECIPES, AnyExpert, ExpertRecipe


def train_expert(name: str, folder: Path, seed: int | None = None) -> AnyExpert:
    """Fit one expert, from its recipe's seed or another, and write NAME.safetensors and its card NAME.md."""
    recipe = EXPERT_RECIPES[name]
    settings = recipe if seed is None else ExpertRecipe(**{**vars(recipe), "seed": seed})
    images = {split: load_dataset(recipe.dataset, split).images for split in ("train", "test")}
    begin = time.perf_counter()
    expert = settings.fit(images[recipe.split])
    seconds = time.perf_counter() - begin
    tensors = _stored(expert)
    again = recipe.kind(**{key: value.float() for key, value in tensors.items()})
    facts = _facts(again, settings, images)
    if any(value.dtype == torch.float16 for value in tensors.values()):
        with torch.no_grad():
            lost = (again.log_density(images["test"]) - expert.log_density(images["test"])).abs().max()
        told = f"the directions; it moves no test picture's log-density by more than {lost:.2g} nats"
        facts["stored in float16"] = told
    use = f'Load it with `xaiwidgets.models.load_expert("{name}")`; `log_density(x)` takes pictures in [0, 1].'
    architecture = "\n".join(f"{key:<12} {tuple(value.shape)}" for key, value in tensors.items())
    told = {"architecture": architecture, "purpose": recipe.purpose, "limits": recipe.limits, "use": use}
    write_checkpoint(folder, name, tensors, facts, seconds, **told)
    return again


def _stored(expert: AnyExpert) -> dict[str, Tensor]:
    """The expert's numbers, with those of a direction in picture space each in float16."""
    size = expert.mean.numel()
    return {key: v.half() if v.ndim == 2 and len(v) == size else v.float() for key, v in expert.state_dict().items()}


@torch.no_grad()
def _facts(expert: AnyExpert, recipe: ExpertRecipe, images: dict[str, Tensor]) -> dict[str, str]:
    unit = "log-density, mean in nats" if expert.normalised else "log-density up to a constant, mean in nats"
    count, shape = len(images[recipe.split]), images["test"].shape[1:]
    noise = torch.rand(100, *shape, generator=Generator().manual_seed(0))
    others = {"uniform noise": noise, "the mean picture": expert.mean[None], "even grey": torch.full((1, *shape), 0.5)}
    return {
        "data": f'load_dataset("{recipe.dataset}", "{recipe.split}"), {count:,} pictures',
        "kind": recipe.kind.__name__,
        "settings": ", ".join(f"{key} {value:g}" for key, value in recipe.settings.items()),
        "numbers": f"{sum(value.numel() for value in expert.buffers()):,}",
        "seed": str(recipe.seed),
        **{f"{unit}, {what}": f"{expert.log_density(x).mean():.0f}" for what, x in {**images, **others}.items()},
    }
