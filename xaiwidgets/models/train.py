"""Train the course's networks again: python -m xaiwidgets.models.train NAME … | --all."""

import argparse
import hashlib
import inspect
import time
from collections.abc import Sequence
from pathlib import Path

import safetensors.torch
import torch
from torch import nn

from ..datasets import load_dataset
from ..files import data_folder
from .architectures import ARCHITECTURES
from .card import render_card
from .evaluate import accuracy, shortcut_numbers
from .fit import fit
from .recipes import RECIPES


def train(name: str, folder: Path, seed: int | None = None) -> nn.Module:
    """Train one network, from its recipe's seed or another, and write NAME.safetensors and its card NAME.md."""
    recipe = RECIPES[name]
    seed = recipe.seed if seed is None else seed
    dataset, begin = load_dataset(recipe.dataset, "train"), time.perf_counter()
    model = fit(ARCHITECTURES[name], dataset, recipe, seed, report=lambda text: print(f"{name}: {text}", flush=True))
    seconds = time.perf_counter() - begin
    content = safetensors.torch.save(model.state_dict())
    facts = {
        **_facts(name, model, seed),
        "training time": f"{seconds:.0f} s, {torch.get_num_threads()} CPU thread(s)",
        "torch": torch.__version__,
        "file": f"{name}.safetensors, {len(content):,} bytes",
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    card = render_card(name, facts, str(model), recipe.purpose, recipe.limits)
    (folder / f"{name}.safetensors").write_bytes(content)
    (folder / f"{name}.md").write_text(card, encoding="utf-8")
    return model


def _facts(name: str, model: nn.Module, seed: int) -> dict[str, str]:
    recipe = RECIPES[name]
    splits = {split: load_dataset(recipe.dataset, split) for split in ("train", "test")}
    sizes = ", ".join(f"{len(dataset):,} to {split}" for split, dataset in splits.items())
    facts = {
        "data": f'load_dataset("{recipe.dataset}"), {sizes}',
        "varied while training": inspect.getdoc(recipe.vary) or "",
        "parameters": f"{sum(parameter.numel() for parameter in model.parameters()):,}",
        "training": f"AdamW, {recipe.epochs} epochs of batches of {recipe.batch}",
        "step size, decay": f"{recipe.rate:g}, {recipe.decay:g}",
        "seed": str(seed),
    }
    facts |= {f"accuracy, {split}": f"{accuracy(model, dataset):.1%}" for split, dataset in splits.items()}
    if recipe.dataset == "scenes-tagged":
        for label, value in shortcut_numbers(model)._asdict().items():
            facts[label.replace("_", " ")] = f"{value:.1%}"
    return facts


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m xaiwidgets.models.train", description="Train the course's nets.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"out of {', '.join(RECIPES)}")
    parser.add_argument("--all", action="store_true", help="train every network")
    parser.add_argument("--seed", type=int, help="default: the recipe's, mostly 0")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads, default 1; other counts round otherwise")
    parser.add_argument("--folder", type=Path, default=data_folder(), help="where to write, default %(default)s")
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.names if name not in RECIPES]
    if unknown or not (chosen.names or chosen.all):
        parser.error(f"name networks out of {', '.join(RECIPES)}, or --all" + f"; got {unknown}" * bool(unknown))
    torch.set_num_threads(chosen.threads)
    for name in RECIPES if chosen.all else chosen.names:
        train(name, chosen.folder, chosen.seed)
        print(f"{name}: written to {chosen.folder / name}.safetensors and .md", flush=True)


if __name__ == "__main__":
    main()
