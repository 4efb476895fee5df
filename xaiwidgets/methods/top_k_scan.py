"""Goes through a data set once and keeps, of each channel, what `top_k` tells: constant memory, exact."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from xaiwidgets.borrow import borrow
from xaiwidgets.methods.data_batches import UNKNOWN, data_batches
from xaiwidgets.methods.layers import check_layer, run_to
from xaiwidgets.methods.places import checked_place
from xaiwidgets.methods.running_histogram import RunningHistogram


@dataclass(frozen=True)
class Pooled:
    """One number a channel and input, on the CPU.

    Attributes:
        values: `(n, C)`.
        places: where in the channel's map its maximum is, `(n, C, axes)`; the first in reading order among equals.
        labels: `(n,)`, or None.
    """

    values: Tensor
    places: Tensor
    labels: Tensor | None


def pooled_batches(
    model: nn.Module,
    data: Any,
    layer: str | None,
    *,
    over: str = "max",
    place: tuple[int, ...] | None = None,
    batch: int | None = None,
) -> Iterator[Pooled]:
    """One number for each channel and input, batch by batch; the arguments are those of `top_k`."""
    model = borrow(model)
    shape: tuple[int, ...] = ()
    seen = 0
    for x, labels in data_batches(model, data, batch):
        with torch.inference_mode(False), torch.no_grad():
            if not shape:
                layer = check_layer(model, x, layer)
            output = run_to(model, x, layer)
        if output.ndim < 2:
            raise ValueError(f"layer {layer!r} must hand on (N, C, …), got shape {tuple(output.shape)}")
        if (shape or output.shape[1:]) != output.shape[1:]:
            raise ValueError(f"layer {layer!r} must keep its shape, got {shape}, then {tuple(output.shape[1:])}")
        shape = tuple(output.shape[1:])
        values, places = pooled(output.detach(), over, place)
        if not values.isfinite().all():
            bad = seen + int((~values.isfinite()).any(1).nonzero()[0, 0])
            where = "model must return finite logits" if layer is None else f"layer {layer!r} must hand on numbers"
            raise ValueError(f"{where}, got NaN or infinity for input {bad}")
        seen += len(x)
        yield Pooled(values.cpu(), places.cpu(), labels)


def pooled(output: Tensor, over: str = "max", place: tuple[int, ...] | None = None) -> tuple[Tensor, Tensor]:
    """One number a channel of a layer's output `(N, C, …)`: `(N, C)`, and the place of its maximum `(N, C, axes)`.

    Args:
        output: what a layer hands on.
        over: "max" or "mean" of the channel's map; "layer": the root mean square of the whole output, as one channel.
        place: a single neuron of each channel instead of its map; not with "layer".
    """
    lengths = tuple(output.shape[2:])
    if over == "layer" and place is not None:
        raise ValueError(f"place must be None with over='layer', which takes all places, got {place!r}")
    if over == "layer":
        output = output.square().flatten(1).mean(1).sqrt()[:, None]
        lengths = ()
    flat = output.flatten(2) if lengths else output[..., None]
    if place is not None:
        at = torch.tensor(checked_place(place, lengths), dtype=torch.int64, device=output.device)
        return output[(..., *at.tolist())].clone(), at.expand(*output.shape[:2], -1)
    highest, index = flat.max(2)
    return (flat.mean(2) if over == "mean" else highest), _places(index, lengths)


def _places(index: Tensor, lengths: tuple[int, ...]) -> Tensor:
    """Position in a flattened map -> indices along its axes, in a last axis; `torch.unravel_index` loads sympy."""
    places = []
    for length in reversed(lengths):
        places.insert(0, index % length)
        index = index // length
    return torch.stack(places, -1) if places else index[..., None][..., :0]


class RunningTopK:
    """What is known of each channel after some inputs; `add` the next ones in their order.

    Attributes:
        count: inputs so far.
        top, bottom: values, indices, places and labels of the largest and smallest so far, `(C, <= k, …)`.
        mean, squares: of each channel so far, `(C,)`: the mean, and the sum of squared deviations from it.
        positive: inputs whose value is above 0, `(C,)`.
        class_sums, class_counts: `(C, classes)` and `(classes,)`; without labels None.
        histogram: of the values so far.
    """

    def __init__(self, k: int) -> None:
        self.k, self.count = k, 0
        self.top: tuple[Tensor, ...] = ()
        self.bottom: tuple[Tensor, ...] = ()
        self.class_sums: Tensor | None = None
        self.class_counts = torch.zeros(0, dtype=torch.int64)

    def add(self, new: Pooled) -> None:
        """Take in the next inputs."""
        values = new.values.double()
        if self.count == 0:
            channels = values.shape[1]
            self.histogram = RunningHistogram(channels)
            self.mean, self.squares = torch.zeros(2, channels, dtype=torch.float64)
            self.positive = torch.zeros(channels, dtype=torch.int64)
        indices = self.count + torch.arange(len(values))
        labels = torch.full((len(values),), UNKNOWN) if new.labels is None else new.labels
        each = [row.expand(values.shape[1], -1) for row in (indices, labels)]
        rows = (new.values.T, each[0], new.places.transpose(0, 1), each[1])
        self.top = _kept(self.top, rows, self.k, highest=True)
        self.bottom = _kept(self.bottom, rows, self.k, highest=False)
        self._moments(values)
        self.positive += (values > 0).sum(0)
        self.histogram.add(values)
        if new.labels is not None:
            self._by_class(values, new.labels)
        self.count += len(values)

    def _moments(self, values: Tensor) -> None:
        """Mean and squared deviations of both parts together (Chan, Golub and LeVeque 1979): nothing cancels."""
        mean, share = values.mean(0), len(values) / (self.count + len(values))
        gap = mean - self.mean
        self.squares = self.squares + (values - mean).square().sum(0) + gap.square() * self.count * share
        self.mean = self.mean + gap * share

    def _by_class(self, values: Tensor, labels: Tensor) -> None:
        values, labels = values[labels != UNKNOWN], labels[labels != UNKNOWN]
        classes = max(len(self.class_counts), int(labels.max()) + 1 if len(labels) else 0)
        more = classes - len(self.class_counts)
        old = torch.zeros(values.shape[1], 0, dtype=torch.float64) if self.class_sums is None else self.class_sums
        self.class_sums = torch.nn.functional.pad(old, (0, more)).index_add(1, labels, values.T)
        self.class_counts = torch.nn.functional.pad(self.class_counts, (0, more)) + labels.bincount(minlength=classes)


def _kept(old: tuple[Tensor, ...], new: tuple[Tensor, ...], k: int, *, highest: bool) -> tuple[Tensor, ...]:
    """The `k` first of each row of both parts, in the order of their values; among equals the earlier input."""
    both = [torch.cat(parts, 1) for parts in zip(old, new, strict=True)] if old else list(new)
    values, order = torch.sort(both[0], dim=1, descending=highest, stable=True)
    order = order[:, :k]
    chosen = [part.gather(1, order) for part in (both[1], both[3])]
    places = both[2].gather(1, order[..., None].expand(-1, -1, both[2].shape[2]))
    return values[:, :k].clone(), chosen[0], places, chosen[1]
