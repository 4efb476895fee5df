"""Train the course's networks, decoders and experts again: python -m xaiwidgets.models.train NAME … | --all."""

import argparse
import inspect
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from ..datasets import load_dataset
from ..files import data_folder
from .architectures import ARCHITECTURES
from .checkpoint import write_checkpoint
from .evaluate import accuracy, shortcut_numbers
from .experts import EXPERT_RECIPES
from .fit import fit
from .recipes import DECODER_RECIPES, RECIPES
from .train_decoder import train_decoder
from .train_expert import train_expert


def train(name: str, folder: Path, seed: int | None = None) -> nn.Module:
    """Train one network, from its recipe's seed or another, and write NAME.safetensors and its card NAME.md."""
    recipe = RECIPES[name]
    seed = recipe.seed if seed is None else seed
    dataset, begin = load_dataset(recipe.dataset, "train"), time.perf_counter()
    model = fit(ARCHITECTURES[name], dataset, recipe, seed, report=lambda text: print(f"{name}: {text}", flush=True))
    seconds = time.perf_counter() - begin
    told = {"architecture": str(model), "purpose": recipe.purpose, "limits": recipe.limits}
    write_checkpoint(folder, name, model.state_dict(), _facts(name, model, seed), seconds, **told)
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
    ways = {
        **dict.fromkeys(RECIPES, train),
        **dict.fromkeys(DECODER_RECIPES, train_decoder),
        **dict.fromkeys(EXPERT_RECIPES, train_expert),
    }
    parser = argparse.ArgumentParser(prog="python -m xaiwidgets.models.train", description="Train the course's nets.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"out of {', '.join(ways)}")
    parser.add_argument("--all", action="store_true", help="train every network, decoder and expert")
    parser.add_argument("--seed", type=int, help="default: the recipe's, mostly 0")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads, default 1; other counts round otherwise")
    parser.add_argument("--folder", type=Path, default=data_folder(), help="where to write, default %(default)s")
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.names if name not in ways]
    if unknown or not (chosen.names or chosen.all):
        parser.error(f"name networks out of {', '.join(ways)}, or --all" + f"; got {unknown}" * bool(unknown))
    torch.set_num_threads(chosen.threads)
    for name in ways if chosen.all else chosen.names:
        ways[name](name, chosen.folder, chosen.seed)
        print(f"{name}: written to {chosen.folder / name}.safetensors and .md", flush=True)


if __name__ == "__main__":
    main()
