"""Which device to compute on."""

import torch


def choose_device(device: str | torch.device = "auto") -> torch.device:
    """The device to compute on; "auto" takes CUDA, else Apple's MPS, else the CPU.

    Raises ValueError for a device that does not exist or is not present in this machine.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if _has_mps() else "cpu")
    try:
        chosen = torch.device(device)
    except (RuntimeError, TypeError):
        raise ValueError(f'device must be "auto", "cpu", "cuda", "cuda:0", …, or "mps", got {device!r}') from None
    present = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": int(_has_mps())}.get(chosen.type, 0)
    if (chosen.index or 0) >= present:
        raise ValueError(f'device {device!r} is not present in this machine; "auto" takes {choose_device()}')
    return chosen


def _has_mps() -> bool:
    return torch.backends.mps.is_available()
