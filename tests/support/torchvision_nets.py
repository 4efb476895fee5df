"""torchvision, where it is installed, beside any build of torch; and its networks with seeded random weights."""

import importlib
import sys
from types import ModuleType

import torch
from torch import nn

_kept: list[torch.library.Library] = []  # definitions last as long as their library object


def torchvision() -> ModuleType:
    """The module torchvision. Its default wheel does not import beside a CPU-only torch: two operators are missing.

    They are declared here, never run. Libraries that import torchvision (zennit, grad-cam) can be imported afterwards.
    """
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _kept.append(library)
    return importlib.import_module("torchvision")


def random_net(name: str, seed: int = 0, dtype: torch.dtype = torch.float32) -> nn.Module:
    """A network of `torchvision.models` by name, "resnet18", in eval mode, its BatchNorms as if it had been trained."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = getattr(torchvision().models, name)(weights=None)
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.normal_(module.running_mean, std=0.1)
                nn.init.uniform_(module.running_var, 0.5, 2)
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.normal_(module.bias, std=0.1)
    return model.eval().to(dtype)
