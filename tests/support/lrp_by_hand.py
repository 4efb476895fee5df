"""LRP's rules as their formulas stand in the papers, neuron by neuron, on any linear layer."""

import torch
from torch import Tensor


def matrix_of(layer, shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Weights `w[j, k]` and biases `b[k]` of a linear layer, found by asking it for every single input."""
    count = torch.Size(shape).numel()
    with torch.no_grad():
        bias = layer(torch.zeros(1, *shape, dtype=torch.float64)).flatten()
        columns = layer(torch.eye(count, dtype=torch.float64).view(count, *shape)).flatten(1)
    return columns - bias, bias


def contributions(rule: str, x: Tensor, w: Tensor, b: Tensor, k: int, *, low: Tensor, high: Tensor, **p) -> Tensor:
    """What share of neuron `k`'s relevance each input `j` gets, by one loop over the inputs."""
    count = len(x)
    z = [float(x[j] * w[j, k]) for j in range(count)]
    bias = float(b[k]) if p.get("bias") else 0.0
    zk = sum(z) + bias
    if rule == "epsilon":
        below = zk + p["epsilon"] * (1 if zk >= 0 else -1)
        return share(z, below)
    if rule == "gamma":
        sign = 1 if sum(z) + float(b[k]) > 0 else -1
        raised = [v + p["gamma"] * (v if v * sign > 0 else 0) for v in z]
        return share(raised, sum(raised) + bias + p["gamma"] * (bias if bias * sign > 0 else 0))
    if rule == "alpha-beta":
        up, down = [max(v, 0) for v in z], [min(v, 0) for v in z]
        positive = share(up, sum(up) + max(bias, 0))
        negative = share(down, sum(down) + min(bias, 0))
        return p["alpha"] * positive - p["beta"] * negative
    if rule == "zB":
        terms = [float(x[j] * w[j, k] - low[j] * max(w[j, k], 0) - high[j] * min(w[j, k], 0)) for j in range(count)]
        return share(terms, sum(terms))
    powers = [float(w[j, k] ** 2) if rule == "w²" else float(p["reached"][j, k]) for j in range(count)]
    return share(powers, sum(powers))


def share(parts: list[float], total: float) -> Tensor:
    return torch.tensor([part / total if total else 0.0 for part in parts], dtype=torch.float64)


def by_hand(rule: str, layer, x: Tensor, relevance: Tensor, **p) -> Tensor:
    """`R_j` of one input `x` (without a batch), from `R_k` (shape of the layer's output)."""
    w, b = matrix_of(layer, tuple(x.shape))
    ends = {name: torch.full((x.numel(),), p.pop(name, 0.0), dtype=torch.float64) for name in ("low", "high")}
    total = torch.zeros(x.numel(), dtype=torch.float64)
    for k, arriving in enumerate(relevance.flatten().tolist()):
        total += arriving * contributions(rule, x.flatten(), w, b, k, **ends, **p)
    return total.view(x.shape)
