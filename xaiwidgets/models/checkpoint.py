"""Writing a checkpoint and the card that describes it."""

import hashlib
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from .card import render_card


def write_checkpoint(
    folder: Path, name: str, tensors: dict[str, Tensor], facts: dict[str, str], seconds: float, **told: str
) -> None:
    """NAME.safetensors and its card NAME.md, in a folder made if need be; told are the card's other texts."""
    content = safetensors.torch.save({key: value.contiguous() for key, value in tensors.items()})
    facts = {
        **facts,
        "training time": f"{seconds:.0f} s, {torch.get_num_threads()} CPU thread(s)",
        "torch": torch.__version__,
        "file": f"{name}.safetensors, {len(content):,} bytes",
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.safetensors").write_bytes(content)
    (folder / f"{name}.md").write_text(render_card(name, facts, **told), encoding="utf-8")
